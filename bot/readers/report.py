"""Reads everything a report holds into an Analysis (without suspects) and evidence. Ranks nothing, runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.core.artifacts import Analysis, Expectation, Snippet, SourceText, Traceback
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.tree import Tree
from bot.readers.claims import Shown, expectations_from, read_claims
from bot.readers.doctest_output import FailedExample, read_doctest_output
from bot.readers.mentions import Mention, Mentions, read_mentions
from bot.readers.report_text import BlockKind, ReportText, Role, read_report_text
from bot.readers.runner_output import FailedTest, read_runner_output
from bot.readers.signatures import main_traceback, signature_of
from bot.readers.snippets import ReadSnippet, read_snippet
from bot.readers.source_lines import SourceLines
from bot.readers.stack_frames import ReadTraceback, read_tracebacks
from bot.readers.tree_index import TreeIndex

MAX_FRAME_FACTS = 6  # per traceback, innermost first
MAX_TEST_FACTS = 40
HEADING_DISTANCE = 6  # lines between a runner's heading of a test and its traceback, at most
_FAILING = re.compile(r"fail|error|br[eo]ak|broken|crash|\bred\b", re.IGNORECASE)
PROSE_ENDINGS = (".md", ".markdown", ".txt", ".rst")


@dataclass
class _Reading:
    """What one source text holds."""

    lines: SourceLines
    tracebacks: list[ReadTraceback] = field(default_factory=list)
    failed: list[FailedTest] = field(default_factory=list)
    title: str = ""
    snippets: list[Snippet] = field(default_factory=list)
    expectations: tuple[Expectation, ...] = ()
    mentions: Mentions = field(default_factory=Mentions)


def read_report(texts: Sequence[SourceText], tree: Tree) -> tuple[Analysis, tuple[Evidence, ...]]:
    """The Analysis of these texts but for its suspects, and the evidence for all of it, in the texts' order."""
    index = TreeIndex(tree)
    readings = [_read(text, index) for text in texts]
    tracebacks = [read for reading in readings for read in reading.tracebacks]
    expectations = tuple(e for reading in readings for e in reading.expectations)
    mentions = [reading.mentions for reading in readings]
    test_ids = [test.id for reading in readings for test in reading.failed]
    test_ids += [
        mention.text
        for reading in readings
        for mention in reading.mentions.test_ids
        if _FAILING.search(reading.lines.raw[mention.line - 1])
    ]
    analysis = Analysis(
        title=_title(readings),
        tracebacks=_distinct(tracebacks),
        snippets=tuple(snippet for reading in readings for snippet in reading.snippets),
        expectations=expectations,
        versions=_texts(mention for found in mentions for mention in found.versions),
        named_paths=_texts(mention for found in mentions for mention in found.paths),
        named_symbols=_texts(mention for found in mentions for mention in found.symbols),
        test_ids=tuple(dict.fromkeys(test_ids)),
        signature=signature_of(main_traceback(tracebacks), expectations, index),
    )
    return analysis, tuple(fact for reading in readings for fact in _facts(reading, index))


def _title(readings: Sequence[_Reading]) -> str:
    """The issue's, else the first that a text has."""
    titled = sorted((r for r in readings if r.title), key=lambda reading: reading.lines.source.kind != "issue")
    return titled[0].title if titled else ""


