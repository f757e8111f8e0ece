"""Test cases of JUnit's XML as results of ours: ids that begin with a file of the tree, outcomes, failures with frames.
Reading the XML is `junit_xml`'s work, running anything is not done here. Standard library only, Python 3.8 and newer.
"""

from __future__ import annotations

import copy
import os
import re
from posixpath import normpath, relpath, splitext
from typing import TYPE_CHECKING

from .wrapper import ERROR, FAILED, PASSED, SKIPPED, Result, failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..events import Event
    from .junit_xml import Case, Mishap

MAX_NAME = 1000
MAX_FILES = 200_000  # of a tree, looked at for names
UNSEEN = frozenset((".git", ".hg", ".svn", "node_modules", ".fixbugs"))
TESTLIKE = re.compile(r"tests?\b|tests?(?=[A-Z_./-])|Tests?(?=[./A-Z])|spec|IT\.", re.A)
ASSERTIONS = frozenset(
    ("AssertionError", "AssertionFailedError", "ComparisonFailure", "MultipleFailuresError", "ArrayComparisonFailure")
)
AROUND = re.compile(r"^(?:failed on (?:setup|teardown)|collection failure|test (?:setup|teardown) failure)")
JAVA_FRAME = re.compile(r"^\s*at (?:[\w.@$/-]+/)?([\w.$]+)\.([\w$<>]+)\(([\w$.-]+):(\d+)\)", re.M)
PYTHON_FRAME = re.compile(r'^\s*File "([^"\n]{1,500})", line (\d+), in (.{1,200})$', re.M)
NODE_FRAME = re.compile(r"^\s*at (?:(.{1,200}?) \()?(?:file://)?([^\s():]{1,500}):(\d+):\d+\)?$", re.M)
BARE_LINE = re.compile(r"^\s*([^\s:()]{1,500}):(\d+)(?::|$)", re.M)


class Files:
    """The files of a tree, by name; taken before anything of the repository runs."""

    def __init__(self, tree: str, folder: str = "") -> None:
        self._tree = tree.rstrip("/")
        self._folder = folder.strip("/")
        self._paths: set[str] = set()
        self._by_name: dict[str, list[str]] = {}
        for where, folders, names in os.walk(self._tree):
            folders[:] = sorted(set(folders) - UNSEEN)
            for name in names:
                path = relpath(f"{where}/{name}", self._tree)
                self._paths.add(path)
                self._by_name.setdefault(name.partition(".")[0], []).append(path)
            if len(self._paths) > MAX_FILES:
                return

    def within(self, folder: str) -> Files:
        """The same files, for runners that work in another folder."""
        other = copy.copy(self)
        other._folder = folder.strip("/")
        return other

    def path(self, named: str) -> str:
        """The path from the tree's root of a file that a runner named in its own way, or ""."""
        named = named.replace("\\", "/").split("?")[0]
        if named.startswith(self._tree + "/"):
            named = named[len(self._tree) + 1 :]
            return named if named in self._paths else ""
        for start in (self._folder, ""):
            path = normpath(f"{start}/{named}").lstrip("/")
            if path in self._paths:
                return path
        return ""

    def ending(self, stem: str, *, with_extension: bool = False, testlike: bool = False) -> str:
        """The one file whose path ends in this, or ""; below the folder, if its extension is left open."""
        name = stem.rpartition("/")[2].partition(".")[0]
        within = self._folder + "/" if self._folder else ""
        found = []
        for path in self._by_name.get(name, ()):
            bare = path if with_extension else splitext(path)[0]
            inside = with_extension or path.startswith(within)
            if inside and (bare == stem or bare.endswith("/" + stem)) and (not testlike or TESTLIKE.search(path)):
                found.append(path)
        exact = [path for path in found if splitext(path)[0] == within + stem]
        found = exact or found
        return found[0] if len(found) == 1 else ""


