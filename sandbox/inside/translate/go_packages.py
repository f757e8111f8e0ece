"""The packages of a Go module as `go list` sees them: their tests, and what in them does not build. Running them
belongs to `go`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .wrapper import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TEST = re.compile(r"^func ((Test|Fuzz|Example)(\w*))\s*\(\s*([^)]*?)\s*\)", re.M)
OUTPUT = re.compile(r"^\s*//\s*(?:unordered )?output:", re.I | re.M)
HEADING = re.compile(r"^# (\S+)")
PLACE = re.compile(r"^(?:\./)?([^\s:]+\.go):\d+(?::\d+)?: ", re.M)


@dataclass
class Package:
    """One package with tests. `folder` is its path in the tree ("" for the root), `tests` maps names to ids; `broken`
    says why it does not build ("" while it does)."""

    folder: str
    path: str
    name: str
    files: list[str] = field(default_factory=list)
    tests: dict[str, str] = field(default_factory=dict)
    broken: str = ""


def parse_list(text: str, tree: str) -> list[Package]:
    """Out of `go list -e -json`; those without test files are left out."""
    found = []
    for raw in documents(text):
        package = _package(raw, tree)
        if package is not None:
            found.append(package)
    return found


def documents(text: str) -> Iterator[dict[str, Any]]:
    """JSON documents one after the other."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        raw, end = decoder.raw_decode(text, at)
        if isinstance(raw, dict):
            yield raw
        at = text.find("{", end)


def _package(raw: dict[str, Any], tree: str) -> Package | None:
    inside = str(raw.get("Dir", ""))
    synthetic = str(raw.get("ImportPath", "")).endswith(".test") and not inside.endswith(".test")
    if raw.get("ForTest") or synthetic or not (inside + "/").startswith(tree.rstrip("/") + "/"):
        return None
    folder = inside[len(tree.rstrip("/")) + 1 :]
    names = [*raw.get("TestGoFiles", ()), *raw.get("XTestGoFiles", ())]
    if not names and raw.get("Error"):  # it could not even be read: its test files are told by their names
        names = sorted(path.name for path in Path(inside).glob("*_test.go"))
    if not names:
        return None
    files = [f"{folder}/{name}".lstrip("/") for name in names]
    package = Package(folder, str(raw["ImportPath"]), str(raw.get("Name", "")), files)
    found = [(name, f"{file}::{name}") for file in files for name in names_in(read_text(f"{tree}/{file}"))]
    counts = Counter(name for name, _ in found)  # the same name in p and p_test: nobody could tell which one ended
    package.tests = {name: test_id for name, test_id in found if counts[name] == 1}
    errors = [raw.get("Error"), *(raw.get("DepsErrors") or ())]
    package.broken = "\n".join(_error(error) for error in errors if error)
    return package


def _error(raw: dict[str, Any]) -> str:
    place = str(raw.get("Pos") or "")
    text = str(raw.get("Err", ""))
    return f"{place}: {text}" if place and place not in text else text


def names_in(source: str) -> list[str]:
    """The names of tests, fuzz targets and examples with an output that a file holds, in order."""
    found = []
    for match in TEST.finditer(source):
        name, kind, rest, parameters = match.groups()
        if rest[:1].islower():
            continue
        if kind == "Example":
            end = source.find("\n}", match.end())
            if not parameters and OUTPUT.search(source, match.end(), end if end >= 0 else len(source)):
                found.append(name)
        elif re.search(r"\*\s*(?:\w+\.)?[TF]$", parameters) and name != "TestMain":
            found.append(name)
    return found


def sections(printed: str) -> dict[str, str]:
    """What the compiler said, per import path: its lines below "# path" or "# path [path.test]"."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in printed.splitlines():
        heading = HEADING.match(line)
        if heading is not None:
            lines = found.setdefault(heading.group(1), [])
        elif line.startswith(("FAIL\t", "FAIL ", "ok  \t", "?   \t")) or line == "FAIL":
            lines = []
        else:
            lines.append(line)
    return {path: "\n".join(lines) for path, lines in found.items()}


def own_errors(package: Package, said: dict[str, str]) -> str:
    """The compiler's words for this package, or for its external tests; "" when there are none."""
    paths = (package.path, f"{package.path}_test", f"{package.path}.test")
    return next((said[path] for path in paths if said.get(path, "").strip()), "")


def why_broken(package: Package, said: dict[str, str], printed: str) -> str:
    """The compiler's words for a package that has no binary: its own, its external tests', else whatever was said."""
    return own_errors(package, said) or "\n".join(said.values()).strip() or printed.strip()


def chosen(packages: Sequence[Package], files: Sequence[str], ids: Sequence[str] | None) -> list[Package]:
    """The packages that hold these files (or folders; all for none), with these tests only (all for None)."""
    kept = []
    wanted = None if ids is None else frozenset(ids)
    for package in packages:
        if files and not any(_holds(package, file) for file in files):
            continue
        names = [(name, test_id) for name, test_id in package.tests.items() if _wanted(test_id, files, wanted)]
        package.tests = dict(names)
        package.files = [file for file in package.files if not files or _within(file, files)]
        kept.append(package)
    return kept


def _holds(package: Package, path: str) -> bool:
    return any(_within(file, [path]) for file in package.files)


def _wanted(test_id: str, files: Sequence[str], ids: frozenset[str] | None) -> bool:
    if ids is not None:
        return test_id in ids
    return not files or _within(test_id.partition("::")[0], files)


def _within(file: str, paths: Sequence[str]) -> bool:
    return any(file == path or file.startswith(path.rstrip("/") + "/") or path == "." for path in paths)
