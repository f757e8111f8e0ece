"""The recipe for a JavaScript project's environment: what goes into it, and the key it is cached under. Pure; what the
project needs is `node_detect`'s answer, installing is done by `sandbox/inside/node/installer.cjs`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import basename, dirname, join, normpath

from bot.core.tree import Tree, TreeFile
from bot.ports import Command, Recipe
from sandbox.toolchains.base import BuildReport
from sandbox.toolchains.node_detect import LOCKS, NodeProject

TOOLCHAIN_VERSION = 1  # raise it when environments built before must not be used again
INSTALLER = Path(__file__).parent.parent / "inside" / "node" / "installer.cjs"
INSTALLER_PATH = ".fixbugs/installer.cjs"
REPORT = "fixbugs-build.json"
SETTINGS_FILES = frozenset({".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml", ".pnpmfile.cjs"})
PATCHES = re.compile(r"(?:^|/)(?:patches|\.yarn/(?:patches|plugins|releases))/|(?:^|/)prisma/[\w.-]+\.prisma$")
SECRET = re.compile(
    r"_auth|_password|authtoken|authident|npmauth|\busername\b|\bemail\b|certfile|keyfile|\bkey\s*=|\bcert\s*=", re.I
)
LOCAL = re.compile(r"""["'](?:file|link|portal):([^"']+)["']""")
PACKAGES = {  # by which name npm knows a package manager, and the version where the project names none
    "pnpm": ("pnpm", "10"),
    "yarn-classic": ("yarn", "1"),
    "yarn-berry": ("@yarnpkg/cli-dist", "4"),
}
MAJORS = {"pnpm": ("9", "10", "11"), "yarn-classic": ("1",), "yarn-berry": ("4",)}


def recipe(tree: Tree, project: NodeProject, setup: str, image: str) -> Recipe:
    """Builds into {env}; the same manifests, lock file and settings give the same key, whatever the sources say."""
    inputs = Tree(dict(_inputs(tree, project)))
    plan = json.dumps(_plan(tree, project, setup), sort_keys=True).encode()
    installer = INSTALLER.read_bytes()
    total = hashlib.sha256(f"{TOOLCHAIN_VERSION}\n{image}\n{inputs.digest()}\n".encode() + plan + installer)
    argv = ("node", "{tree}/" + INSTALLER_PATH, "{tree}", "{env}")
    with_installer = Tree({**inputs.files, INSTALLER_PATH: TreeFile(installer)})
    key = "node-" + total.hexdigest()[:32]
    return Recipe(key, (Command(argv, stdin=plan),), with_installer, image=image)


def _plan(tree: Tree, project: NodeProject, setup: str) -> dict[str, object]:
    package, usual = PACKAGES.get(project.manager, ("", ""))
    name, _, version = project.named_manager.partition("+")[0].partition("@")
    majors = MAJORS.get(project.manager, ())
    if version and project.manager.startswith(name):
        usual, majors = version, (version.split(".")[0],)
    return {
        "base": project.base,
        "folders": [dirname(path) for path in project.manifests],
        "manager": project.manager,
        "locked": project.locked,
        "package": f"{package}@{usual}",
        "majors": majors,
        "carried": _carried(tree, project),
        "setup": setup,
    }


def _carried(tree: Tree, project: NodeProject) -> str:
    """The Yarn that the repository brings along, relative to the base, or ""."""
    settings = tree.text(join(project.base, ".yarnrc.yml")) or ""
    found = re.search(r"^yarnPath:\s*[\"']?([\w./-]+)", settings, re.M)
    if project.manager != "yarn-berry" or not found:
        return ""
    path = normpath(join(project.base, found[1]))
    return normpath(found[1]) if path in tree else ""


def _inputs(tree: Tree, project: NodeProject) -> Iterator[tuple[str, TreeFile]]:
    """What an installation reads: manifests, lock files, settings without secrets, patches, packages in the tree."""
    manifests = set(project.manifests)
    local = _local_folders(tree, project)
    for path, file in tree.files.items():
        if "node_modules" in path.split("/"):
            continue
        name, folder = basename(path), dirname(path)
        at_base = folder == project.base
        if path in manifests or (at_base and name in LOCKS) or PATCHES.search(path):
            yield path, file
        elif name in SETTINGS_FILES and (at_base or folder == project.folder):
            yield path, TreeFile(without_secrets(file.content))
        elif any(path == place or path.startswith(f"{place}/") for place in local):
            yield path, file


def _local_folders(tree: Tree, project: NodeProject) -> set[str]:
    """Files and folders of the tree that a manifest names as a dependency, other than packages with a manifest that
    takes part: those are linked to the tree itself."""
    found = set()
    for manifest in project.manifests:
        for target in LOCAL.findall(tree.text(manifest) or ""):
            path = normpath(join(dirname(manifest), target))
            if not path.startswith(("..", "/")) and path != ".":
                found.add(path)
    return found


def without_secrets(content: bytes) -> bytes:
    """A settings file of a package manager without the lines that hold credentials, or ask for them."""
    lines = content.decode("utf-8", "replace").splitlines()
    return "".join(f"{line}\n" for line in lines if not SECRET.search(line)).encode()


def read_report(printed: bytes) -> BuildReport:
    """What the installer wrote; raises ValueError, KeyError or TypeError when it is not what the installer writes."""
    raw = json.loads(printed)
    notes = tuple(str(note) for note in raw["notes"])
    return BuildReport((("node", str(raw["node"])),), (*notes, f"Built and tested on Node.js {raw['node']}."))
