"""Which JavaScript project of a tree is meant, and how it is tested and installed, read from its files. Pure;
installing belongs to `node_install`, reading a test script to `node_scripts`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import basename, dirname, join, normpath
from typing import Any

from bot.core.errors import EnvironmentBroken
from bot.core.policy import Wishes
from bot.core.tree import Tree
from sandbox.toolchains.node_scripts import RUNNERS, UNSUPPORTED, TestCommand, Unsupported, read_scripts

MANIFEST = "package.json"
LOCKS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
}
DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
CONFIGS = {
    "vitest": re.compile(r"^vitest\.(?:config|workspace)\.\w+$"),
    "jest": re.compile(r"^jest\.config\.\w+$"),
    "mocha": re.compile(r"^\.mocharc(?:\.\w+)?$"),
}
NODE_TEST = re.compile(r"""(?:from|require\()\s*['"](?:node:)test['"]""")
TEST_NAMES = re.compile(
    r"(?:^|/)(?:tests?|__tests__|specs?)/|(?:^|[/._-])(?:test|spec)\.[cm]?[jt]sx?$|(?:^|/)test-[^/]+\.[cm]?js$"
)
LOADERS = ("--import", "--loader", "--require", "-r", "--experimental-loader")
# Where the root holds one of these, JavaScript is a part of something else, unless the report speaks of its files.
OTHER_MANIFESTS = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "go.mod",
    "Cargo.toml",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
)
OTHER_SOURCES = re.compile(r"\.(?:py|go|rs|java|kt)$")
SOURCES = re.compile(r"\.[cm]?[jt]sx?$")
DEFAULT_PATTERNS = (  # as node's own runner looks for them
    "**/*.test.{js,cjs,mjs,ts,cts,mts}",
    "**/*-test.{js,cjs,mjs,ts,cts,mts}",
    "**/*_test.{js,cjs,mjs,ts,cts,mts}",
    "**/test-*.{js,cjs,mjs,ts,cts,mts}",
    "**/test.{js,cjs,mjs,ts,cts,mts}",
    "**/test/**/*.{js,cjs,mjs,ts,cts,mts}",
)
SCAN_FILES = 400


@dataclass(frozen=True, slots=True)
class NodeProject:
    """One package of a tree. `folder` is where it lies and `base` where its dependencies are installed ("" is the
    root); `manager` is npm, pnpm, yarn-classic or yarn-berry, "" where there is nothing to install."""

    folder: str
    base: str
    manager: str
    locked: bool
    named_manager: str  # package.json's own "name@version", or ""
    command: TestCommand
    manifests: tuple[str, ...]  # every package.json that takes part in the installation
    notes: tuple[str, ...] = field(default=())


def detect_node(tree: Tree, wishes: Wishes, paths: Sequence[str]) -> NodeProject | None:
    """The project that is meant, or None when the tree holds none. Raises EnvironmentBroken for one whose tests are run
    by something that we do not know."""
    manifests = {dirname(path): _manifest(tree, path) for path in sorted(tree) if _is_manifest(path)}
    if not manifests or not _is_meant(tree, wishes, paths):
        return None
    folder, command, notes = _chosen(tree, manifests, wishes, paths)
    if isinstance(command, Unsupported):
        raise EnvironmentBroken(
            f"The tests of {join(folder, MANIFEST)} are run by {command.name}, which FixBugs does not know "
            f"(it knows {', '.join(RUNNERS)}). Name a test command that writes a JUnit report in .github/fixbugs.yml "
            "(`test` and `report`)."
        )
    if command is None:
        return None
    base = _base(tree, manifests, folder)
    taking_part = tuple(join(at, MANIFEST) for at in manifests if at == base or _below(at, base))
    manager, locked = _manager(tree, base, manifests[base])
    if not any(manifests[dirname(path)].get(kind) for path in taking_part for kind in DEPENDENCIES):
        manager = ""
    if any(join(base, name) in tree for name in ("bun.lock", "bun.lockb")) and not locked:
        notes.append("The lock file is Bun's, which npm cannot read: versions are the newest that package.json allows.")
    engines = manifests[folder].get("engines")
    wanted = engines.get("node") if isinstance(engines, dict) else None
    if isinstance(wanted, str):
        notes.append(f"package.json asks for Node.js {wanted[:60]}.")
    if manager and not locked:
        notes.append("There is no lock file: versions are the newest that package.json allows.")
    named = manifests[base].get("packageManager")
    named_manager = named if isinstance(named, str) and re.fullmatch(r"(?:npm|yarn|pnpm)@[\w.+-]{1,80}", named) else ""
    command = _completed(tree, folder, manifests[folder], command)
    return NodeProject(folder, base, manager, locked, named_manager, command, taking_part, tuple(notes))


def _is_meant(tree: Tree, wishes: Wishes, paths: Sequence[str]) -> bool:
    """Whether JavaScript is what a tree of several languages is about: by the wish, by the report's files, else by what
    lies at the root."""
    if wishes.folder.strip("./"):
        return join(normpath(wishes.folder.strip("/")), MANIFEST) in tree
    if any(SOURCES.search(path) for path in paths):
        return True
    return not any(OTHER_SOURCES.search(path) for path in paths) and not any(name in tree for name in OTHER_MANIFESTS)


def _is_manifest(path: str) -> bool:
    return basename(path) == MANIFEST and "node_modules" not in path.split("/")


