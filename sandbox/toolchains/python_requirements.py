"""Reads requirements files as pip does, and requirement lines wherever they are written. Pure; which files there are is
`python_detect`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from posixpath import dirname, join, normpath

from packaging.requirements import InvalidRequirement, Requirement

from bot.core.tree import Tree

MOST_LINES = 5000  # of one file, with those that it includes
HASH = re.compile(r"\s+--hash[= ](sha(?:256|384|512):[0-9a-fA-F]{64,128})")
OPTION = re.compile(r"\s+--(?:hash|global-option|config-settings?)[= ]\S+")
INCLUDE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)$")
LOCAL = re.compile(r"(?:-e\s*|--editable[ =]\s*)?(?:file:)?(\.{1,2}(?:/[^\[\s]*)?|[\w./-]+/)(\[[^\]]*\])?$")
EDITABLE = re.compile(r"^(?:-e\s*|--editable[ =]\s*)")


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement: its text without options, and the hashes that are allowed ("sha256:…")."""

    text: str
    hashes: tuple[str, ...] = ()


def read_requirements(tree: Tree, path: str, folder: str = ".") -> tuple[str, ...]:
    """The lines of a requirements file and of those it includes, without hashes and comments. A local path, which pip
    takes from where it is started (`folder`), becomes an editable one from the tree's root, so that its code is the
    tree's. Constraints and pip's other options are left out."""
    return unique(line.text for line in requirement_lines(tree, path, folder))


def requirement_lines(tree: Tree, path: str, folder: str = ".") -> tuple[Line, ...]:
    """As `read_requirements`, with hashes."""
    found: list[Line] = []
    for line in _lines(tree, path, folder, {path}):
        found.append(line)
        if len(found) >= MOST_LINES:
            break
    return tuple(found)


def local_path(folder: str, given: str, extras: str = "") -> str | None:
    """A local path as an editable requirement from the tree's root; None when it leads out of the tree."""
    inside = normpath(join(folder, given))
    if inside.startswith(("..", "/")):
        return None
    return f"-e {{tree}}{'' if inside == '.' else '/' + inside}{extras}"


def valid(lines: Iterable[str]) -> tuple[str, ...]:
    """Those of these lines that are requirements, without comments."""
    found = []
    for line in (line.split(" #")[0].strip() for line in lines):
        try:
            Requirement(line)
        except (InvalidRequirement, RecursionError):
            continue
        found.append(line)
    return tuple(found)


def unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _lines(tree: Tree, path: str, folder: str, seen: set[str]) -> Iterator[Line]:
    text = (tree.text(path) or "").replace("\\\r\n", " ").replace("\\\n", " ")
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        hashes = tuple(HASH.findall(line))
        line = OPTION.sub("", line)
        include, local = INCLUDE.match(line), LOCAL.match(line)
        if include:
            inner = normpath(join(dirname(path), include.group(1)))
            if inner not in seen:
                seen.add(inner)
                yield from _lines(tree, inner, folder, seen)
        elif local:
            placed = local_path(folder, local.group(1), local.group(2) or "")
            if placed:
                yield Line(placed)
        elif line.startswith(("-e", "--editable")):
            yield Line(EDITABLE.sub("", line))  # a repository's address
        elif line and not line.startswith("-"):
            yield Line(line, hashes)
