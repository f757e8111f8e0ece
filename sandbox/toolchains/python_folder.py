"""Which part of a repository is the Python project that is meant: all of it, or one folder of several. Pure; what that
project needs is `python_detect`'s.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from posixpath import basename, dirname, join, normpath

from bot.core.errors import EnvironmentBroken
from bot.core.tree import Tree
from sandbox.toolchains.python_needs import read_toml

TOP = "."
DECLARING = ("setup.py", "setup.cfg", "pyproject.toml", "Pipfile", "requirements.txt", "manage.py", "tox.ini")
NEVER_PROJECTS = re.compile(
    r"^(?:\..*|tests?|testing|test[-_]?data|fixtures?|data|docs?|requirements|vendor|vendored|_vendor|third[-_]party"
    r"|node_modules|site-packages|build|dist)$"
)
TEST_PATTERNS = ("test*.py", "*_test.py")
TEST_NAMES = ("conftest.py",)
FOREIGN_MANIFESTS = ("package.json", "go.mod", "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts")
FOREIGN_SOURCES = (
    ".js",
    ".cjs",
    ".mjs",
    ".jsx",
    ".ts",
    ".tsx",
    ".mts",
    ".vue",
    ".svelte",
    ".go",
    ".rs",
    ".java",
    ".kt",
)
A_TEST_COUNTS = 100  # a named test can only be run where it belongs; other files may be anybody's
NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """The folder that is meant ("." for the whole tree), and a sentence for people where that was a decision."""

    folder: str
    note: str = ""


def choose(tree: Tree, wished: str, paths: Sequence[str]) -> Choice | None:
    """The Python project that the wishes or these paths point to; None where they mean another language's.

    Raises EnvironmentBroken for a wished folder that is not there.
    """
    if wished:
        return _wished(tree, wished)
    projects = {folder for folder in _declared(tree) if not _excluded(folder)}
    tests = Counter(_nearest(path, projects) or TOP for path in tree if is_test_file(path))
    named = [path for path in paths if path.endswith(".py") or not path.endswith(FOREIGN_SOURCES)]
    if paths and not any(path.endswith(".py") for path in paths) and _foreign(tree, paths):
        return None
    if not tests and TOP not in projects and _mostly_foreign(tree):
        return None
    votes: Counter[str] = Counter()
    for path in named:
        votes[_with_tests(path, projects, tests)] += A_TEST_COUNTS if is_test_file(path) else 1
    if votes:
        folder = max(votes, key=lambda name: votes[name])  # of equals the one named first
        return Choice(folder, _note(folder, "the report speaks of files in it"))
    return _unasked(projects, tests)


def within(tree: Tree, folder: str) -> Tree:
    """The files below a folder, by their paths from there."""
    if folder == TOP:
        return tree
    prefix = f"{folder}/"
    return Tree({path[len(prefix) :]: tree.files[path] for path in tree if path.startswith(prefix)})


def inside(folder: str, path: str) -> str | None:
    """A path that is relative to a folder as one from the tree's root, or None when it leads out of the tree."""
    found = normpath(join(folder, path))
    return None if found.startswith(("..", "/")) else found


def is_test_file(path: str) -> bool:
    name = basename(path)
    return name in TEST_NAMES or any(fnmatch(name, pattern) for pattern in TEST_PATTERNS)


def ancestors(path: str) -> Iterator[str]:
    """The folders above a path, the nearest first; "." last."""
    while path := dirname(path):
        yield path
    yield TOP


def _wished(tree: Tree, wished: str) -> Choice | None:
    folder = inside(TOP, wished.strip().replace("\\", "/").lstrip("/") or TOP)
    if folder is None or (folder != TOP and not any(path.startswith(f"{folder}/") for path in tree)):
        raise EnvironmentBroken(
            f"The folder {wished!r}, which the repository's settings (.github/fixbugs.yml) name as `folder`, is not "
            "there at this commit. Correct the setting, or leave it out."
        )
    if not any(path.endswith(".py") for path in within(tree, folder)):
        return None
    return Choice(folder, _note(folder, "the repository's settings name it"))


def _declared(tree: Tree) -> Iterator[str]:
    """Folders that hold a manifest of a Python project."""
    for path in tree:
        name = basename(path)
        if name not in DECLARING:
            continue
        text = tree.text(path) or ""
        if name == "pyproject.toml" and not _declares(text):
            continue
        if name == "setup.cfg" and "[options]" not in text and "[metadata]" not in text:
            continue
        if name == "tox.ini" and "[testenv" not in text:
            continue
        yield dirname(path) or TOP


def _declares(text: str) -> bool:
    """Whether a pyproject.toml is a project's, and not only the settings of tools. A broken one counts: its project
    has to hear of it."""
    table, flaw = read_toml(text)
    tool = table.get("tool")
    tools = tool.keys() if isinstance(tool, dict) else ()
    return bool(flaw) or bool(table.keys() & {"project", "build-system", "dependency-groups"}) or "poetry" in tools


def _excluded(folder: str) -> bool:
    return folder != TOP and any(NEVER_PROJECTS.match(part) for part in folder.split("/"))


def _nearest(path: str, projects: Iterable[str]) -> str | None:
    return next((folder for folder in ancestors(path) if folder in projects), None)


def _with_tests(path: str, projects: set[str], tests: Counter[str]) -> str:
    """The nearest project above a path that has tests of its own; the whole tree where there is none."""
    return next((folder for folder in ancestors(path) if folder in projects and tests[folder]), TOP)


def _foreign(tree: Tree, paths: Sequence[str]) -> bool:
    """Whether a path is source of another language, in a project of that language."""
    manifests = {dirname(path) or TOP for path in tree if basename(path) in FOREIGN_MANIFESTS}
    return any(path.endswith(FOREIGN_SOURCES) and any(f in manifests for f in ancestors(path)) for path in paths)


def _mostly_foreign(tree: Tree) -> bool:
    """A few scripts in Python do not make another language's repository a Python project."""
    if not any(basename(path) in FOREIGN_MANIFESTS for path in tree):
        return False
    own = sum(path.endswith(".py") for path in tree)
    return sum(path.endswith(FOREIGN_SOURCES) for path in tree) >= own


def _unasked(projects: set[str], tests: Counter[str]) -> Choice:
    """Where nothing points anywhere: the whole tree if it is a project or has tests of its own, else the folder that
    has most."""
    if TOP in projects or tests[TOP] or not tests:
        return Choice(TOP)
    first, *others = sorted(tests, key=lambda folder: (-tests[folder], folder))
    if not others:
        return Choice(first, _note(first, "no other part of the repository has tests"))
    named = ", ".join(others[:NAMED_AT_MOST]) + (", …" if len(others) > NAMED_AT_MOST else "")
    why = f"it has the most tests (others: {named}); name another as `folder` in .github/fixbugs.yml"
    return Choice(first, _note(first, why))


def _note(folder: str, why: str) -> str:
    return "" if folder == TOP else f"Only the project in {folder} is built and tested: {why}."
