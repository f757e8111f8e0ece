"""Reads test reports in JUnit's XML, written by whoever: hostile until read. What a runner means by them, and how tests
are named, belongs to the file of its language. Standard library only, Python 3.8 and newer.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_FILE_BYTES = 64 << 20
MAX_DEPTH = 40  # suites inside suites; ten are plenty
MAX_CASES = 200_000  # in one file
MAX_TEXT = 40_000  # characters of one text; the rest of it is dropped
CHUNK_BYTES = 1 << 16
BAD = ("failure", "error", "rerunFailure", "rerunError", "flakyFailure", "flakyError")
KINDS = (*BAD, "skipped")


class NotAReport(Exception):
    """The file is not a complete report that we take; the message says why."""


@dataclass
class Mishap:
    """What a test case holds besides its time: `tag` is "failure", "error" or "skipped", or Maven's "rerunFailure",
    "flakyFailure" and so on, for a test that did not end alike each time."""

    tag: str
    type: str = ""
    message: str = ""
    text: str = ""


@dataclass
class Case:
    """One test case as the file states it. `suite` is the name of the nearest suite around it."""

    classname: str
    name: str
    file: str = ""
    time_s: float = 0.0
    suite: str = ""
    mishaps: list[Mishap] = field(default_factory=list)


@dataclass
class Suite:
    """What a suite without cases of its own may say: a mishap of its whole (a class that could not be set up)."""

    name: str
    stated: dict[str, str] = field(default_factory=dict)  # its own counts: tests, failures, errors, skipped
    cases: int = 0
    mishaps: list[Mishap] = field(default_factory=list)


def read_report(path: str) -> tuple[list[Case], list[Suite]]:
    """All test cases and suites of one file. Raises NotAReport: no regular file, too large, not XML, not complete, or
    XML that declares document types or entities (which can make a small file endless)."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotAReport(f"it cannot be opened: {error.strerror}") from error
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise NotAReport("it is not a regular file")
        if found.st_size == 0:
            raise NotAReport("it is empty")
        reader = _Reader()
        read = 0
        while True:
            chunk = os.read(fd, CHUNK_BYTES)
            read += len(chunk)
            if read > MAX_FILE_BYTES:
                raise NotAReport(f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
            reader.feed(chunk)
            if not chunk:
                return reader.cases, reader.suites
    finally:
        os.close(fd)


class _Reader:
    """Builds cases and suites from the parser's events; nothing but them is kept in memory."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.suites: list[Suite] = []
        self._path: list[str] = []
        self._open: list[Suite] = []
        self._case: Case | None = None
        self._mishap: Mishap | None = None
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._parser.ExternalEntityRefHandler = self._refuse

    def feed(self, chunk: bytes) -> None:
        """Empty bytes end the document."""
        try:
            self._parser.Parse(chunk, not chunk)
        except (expat.ExpatError, UnicodeError, LookupError, ValueError) as error:
            raise NotAReport(f"it is not complete XML: {error}") from error

    def _refuse(self, *_: object) -> int:
        raise NotAReport("it declares a document type, which no test report does")

    def _start(self, tag: str, said: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        self._path.append(tag)
        if len(self._path) == 1 and tag not in ("testsuites", "testsuite"):
            raise NotAReport(f"it holds <{tag[:40]}>, not test suites")
        if len(self._path) > MAX_DEPTH:
            raise NotAReport("it is nested too deeply")
        if tag == "testsuite":
            counts: dict[str, str] = {
                key: said[key][:20] for key in ("tests", "failures", "errors", "skipped") if key in said
            }
            suite = Suite(said.get("name", "")[:MAX_TEXT], counts)
            self.suites.append(suite)
            self._open.append(suite)
        elif tag == "testcase":
            self._begin_case(said)
        elif tag in KINDS and (self._case is not None or self._open):
            self._mishap = Mishap(tag, said.get("type", "")[:MAX_TEXT], said.get("message", "")[:MAX_TEXT])
            (self._case or self._open[-1]).mishaps.append(self._mishap)
        if len(self.cases) + len(self.suites) > MAX_CASES:
            raise NotAReport(f"it holds more than {MAX_CASES} tests")

    def _begin_case(self, said: dict[str, str]) -> None:
        if self._case is not None:
            raise NotAReport("a test case lies inside another")
        self._case = Case(
            classname=said.get("classname", "")[:MAX_TEXT],
            name=said.get("name", "")[:MAX_TEXT],
            file=said.get("file", "")[:MAX_TEXT],
            time_s=_seconds(said.get("time", "")),
            suite=self._open[-1].name if self._open else "",
        )
        self.cases.append(self._case)
        if self._open:
            self._open[-1].cases += 1

    def _end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        self._path.pop()
        if tag == "testcase":
            self._case = None
        elif tag == "testsuite":
            self._open.pop()
        elif tag in KINDS:
            self._mishap = None

    def _text(self, text: str) -> None:
        if self._mishap is not None and self._path[-1] in KINDS:
            room = MAX_TEXT - len(self._mishap.text)
            self._mishap.text += text[: max(0, room)]


def _seconds(text: str) -> float:
    """Of "1.5" and of "1,234.5" as Maven writes it; 0 for anything else."""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return value if 0.0 <= value < 1e7 else 0.0