def _read(source: SourceText, index: TreeIndex) -> _Reading:
    lines = SourceLines(source)
    reading = _Reading(lines)
    output = read_runner_output(lines, index)
    plain = read_tracebacks(lines, index)
    examples = read_doctest_output(lines, index)
    sections = [ReadTraceback(t, t.provenance.line_start or 1, t.provenance.line_end or 1) for t in output.tracebacks]
    reading.failed = list(output.failed)
    prose = source.kind in ("issue", "comment") or (
        source.kind == "attachment" and source.name.lower().endswith(PROSE_ENDINGS)
    )
    if source.kind == "attachment" and source.name.endswith(".py"):
        reading.snippets = [Snippet(source.text, lines.provenance(1, len(lines)))]
    if prose:
        covered = [(read.line_start, read.line_end) for read in (*plain, *sections)]
        covered += [(example.line_start, example.line_end) for example in examples]
        report = read_report_text(lines, covered)
        wanted = _lines_of_wanted_code(report)
        plain = tuple(read for read in plain if read.line_start not in wanted)
        _read_prose(reading, report, index, [*plain, *sections])
    _add_examples(reading, examples)
    if prose:
        reading.tracebacks = sorted([*plain, *sections], key=lambda read: read.line_start)
    else:
        reading.tracebacks = [*sections, *_tests_first(plain, output.failed)]
    return reading


def _add_examples(reading: _Reading, examples: Sequence[FailedExample]) -> None:
    """Failed doctests state what they should print, and lie in files that are thereby named."""
    stated = {expectation.expression for expectation in reading.expectations}
    own = (example.expectation for example in examples if example.expectation.expression not in stated)
    reading.expectations = (*reading.expectations, *own)
    paths = (Mention(example.path, example.line_start, example.path) for example in examples if example.path)
    known = reading.mentions
    reading.mentions = replace(known, paths=tuple({m.text: m for m in (*paths, *known.paths)}.values()))


def _tests_first(plain: Sequence[ReadTraceback], failed: Sequence[FailedTest]) -> list[ReadTraceback]:
    """A failing test's own traceback (right below its heading, with its chain) before those that a run prints by the
    way."""
    headings = {line for test in failed if (line := test.provenance.line_start) is not None}
    own: list[ReadTraceback] = []
    other: list[ReadTraceback] = []
    target = other
    for read in plain:
        if not read.chained:
            near = range(read.line_start - HEADING_DISTANCE, read.line_start)
            target = own if not headings.isdisjoint(near) else other
        target.append(read)
    return own + other


def _read_prose(reading: _Reading, report: ReportText, index: TreeIndex, tracebacks: Sequence[ReadTraceback]) -> None:
    shown = [Shown(block, read_snippet(block)) for block in report.blocks if block.kind is BlockKind.CODE]
    main = main_traceback(tracebacks)
    error = main.exception_type if main else ""
    claims = read_claims(report, shown)
    reading.title = report.title
    reading.expectations = expectations_from(claims, reading.lines, error)
    reading.mentions = read_mentions(report, index)
    reading.snippets = [
        _snippet(entry.snippet, reading) for entry in shown if entry.snippet and entry.snippet.code.strip()
    ]


def _snippet(read: ReadSnippet, reading: _Reading) -> Snippet:
    own = tuple(
        e
        for e in reading.expectations
        if e.provenance.line_start is not None and read.line_start <= e.provenance.line_start <= read.line_end
    )
    return Snippet(read.code, reading.lines.provenance(read.line_start, read.line_end), read.session, own)


def _lines_of_wanted_code(report: ReportText) -> frozenset[int]:
    """Lines of code blocks that show what should happen: a traceback in one is no complaint."""
    return frozenset(
        line
        for block in report.blocks
        if block.kind is BlockKind.CODE and block.role is Role.EXPECTED
        for line in range(block.line_start, block.line_end + 1)
    )


def _distinct(read: Sequence[ReadTraceback]) -> tuple[Traceback, ...]:
    kept: dict[object, Traceback] = {}
    for entry in read:
        traceback = entry.traceback
        kept.setdefault((traceback.exception_type, traceback.message, traceback.frames), traceback)
    return tuple(kept.values())


def _texts(mentions: Iterator[Mention]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mention.text for mention in mentions))


# -------------------------------------------------------------- evidence


