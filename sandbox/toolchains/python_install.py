"""The recipe for a Python project's environment: a plan for `sandbox.inside.installer`, and the key it is cached under.
Pure; what the project needs is `python_detect`'s answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode
from pathlib import Path

from bot.core.tree import Tree, TreeFile
from bot.ports import Command, Recipe
from sandbox.toolchains.base import BuildReport, Settings
from sandbox.toolchains.python_detect import PythonProject

# What an environment depends on, in any folder: one part of a repository may build another.
MANIFESTS = re.compile(
    r"(?:^|/)(?:pyproject\.toml|setup\.(?:py|cfg)|MANIFEST\.in|Pipfile(?:\.lock)?|tox\.ini|(?:poetry|uv|pdm)\.lock"
    r"|\.python-version|\.tool-versions|[\w.-]*requirements[\w.-]*\.(?:txt|in)|constraints[\w.-]*\.txt)$"
    r"|(?:^|/)requirements/.*\.(?:txt|in)$|\.(?:pyx|pxd|c|cc|cpp|h|hpp|rs)$"
)
TOOLCHAIN_VERSION = 2  # raise it when environments built before must not be used again
INSTALLER = Path(__file__).parent.parent / "inside" / "installer.py"
INSTALLER_PATH = ".fixbugs/installer.py"
REPORT = "fixbugs-build.json"
# No version can be told from git's history in a copy without one; any will do.
VERSION_VARIABLES = ("SETUPTOOLS_SCM_PRETEND_VERSION", "PBR_VERSION", "PDM_BUILD_SCM_VERSION")
PRETENDED_VERSION = "9999.0.0"
# Except for these: pytest asks for them (and its plug-ins for it) below the next major version.
PRETENDED_BELOW = {"_pytest": "9.99.0", "iniconfig": "2.99.0", "pluggy": "1.99.0"}


def recipe(tree: Tree, project: PythonProject) -> Recipe:
    """Builds into {env}; the same manifests give the same key, whatever the other sources say."""
    installer = INSTALLER.read_bytes()
    plan = json.dumps(_plan(project), sort_keys=True).encode()
    argv = ("{python}", "{tree}/" + INSTALLER_PATH, "{tree}", "{env}", "{python}")
    key = "python-" + _digest(tree, project.folder, plan, installer)
    with_installer = Tree({**tree.files, INSTALLER_PATH: TreeFile(installer)})
    return Recipe(key, (Command(argv, stdin=plan),), with_installer)


def _plan(project: PythonProject) -> dict[str, object]:
    needs = project.needs
    return {
        "folder": project.folder,
        "installable": project.installable,
        "legacy": project.legacy,
        "static": project.static,
        "runtime": needs.runtime,
        "declared": needs.declared,
        "tests": needs.tests,
        "extras": needs.extras,
        "extra_lines": needs.extra_lines,
        "imported": project.imported,
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
