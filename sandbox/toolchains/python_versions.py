"""Which Pythons a project asks for: requires-python, .python-version, .tool-versions. Pure; which of them there are is
found out where the environment is built.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from bot.core.tree import Tree
from sandbox.toolchains.python_folder import ancestors, inside

NEWEST_MINOR, OLDEST_MINOR = 20, 8  # of Python 3; what is sent into sandboxes needs 3.8
PATCHES = ("0", "99")  # a range that begins or ends within a minor version still accepts it


@dataclass(frozen=True, slots=True)
class Pythons:
    """Minor versions ("3.11"). `named` is the one that a file names ("" for none), `source` that file; `accepted` are
    those within requires-python (`wanted`), the newest first; all of them where nothing is said."""

    named: str = ""
    source: str = ""
    accepted: tuple[str, ...] = ()
    wanted: str = ""


def read_pythons(tree: Tree, folder: str, requires: str) -> Pythons:
    """`requires` is the project's own range; one that is no range counts as none."""
    minors = [f"3.{minor}" for minor in range(NEWEST_MINOR, OLDEST_MINOR - 1, -1)]
    try:
        allowed = SpecifierSet(requires)
    except InvalidSpecifier:
        requires, allowed = "", SpecifierSet("")
    accepted = tuple(minor for minor in minors if any(allowed.contains(f"{minor}.{patch}") for patch in PATCHES))
    named, source = _named(tree, folder)
    return Pythons(named, source, accepted, requires)


def _named(tree: Tree, folder: str) -> tuple[str, str]:
    """The version that the nearest file names, and the file."""
    for place in (folder, *(ancestors(folder) if folder != "." else ())):
        for name, pattern in (
            (".python-version", r"^\s*(?:cpython-|python-)?(3\.\d{1,2})(?:\.\d+)?\s*$"),
            (".tool-versions", r"^\s*python\s+(3\.\d{1,2})(?:\.\d+)?\b"),
        ):
            path = inside(place, name) or name
            found = re.search(pattern, (tree.text(path) or "")[:10_000], re.M)
            if found:
                return found.group(1), path
    return "", ""