def id_of(case: Case, files: Files) -> str:
    """`path::Class::name` where the file is known, else `classname::name`."""
    name = _plain(case.name) or "(no name)"
    classname = case.classname or case.suite
    path = files.path(case.file) if case.file else ""
    rest: list[str] = []
    if path or "/" in classname:
        path = path or files.path(classname)
        parts = _parts(classname)
        if path and "/" not in classname:
            stem = splitext(path)[0].split("/")
            rest = _after(parts, stem)
    else:
        parts = _parts(classname)
        for cut in range(len(parts), 0, -1):
            path = files.ending("/".join(parts[:cut]), testlike=True)
            if path:
                rest = parts[cut:]
                break
    if not path:
        return "{}::{}".format(_plain(classname) or "(no class)", name)
    return "::".join([path, *map(_plain, rest), name])


def _parts(classname: str) -> list[str]:
    return [part for part in re.split(r"[.$]", classname) if part]


def _after(parts: list[str], stem: list[str]) -> list[str]:
    """What a dotted name says beyond the file: `tests.test_x.TestA` in tests/test_x.py is TestA."""
    for cut in range(len(parts), 0, -1):
        if parts[:cut] == stem[-cut:]:
            return parts[cut:]
    return parts


def _plain(text: str) -> str:
    """On one line, with nothing in it that separates ids."""
    return " ".join(text.split())[:MAX_NAME].replace("::", ":")


def result_of(case: Case, test_id: str, files: Files) -> Result:
    """A case that holds any failure or error did not pass, also where the runner tried again until it did."""
    bad = [mishap for mishap in case.mishaps if mishap.tag != "skipped"]
    if bad:
        phase = "setup" if _around(bad[0], case) else "call"
        failures = [_failure(mishap, phase, files) for mishap in bad[:5]]
        return Result(test_id, ERROR if phase == "setup" else FAILED, case.time_s, failures)
    return Result(test_id, SKIPPED if case.mishaps else PASSED, case.time_s)


def _around(mishap: Mishap, case: Case) -> bool:
    """Whether it came from what is set up around the test, as far as can be seen: the runner says so, or a Java trace
    passes through the test's class and never through the test."""
    if mishap.tag == "error" and AROUND.match(mishap.message):
        return True
    frames = [(found[1].partition("$")[0], found[2]) for found in JAVA_FRAME.finditer(mishap.text)]
    home, method = case.classname.partition("$")[0], re.split(r"[({\[ ]", case.name)[0]
    inside = [function for owner, function in frames if owner == home]
    if not inside or not re.fullmatch(r"[\w$]+", method):
        return False
    return not any(function == method or f"${method}$" in function for _, function in frames)


def _failure(mishap: Mishap, phase: str, files: Files) -> Event:
    kind = re.split(r"[.$]", mishap.type.strip().rstrip(":"))[-1] if mishap.type else ""
    if kind in ASSERTIONS:
        kind = "AssertionError"
    elif not re.fullmatch(r"[A-Za-z_]\w*", kind):
        kind = ""
    text = mishap.text.strip() or mishap.message
    message = mishap.message or (text.splitlines() or [""])[0]
    return failure(kind, message, text, frames_of(text, files), phase)


def frames_of(text: str, files: Files) -> list[Event]:
    """The frames in the repository's own files that a printed trace names, outermost first."""
    inner_first: list[tuple[str, str, str]] = []
    for owner, function, name, line in JAVA_FRAME.findall(text):
        package = owner.split("$")[0].rpartition(".")[0].replace(".", "/")
        inner_first.append((files.ending(_joined(package, name), with_extension=True), line, function))
    for function, named, line in NODE_FRAME.findall(text):
        inner_first.append((files.path(named), line, function))
    found = inner_first[::-1]
    found += [(files.path(named), line, function) for named, line, function in PYTHON_FRAME.findall(text)]
    if not any(path for path, _, _ in found):
        found = [(files.path(named), line, "") for named, line in BARE_LINE.findall(text)]
    return [
        {"path": path, "line": int(line), "function": function, "code": ""}
        for path, line, function in found
        if path and len(line) < 8
    ]


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def repeated(ids: Iterable[str]) -> list[str]:
    """Those that are there more than once, in order."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for test_id in ids:
        if test_id in seen:
            twice[test_id] = None
        seen.add(test_id)
    return list(twice)
