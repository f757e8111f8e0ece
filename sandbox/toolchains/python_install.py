"""The recipe for a Python project's environment: a plan for `sandbox.inside.installer`, and the key it is cached under.
Pure; what the project needs is `python_detect`'s answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode
from dataclasses import asdict
from pathlib import Path

from bot.core.tree import Tree, TreeFile
from bot.ports import Command, Recipe
from sandbox.toolchains.base import BuildReport, Settings
from sandbox.toolchains.python_detect import PythonProject
from sandbox.toolchains.python_locks import find_lock
from sandbox.toolchains.python_versions import read_pythons

# What an environment depends on, in any folder: one part of a repository may build another.
MANIFESTS = re.compile(
    r"(?:^|/)(?:pyproject\.toml|setup\.(?:py|cfg)|MANIFEST\.in|Pipfile(?:\.lock)?|tox\.ini|(?:poetry|uv|pdm)\.lock"
    r"|\.python-version|\.tool-versions|[\w.-]*requirements[\w.-]*\.(?:txt|in)|constraints[\w.-]*\.txt)$"
    r"|(?:^|/)requirements/.*\.(?:txt|in)$|\.(?:pyx|pxd|c|cc|cpp|h|hpp|rs)$"
)
TOOLCHAIN_VERSION = 2  # raise it when environments built before must not be used again
INSIDE = Path(__file__).parent.parent / "inside"
INSTALLER = ("__init__", "installer", "installer_links", "installer_python", "installer_words")
INSTALLER_FOLDER = ".fixbugs"
START = b"from fixbugs_inside.installer import main\n\nmain()\n"
REPORT = "fixbugs-build.json"
# No version can be told from git's history in a copy without one; any will do.
VERSION_VARIABLES = ("SETUPTOOLS_SCM_PRETEND_VERSION", "PBR_VERSION", "PDM_BUILD_SCM_VERSION")
PRETENDED_VERSION = "9999.0.0"
# Except for these: pytest asks for them (and its plug-ins for it) below the next major version.
PRETENDED_BELOW = {"_pytest": "9.99.0", "iniconfig": "2.99.0", "pluggy": "1.99.0"}


def recipe(tree: Tree, project: PythonProject, image: str = "") -> Recipe:
    """Builds into {env}; the same manifests give the same key, whatever the other sources say. Raises EnvironmentBroken
    for a lock file that cannot be read."""
    modules = {name: (INSIDE / f"{name}.py").read_bytes() for name in INSTALLER}
    plan = json.dumps(_plan(tree, project), sort_keys=True).encode()
    argv = ("{python}", f"{{tree}}/{INSTALLER_FOLDER}/start.py", "{tree}", "{env}", "{python}")
    beside = repr((image, project.services)).encode()
    key = "python-" + _digest(tree, project.folder, plan + beside, b"".join(modules.values()))
    sent = {f"{INSTALLER_FOLDER}/fixbugs_inside/{name}.py": TreeFile(code) for name, code in modules.items()}
    with_installer = Tree({**tree.files, **sent, f"{INSTALLER_FOLDER}/start.py": TreeFile(START)})
    return Recipe(key, (Command(argv, stdin=plan),), with_installer, image=image or "python", services=project.services)


def _plan(tree: Tree, project: PythonProject) -> dict[str, object]:
    needs, lock = project.needs, find_lock(tree, project.folder)
    return {
        "folder": project.folder,
        "installable": project.installable,
        "legacy": project.legacy,
        "static": project.static,
        "runtime": needs.runtime,
        # Beside a tool's own lock file, requirements.txt is an export of it, and often an old one.
        "declared": () if lock and not lock.complete and needs.known else needs.declared,
        "tests": needs.tests,
        "extras": needs.extras,
        "extra_lines": needs.extra_lines,
        "imported": project.imported,
        "lock": asdict(lock) if lock else None,
        "pythons": asdict(read_pythons(tree, project.folder, needs.python)),
        "environ": dict.fromkeys(VERSION_VARIABLES, PRETENDED_BELOW.get(project.runner_part, PRETENDED_VERSION)),
    }


def _digest(tree: Tree, folder: str, plan: bytes, installer: bytes) -> str:
    """Over everything that the environment depends on: the plan, the manifests' bytes, compiled sources, and which
    packages there are (an editable install lists them)."""
    total = hashlib.sha256(f"{TOOLCHAIN_VERSION}\n".encode() + plan + installer)
    for path in sorted(tree):
        if MANIFESTS.search(path):
            total.update(path.encode() + b"\0" + hashlib.sha256(tree.files[path].content).digest())
        elif path.endswith("__init__.py") and path.removeprefix(f"{folder}/").count("/") <= 2:
            total.update(path.encode() + b"\0")
    return total.hexdigest()[:32]


def read_report(printed: bytes) -> BuildReport:
    """What the installer wrote; raises ValueError, KeyError or TypeError when it is not what the installer writes.

    Its `roots` override the guess made from the tree, when there are any.
    """
    raw = json.loads(printed)
    roots = tuple(str(root) for root in raw["roots"])
    settings: Settings = (("installed", "yes" if raw["installed"] else ""),)
    if roots:
        settings += (("roots", ":".join(roots)),)
    generated = tuple((str(path), b64decode(content)) for path, content in raw["generated"].items())
    return BuildReport(settings, tuple(str(note) for note in raw["notes"]), generated)