def _manifest(tree: Tree, path: str) -> Mapping[str, Any]:
    try:
        found = json.loads((tree.text(path) or "").removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _below(path: str, folder: str) -> bool:
    return folder == "" or path.startswith(f"{folder}/")


# ---------------------------------------------------------------- which package


def _chosen(
    tree: Tree, manifests: Mapping[str, Mapping[str, Any]], wishes: Wishes, paths: Sequence[str]
) -> tuple[str, TestCommand | Unsupported | None, list[str]]:
    """The package, how it is tested, notes. What is wished comes first, then the packages of the report's files, then
    the root; each with the packages around it. What is supported wins over what is not."""
    wished = normpath(wishes.folder.strip("/")) if wishes.folder else ""
    starts = [wished] if wished and wished != "." else [dirname(normpath(path)) for path in paths] + [""]
    refused: tuple[str, Unsupported] | None = None
    for start in starts:
        for folder in _upwards(start):
            command = _command(tree, folder, manifests[folder]) if folder in manifests else None
            if isinstance(command, TestCommand):
                return folder, command, []
            if isinstance(command, Unsupported):
                refused = refused or (folder, command)
    if refused:
        return (*refused, [])
    tested = [(at, c) for at in manifests if isinstance(c := _command(tree, at, manifests[at]), TestCommand)]
    if not tested or wished:
        return "", None, []
    folder, command = tested[0]
    others = ", ".join(at for at, _ in tested[1:4])
    note = f"Several packages have tests; {folder} was taken, not {others}: name another by `folder` in fixbugs.yml."
    return folder, command, [note] if others else []


def _upwards(folder: str) -> Iterable[str]:
    while folder and folder != ".":
        yield folder
        folder = dirname(folder)
    yield ""


def _command(tree: Tree, folder: str, manifest: Mapping[str, Any]) -> TestCommand | Unsupported | None:
    """How this package is tested: by its script, else by its settings files, its dependencies, its tests."""
    raw = manifest.get("scripts")
    scripts = {str(k): v for k, v in raw.items() if isinstance(v, str)} if isinstance(raw, dict) else {}
    said = read_scripts(scripts)
    if isinstance(said, TestCommand) and _is_there(tree, folder, said):
        return said
    names = [path[len(folder) :].lstrip("/") for path in tree if _below(path, folder)]
    for runner, pattern in CONFIGS.items():
        if any(pattern.match(name) for name in names):
            return TestCommand(runner)
    declared = {name for kind in DEPENDENCIES if isinstance(part := manifest.get(kind), dict) for name in part}
    for runner in RUNNERS:
        if runner in declared:
            return TestCommand(runner)
    if isinstance(said, Unsupported):
        return said
    if _uses_node_test(tree, folder, names):
        return TestCommand("node:test")
    unknown = next((name for name in UNSUPPORTED if name in declared and name != "deno"), None)
    return Unsupported(UNSUPPORTED[unknown]) if unknown else None


def _is_there(tree: Tree, folder: str, command: TestCommand) -> bool:
    """Whether the file that `node FILE` starts is in the tree; a pattern, or another runner, always counts."""
    if command.runner != "node:test" or not command.arguments:
        return True
    paths = [normpath(join(folder, word)) for word in command.arguments]
    return any("*" in path or path in tree or any(p.startswith(f"{path}/") for p in tree) for path in paths)


def _uses_node_test(tree: Tree, folder: str, names: Iterable[str]) -> bool:
    tests = [name for name in names if TEST_NAMES.search(name) and SOURCES.search(name) and "node_modules/" not in name]
    return any(NODE_TEST.search(tree.text(join(folder, name)) or "") for name in tests[:SCAN_FILES])


def _completed(tree: Tree, folder: str, manifest: Mapping[str, Any], command: TestCommand) -> TestCommand:
    """With what node needs to read TypeScript, where the script does not say it, and with where its tests are."""
    if command.runner != "node:test":
        return command
    arguments = command.arguments or DEFAULT_PATTERNS
    tests = [p for p in tree if _below(p, folder) and TEST_NAMES.search(p) and re.search(r"\.[cm]?tsx?$", p)]
    loads = any(flag.partition("=")[0] in LOADERS for flag in command.node_flags)
    flags = command.node_flags
    if tests and not loads and not any("strip-types" in flag or "transform-types" in flag for flag in flags):
        declared = {name for kind in DEPENDENCIES if isinstance(part := manifest.get(kind), dict) for name in part}
        flags += ("--import", "tsx") if "tsx" in declared else ("--experimental-strip-types",)
    return TestCommand(command.runner, arguments, command.env, flags)


# ---------------------------------------------------------------- what installs it


def _base(tree: Tree, manifests: Mapping[str, Mapping[str, Any]], folder: str) -> str:
    """Where its dependencies are installed: the nearest lock file's folder, else the workspace around it."""
    around = [at for at in _upwards(folder) if at in manifests]
    for at in around:
        if any(join(at, lock) in tree for lock in LOCKS):
            return at
    for at in around:
        if "workspaces" in manifests[at] or join(at, "pnpm-workspace.yaml") in tree:
            return at
    return folder


def _manager(tree: Tree, base: str, manifest: Mapping[str, Any]) -> tuple[str, bool]:
    """Which package manager, and whether its lock file is there. What package.json names wins over another's lock."""
    present = {name: kind for name, kind in LOCKS.items() if join(base, name) in tree}
    named = str(manifest.get("packageManager", "")).split("@")[0]
    kind = named if named in present.values() else next(iter(present.values()), named)
    if kind not in ("npm", "pnpm", "yarn"):
        kind = "pnpm" if join(base, "pnpm-workspace.yaml") in tree else "npm"
    locked = kind in present.values()
    if kind != "yarn":
        return kind, locked
    lock = tree.text(join(base, "yarn.lock")) or ""
    version = re.match(r"yarn@(\d+)", str(manifest.get("packageManager", "")))
    berry = "__metadata:" in lock or join(base, ".yarnrc.yml") in tree or (version is not None and int(version[1]) >= 2)
    return "yarn-berry" if berry else "yarn-classic", locked
