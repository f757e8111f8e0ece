"""What test runners print: failing tests of pytest, unittest and doctest, with pytest's own form of a traceback.

Plain tracebacks are read in `stack_frames`; here belongs only what a runner adds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.core.artifacts import Traceback
from bot.core.evidence import Provenance
from bot.core.testing import Frame
from bot.readers.source_lines import SourceLines
from bot.readers.stack_frames import exception_of
from bot.readers.tree_index import TreeIndex

MAX_FAILURES = 200
_MAX_SECTION_LINES = 4_000
_SECTION = re.compile(r"_{1,200} (\S.{0,400}?) _{1,200}$")  # a long name leaves one underscore
_RULER = re.compile(r"(?:={3,}|_{5,}|-{3,} Captured|-{30,})")
_SUMMARY = re.compile(r"(FAILED|ERROR)\s+([^\s:]{1,300}\.py)(::\S.*)?(?: - (.*))?$")
_VERBOSE = re.compile(
    r"(?:\[gw\d+\] \[\s*\d+%\] )?(?:(FAILED|ERROR) )?([^\s:]{1,300}\.py)(::\S.{0,600}?)"
    r"(?: (FAILED|ERROR))?\s*(?:\[\s*\d+%\])?$"
)
_LOCATION = re.compile(r"([^\s:][^\n:]{0,400}?\.pyx?):(\d{1,9}): ?(?:in (\S.{0,200})|([A-Za-z_][\w.]*))?$")
_ERROR_LINE = re.compile(r"E(?:\s+(.*))?$")
_CODE_LINE = re.compile(r">\s{1,40}(\S.*)$")
_DEF_LINE = re.compile(r"\s{0,40}(?:async )?def (\w+)\(")
_UNITTEST = re.compile(r"(FAIL|ERROR): ([^\s():']+)(?: \(([\w.<>]+)\))?(?:\s.{0,300})?$")
_SYNTAX_FRAME = re.compile(r'File "([^"\n]{1,600})", line (\d{1,9})$')
_HINTS = ("FAILED", "ERROR", "FAIL: ", "___")


@dataclass(frozen=True, slots=True)
class FailedTest:
    """One failing test as a runner reported it. `id` is the runner's node id where one can be told, else as written."""

    id: str
    provenance: Provenance
    quote: str
    message: str = ""  # as the summary shows it, maybe cut short
    set_up_error: bool = False  # pytest's or unittest's ERROR rather than a failure


@dataclass(frozen=True, slots=True)
class RunnerOutput:
    """Failing tests in order of first mention, and the tracebacks in pytest's form."""

    failed: tuple[FailedTest, ...] = ()
    tracebacks: tuple[Traceback, ...] = ()


@dataclass
class _Section:
    """One `____ test ____` section of pytest's FAILURES while it is read."""

    name: str
    first_line: int
    last_line: int = 0
    frames: list[Frame] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)  # the last block of E lines
    error_lines: tuple[int, int] = (0, 0)
    function: str = ""
    code: str = ""
    closing_type: str = ""


def read_runner_output(lines: SourceLines, index: TreeIndex) -> RunnerOutput:
    """Everything that pytest and unittest printed, in one pass."""
    failed: dict[str, FailedTest] = {}
    sections: list[_Section] = []
    number = 0
    while number < len(lines):
        number += 1
        raw = lines.raw[number - 1]
        if not any(hint in raw for hint in _HINTS) and not raw.endswith(" _"):
            continue
        text = lines.bare(number).strip()
        section = _SECTION.match(text)
        if section:
            read = _read_section(lines, section[1], number)
            if read.errors:
                number = read.last_line
                sections.append(read)
            continue
        test = _mentioned_test(text, lines, number, index)
        if test and (test.id in failed or len(failed) < MAX_FAILURES):
            known = failed.get(test.id)
            failed[test.id] = test if known is None or (test.message and not known.message) else known
    for section_read in sections:
        for test in _unlisted(section_read, lines, index, failed):
            failed[test.id] = test
    return RunnerOutput(
        tuple(failed.values()), tuple(_traceback(read, lines, index) for read in sections[:MAX_FAILURES])
    )


def _mentioned_test(text: str, lines: SourceLines, number: int, index: TreeIndex) -> FailedTest | None:
    """The test that one line says has failed: a summary line, a verbose line, or unittest's heading."""
    provenance, quote = lines.provenance(number), lines.quote(number)
    if text.startswith(("FAILED", "ERROR")) and (summary := _SUMMARY.match(text)):
        if summary[3] is None:
            return None  # a file that could not be collected: no test of its own
        name, message = _split_message(summary[3] + (f" - {summary[4]}" if summary[4] else ""))
        test_id = (index.place(summary[2]) or summary[2]) + name
        return FailedTest(test_id, provenance, quote, message, summary[1] == "ERROR")
    if text.startswith(("FAIL: ", "ERROR: ")) and (heading := _UNITTEST.match(text)):
        test_id = _unittest_id(heading[2], heading[3] or "", index)
        return FailedTest(test_id, provenance, quote, "", heading[1] == "ERROR") if test_id else None
    verbose = _VERBOSE.match(text) if "::" in text else None
    if verbose and (verbose[1] or verbose[4]):
        test_id = (index.place(verbose[2]) or verbose[2]) + verbose[3].rstrip()
        return FailedTest(test_id, provenance, quote, "", "ERROR" in (verbose[1], verbose[4]))
    return None


