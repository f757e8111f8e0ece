"""What the tree holds, by the names reports use: foreign paths, dotted modules, symbols. Reads no report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from bot.core.path_roles import PathRole, role_of
from bot.core.tree import Tree

_INSTALLED = re.compile(r"(?:^|/)(?:site-packages|dist-packages)/(.+)$")
_STANDARD_LIBRARY = re.compile(
    r"(?:^|/)(?:lib(?:64)?/(?:python|pypy)\d[\d.]*|Python\d+/[Ll]ib)/(?!site-packages|dist-packages)"
)
_DRIVE = re.compile(r"^[A-Za-z]:")
# Two patterns that start with a literal: over a whole tree that is ten times faster than one that starts with a line.
_DEFINED = (re.compile(r"def (?<![^ \t\n]def )(\w+)[(\[]"), re.compile(r"class (?<![^ \t\n]class )(\w+)[(:\[]"))
_LAYOUT_FOLDERS = ("src", "lib", "python")  # where packages may lie below the root
_COMMON_NAMES = frozenset({"__init__.py", "__main__.py", "setup.py", "conftest.py", "test.py", "main.py", "utils.py"})


class TreeIndex:
    """Looks names of the outside world up in one tree. Immutable; its tables are built when first needed."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def __contains__(self, path: object) -> bool:
        return path in self._tree

    def place(self, path: str, function: str = "") -> str | None:
        """The tree's path for a path as another machine wrote it, or None when it lies outside or is ambiguous.

        The longest common ending wins; it must be file and folder, or a file name that the tree has once. An installed
        copy counts when all of its path below site-packages matches.
        """
        clean = _DRIVE.sub("", path.strip().replace("\\", "/")).removeprefix("./")
        if not clean or clean.startswith("<"):
            return None
        if clean in self._tree:
            return clean
        installed = _INSTALLED.search(clean)
        if installed:
            return self._package_path(installed[1])
        if _STANDARD_LIBRARY.search(clean):
            return None
        return self._by_suffix(clean, function)

    def module(self, dotted: str) -> str | None:
        """The file that a dotted module name stands for, or None."""
        inner = dotted.replace(".", "/")
        return self._package_path(f"{inner}.py") or self._package_path(f"{inner}/__init__.py")

    def member(self, dotted: str) -> tuple[str, str] | None:
        """For "pkg.mod.Class.method": the file of the longest module part, and what is named inside it ("" for the
        module itself). None when no part is a module of the tree."""
        parts = dotted.split(".")
        for cut in range(len(parts), 0, -1):
            path = self.module(".".join(parts[:cut]))
            if path and (cut > 1 or cut == len(parts) or path.endswith("__init__.py")):
                return path, ".".join(parts[cut:])
        return None

    def defines(self, path: str, name: str) -> bool:
        """Whether a file defines a function or class of this bare name."""
        return path in self._definitions.get(name, ())

    def definers(self, name: str) -> tuple[str, ...]:
        """Files that define a function or class of this bare name; sources before tests."""
        return tuple(sorted(self._definitions.get(name, ()), key=lambda path: (role_of(path) is PathRole.TEST, path)))

    def with_ending(self, path: str) -> tuple[str, ...]:
        """Tree paths that equal this relative path or end with it at a folder's border."""
        wanted = path.strip().replace("\\", "/").removeprefix("./").lstrip("/")
        same_name = self._by_name.get(wanted.rpartition("/")[2], ())
        return tuple(known for known in same_name if known == wanted or known.endswith("/" + wanted))

    @cached_property
    def _by_name(self) -> dict[str, tuple[str, ...]]:
        table: dict[str, list[str]] = {}
        for path in self._tree:
            table.setdefault(path.rpartition("/")[2], []).append(path)
        return {name: tuple(paths) for name, paths in table.items()}

    @cached_property
    def _definitions(self) -> dict[str, set[str]]:
        table: dict[str, set[str]] = {}
        for path in self._tree:
            text = self._tree.text(path) if path.endswith(".py") else None
            for pattern in _DEFINED if text else ():
                for name in pattern.findall(text or ""):
                    table.setdefault(name, set()).add(path)
        return table

    def _package_path(self, inner: str) -> str | None:
        """The file at this path below the root or below a usual layout folder."""
        for candidate in (inner, *(f"{folder}/{inner}" for folder in _LAYOUT_FOLDERS)):
            if candidate in self._tree:
                return candidate
        return None

    def _by_suffix(self, path: str, function: str) -> str | None:
        wanted = path.split("/")
        known = self._by_name.get(wanted[-1], ())
        scored = [(_common_ending(wanted, candidate.split("/")), candidate) for candidate in known]
        best = max((score for score, _ in scored), default=0)
        nearest = [candidate for score, candidate in scored if score == best]
        if len(nearest) > 1:
            nearest = self._defining(nearest, function)
        if len(nearest) != 1:
            return None
        if best >= 2:
            return nearest[0]
        # Only the file's name agrees: believe it when it is unusual, or the function is really defined there.
        alone = len(known) == 1 and wanted[-1] not in _COMMON_NAMES
        named = bool(function) and function != "<module>" and bool(self._defining(nearest, function))
        at_root = "/" not in nearest[0] and function in ("", "<module>")
        return nearest[0] if alone and (named or at_root or len(wanted) == 1) else None

    def _defining(self, paths: Iterable[str], function: str) -> list[str]:
        name = function.rpartition(".")[2]
        return [path for path in paths if self.defines(path, name)]


def _common_ending(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count