def _facts(reading: _Reading, index: TreeIndex) -> Iterator[Evidence]:
    lines = reading.lines
    for traceback in _distinct(reading.tracebacks):
        yield from _traceback_facts(traceback, lines, index)
    for test in reading.failed[:MAX_TEST_FACTS]:
        cause = f" with {test.message}" if test.message else ""
        verb = "ends in an error" if test.set_up_error else "fails"
        yield Evidence(EvidenceKind.TEST, f"{test.id} {verb}{cause}.", test.provenance, test.quote, "runner output")
    for snippet in reading.snippets:
        first = snippet.provenance.line_start or 1
        what = "an interpreter session" if snippet.doctest else "code"
        quote = lines.quote(first, snippet.provenance.line_end)
        yield Evidence(EvidenceKind.SNIPPET, f"The report shows {what}.", snippet.provenance, quote, "snippets")
    for expectation in reading.expectations:
        yield Evidence(
            EvidenceKind.CLAIM, _sentence(expectation), expectation.provenance, expectation.quote, "statements"
        )
    yield from _mention_facts(reading)


def _traceback_facts(traceback: Traceback, lines: SourceLines, index: TreeIndex) -> Iterator[Evidence]:
    first, last = traceback.provenance.line_start or 1, traceback.provenance.line_end or 1
    error = traceback.exception_type or "An exception"
    message = f": {traceback.message.splitlines()[0]}" if traceback.message else ""
    quoted = next((n for n in range(last, first, -1) if traceback.exception_type in lines.raw[n - 1]), last)
    yield Evidence(
        EvidenceKind.ERROR, f"{error} is raised{message}.", traceback.provenance, lines.quote(quoted), "stack frames"
    )
    inside = [frame for frame in reversed(traceback.frames) if frame.path in index]
    for frame in inside[:MAX_FRAME_FACTS]:
        place = f"{frame.path}:{frame.line}" + (f" in {frame.function}" if frame.function else "")
        line = _line_of_frame(lines, first, last, frame.path, frame.line)
        yield Evidence(
            EvidenceKind.FRAME,
            f"{error} passes through {place}.",
            lines.provenance(line, line) if line else traceback.provenance,
            lines.quote(line) if line else lines.quote(last),
            "stack frames",
            about=Provenance(frame.path, frame.line, frame.line),
        )


def _line_of_frame(lines: SourceLines, first: int, last: int, path: str, number: int) -> int:
    """The report's line that shows a frame; 0 when it cannot be told."""
    name = path.rpartition("/")[2]
    for line in range(first, min(last, first + 2_000) + 1):
        text = lines.raw[line - 1]
        if name in text and str(number) in text:
            return line
    return 0


def _mention_facts(reading: _Reading) -> Iterator[Evidence]:
    found, lines = reading.mentions, reading.lines
    claims: list[tuple[EvidenceKind, str, Mention]] = [
        *((EvidenceKind.VERSION, f"The report names {m.text}.", m) for m in found.versions),
        *((EvidenceKind.CODE, f"The report names the file {m.text}.", m) for m in found.paths),
        *((EvidenceKind.CODE, f"The report names {m.text}, defined in {m.path}.", m) for m in found.symbols),
        *((EvidenceKind.TEST, f"The report names the test {m.text}.", m) for m in found.test_ids),
    ]
    for kind, claim, mention in claims:
        yield Evidence(
            kind, claim, Provenance(lines.source.name, mention.line, mention.line), lines.quote(mention.line)
        )


def _sentence(expectation: Expectation) -> str:
    about = expectation.expression or "The code"
    parts = []
    if expectation.expected:
        parts.append(f"{about} should give {expectation.expected}")
    if expectation.raises:
        parts.append(f"{about} should raise {expectation.raises}")
    if expectation.not_raises:
        parts.append(f"{about} should not raise {expectation.not_raises}")
    if expectation.actual:
        parts.append(f"{'it' if parts else about} gives {expectation.actual}")
    return (", but ".join(parts) if expectation.actual else ", and ".join(parts)) + "."