def _split_message(text: str) -> tuple[str, str]:
    """A summary's "::id - message" at the first " - " outside brackets (parameters may hold one)."""
    cut = text.find(" - ")
    while cut >= 0:
        if text.count("[", 0, cut) <= text.count("]", 0, cut):
            return text[:cut], text[cut + 3 :]
        cut = text.find(" - ", cut + 1)
    return text, ""


def _unittest_id(name: str, place: str, index: TreeIndex) -> str:
    """unittest's "test_x (pkg.mod.Class)" as a node id when its module is in the tree, else dotted."""
    if not place and "." not in name:
        return ""
    dotted = name if not place else place if place.endswith(f".{name}") else f"{place}.{name}"
    if name in ("setUpClass", "setUpModule", "tearDownClass", "tearDownModule"):
        return ""
    if dotted.startswith("unittest.loader._FailedTest"):
        return ""
    found = index.member(dotted) or _member_by_suffix(dotted, index)
    if found and found[1]:
        return "::".join([found[0], *found[1].split(".")])
    return dotted


def _member_by_suffix(dotted: str, index: TreeIndex) -> tuple[str, str] | None:
    """A module may be named from a folder below the root that the runner was started in."""
    parts = dotted.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        paths = index.with_ending("/".join(parts[:cut]) + ".py")
        if len(paths) == 1:
            return paths[0], ".".join(parts[cut:])
    return None


def _read_section(lines: SourceLines, name: str, first: int) -> _Section:
    section = _Section(name, first, last_line=first)
    block_open = False
    for number in range(first + 1, min(len(lines), first + _MAX_SECTION_LINES) + 1):
        text = lines.bare(number)
        if _RULER.match(text):
            break
        section.last_line = number
        error = _ERROR_LINE.match(text) if text.startswith("E") else None
        if error:
            if not block_open:
                section.errors, section.error_lines = [], (number, number)
            section.errors.append((error[1] or "").rstrip())
            section.error_lines = (section.error_lines[0], number)
        block_open = error is not None
        if error is None:
            _read_frame_line(section, text)
    return section


def _read_frame_line(section: _Section, text: str) -> None:
    location = _LOCATION.match(text) if ".py" in text else None
    if location:
        function = location[3] or section.function
        section.frames.append(Frame(location[1].strip(), int(location[2]), function, section.code))
        section.closing_type = location[4] or ""
        section.code = ""
    elif code := _CODE_LINE.match(text):
        section.code = code[1].rstrip()
    elif definition := _DEF_LINE.match(text):
        section.function = definition[1]
    elif section.frames and not section.frames[-1].code and text.startswith("    ") and text.strip():
        last = section.frames.pop()  # the short form has the code below its location
        section.frames.append(Frame(last.path, last.line, last.function, text.strip()))


def _traceback(section: _Section, lines: SourceLines, index: TreeIndex) -> Traceback:
    said = [text.strip() for text in section.errors if text.strip()] or [""]
    located = _SYNTAX_FRAME.match(said[0])
    if located:  # a file that does not parse: its place comes first and the error last
        section.frames.append(Frame(located[1], int(located[2])))
        said = said[-1:]
    first, rest = said[0], said[1:]
    error = exception_of(first)
    if first.startswith("assert ") or (error is None and section.closing_type in ("", "AssertionError")):
        kind, message = "AssertionError", first
    elif error is not None:
        kind, message = error
    else:
        kind, message = section.closing_type.rpartition(".")[2], first
    placed = [Frame(index.place(f.path, f.function) or f.path, f.line, f.function, f.code) for f in section.frames]
    whole = "\n".join([message, *rest]).strip() if kind == "AssertionError" else message
    return Traceback(kind, whole[:2000], tuple(placed), lines.provenance(section.first_line, section.last_line))


def _unlisted(
    section: _Section, lines: SourceLines, index: TreeIndex, known: dict[str, FailedTest]
) -> Iterator[FailedTest]:
    """The section's test, when no summary or heading has named it already."""
    name = section.name
    if (
        name.startswith(("ERROR at", "ERROR collecting", "[doctest]"))
        or not section.frames
        or " " in name.split("[")[0]
    ):
        return
    plain, bracket, parameters = name.partition("[")
    node = "::".join(plain.split(".")) + bracket + parameters
    if any(test_id.endswith("::" + node) for test_id in known):
        return
    path = section.frames[0].path
    test_id = f"{index.place(path) or path}::{node}"
    yield FailedTest(test_id, lines.provenance(section.first_line), lines.quote(section.first_line))
