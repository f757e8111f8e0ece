"""Which statements are worth editing, and how much: suspects, coverage and stack frames of the failing test, in one
number per statement. Proposes no edits."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.core.testing import Failure, Outcome
from bot.fixers.scope import Scope
from bot.fixers.site import Clues, Site
from bot.fixers.source import FUNCTIONS, FunctionNode, Source
from bot.ports import FixQuestion

MOST_FILES = 25
MOST_STATEMENTS = 400
_WIDE_SPAN_LINES = 3  # a suspect wider than this names a function, not a statement
_WIDE, _UNNAMED, _FED, _OUTER_FRAME, _HEADER, _CONSTANT, _OFF_LOOP = 0.85, 0.3, 0.8, 0.75, 0.6, 0.35, 0.7
_LEAST = 0.02
_JUDGED = frozenset({"AssertionError", "Failed"})
_TIMEOUTS = frozenset({"Timeout", "TimeoutError", "RecursionError"})


@dataclass(frozen=True, slots=True)
class Suspected:
    """A statement worth editing. `suspicion` is 0 to 1."""

    site: Site
    suspicion: float


@dataclass
class _Lines:
    """What is known of one file's lines (1-based)."""

    score: dict[int, float] = field(default_factory=dict)
    executed: set[int] = field(default_factory=set)
    crashes: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    frames: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Evidence:
    """The question, read: lines per editable path, and what the failing tests raised."""

    lines: dict[str, _Lines]
    exceptions: frozenset[str]
    messages: tuple[str, ...]
    hangs: bool
    covered: bool  # a failing test's coverage is known, so lines outside it cannot matter

    def clues(self, path: str) -> Clues:
        crashes = {line: frozenset(names) for line, names in self.lines[path].crashes.items()}
        return Clues(self.exceptions, self.messages, crashes, self.hangs)


def statements(question: FixQuestion) -> Iterator[Suspected]:
    """Statements worth editing, most suspect first; at most MOST_STATEMENTS from MOST_FILES files."""
    evidence = read(question)
    order = sorted(evidence.lines, key=lambda path: -max(evidence.lines[path].score.values(), default=0.0))
    found: list[Suspected] = []
    for path in order[:MOST_FILES]:
        text = question.tree.text(path)
        if text is None:
            continue
        try:
            source = Source(path, text)
        except ValueError:
            continue
        found += _of_file(source, evidence)
    found.sort(key=lambda s: -s.suspicion)
    yield from found[:MOST_STATEMENTS]


def read(question: FixQuestion) -> Evidence:
    failing = set(question.reproduction.failing_ids)
    lines: dict[str, _Lines] = defaultdict(_Lines)
    covered = _read_coverage(question, failing, lines)
    top = max((s.score for s in question.suspects), default=0.0)
    for suspect in question.suspects:
        if not _editable(question, suspect.path):
            continue
        width = suspect.line_end - suspect.line_start + 1
        share = (suspect.score / top if top > 0 else 1.0) * (_WIDE if width > _WIDE_SPAN_LINES else 1.0)
        own = lines[suspect.path]
        for line in range(suspect.line_start, min(suspect.line_end, suspect.line_start + 5000) + 1):
            own.score[line] = max(own.score.get(line, 0.0), share)
    failures = [
        (result.failure, result.outcome)
        for run in question.reproduction.red
        for result in run.results
        if result.id in failing or not failing
        if result.outcome not in (Outcome.PASSED, Outcome.SKIPPED)
    ]
    for failure, _ in failures:
        if failure is not None:
            _read_frames(question, failure, lines)
    raised = [failure for failure, _ in failures if failure is not None]
    hangs = any(outcome is Outcome.TIMED_OUT for _, outcome in failures) or any(
        failure.exception_type in _TIMEOUTS or "Timeout" in failure.message[:40] for failure in raised
    )
    messages = dict.fromkeys(text for f in raised for text in (f.message[:2000], f.text[-2000:]) if text)
    return Evidence(dict(lines), frozenset(f.exception_type for f in raised), tuple(messages)[:12], hangs, covered)


def _editable(question: FixQuestion, path: str) -> bool:
    return path.endswith((".py", ".pyw")) and path in question.tree and question.writable(path)


def _read_coverage(question: FixQuestion, failing: set[str], lines: dict[str, _Lines]) -> bool:
    """Marks executed lines and gives them their Ochiai score; True when a failing test's coverage is known."""
    red: dict[tuple[str, int], int] = defaultdict(int)
    green: dict[tuple[str, int], int] = defaultdict(int)
    failed = 0
    for test in question.coverage:
        is_red = test.id in failing
        failed += is_red
        for path, executed in test.lines:
            if not _editable(question, path):
                continue
            for line in executed:
                (red if is_red else green)[path, line] += 1
    for (path, line), count in red.items():
        own = lines[path]
        own.executed.add(line)
        ochiai = count / float((failed * (count + green.get((path, line), 0))) ** 0.5)
        own.score[line] = ochiai * (_UNNAMED if question.suspects else 1.0)
    return bool(red)


def _read_frames(question: FixQuestion, failure: Failure, lines: dict[str, _Lines]) -> None:
    own = [frame for frame in failure.frames if _editable(question, frame.path)]
    for rank, frame in enumerate(reversed(own)):
        known = lines[frame.path]
        if rank == 0 and failure.exception_type not in _JUDGED:
            known.crashes[frame.line].add(failure.exception_type)
            known.score[frame.line] = 1.0
        else:
            known.frames.add(frame.line)
            known.score[frame.line] = max(known.score.get(frame.line, 0.0), _OUTER_FRAME)


@dataclass(frozen=True)
class _FileView:
    """One file's evidence, worked out once for all of its statements."""

    known: _Lines
    covered: bool
    hangs: bool
    top: float
    reached: frozenset[int]
    live: frozenset[FunctionNode]  # functions that a failing test ran
    used: frozenset[str]  # names these functions read


def _of_file(source: Source, evidence: Evidence) -> list[Suspected]:
    known, clues = evidence.lines[source.path], evidence.clues(source.path)
    live = _live_functions(source, known, evidence.covered)
    view = _FileView(
        known,
        evidence.covered,
        evidence.hangs,
        max(known.score.values(), default=0.0),
        frozenset(known.executed | set(known.crashes) | known.frames),
        live,
        _used_by(live),
    )
    scopes: dict[FunctionNode | None, Scope] = {}
    found: list[Suspected] = []
    for stmt in source.statements:
        function = source.function_of(stmt)
        if function is not None and function not in live and not isinstance(stmt, FUNCTIONS):
            continue
        if function not in scopes:
            scopes[function] = Scope(source, function)
        site = Site(source, stmt, scopes[function], clues)
        suspicion = _suspicion(site, view)
        if suspicion >= _LEAST:
            found.append(Suspected(site, min(1.0, suspicion)))
    return _with_feeders(found)


def _suspicion(site: Site, view: _FileView) -> float:
    stmt, score = site.stmt, view.known.score
    if isinstance(stmt, FUNCTIONS):
        if stmt not in view.live:
            return 0.0
        lines = range(stmt.lineno, (stmt.end_lineno or stmt.lineno) + 1)
        return _HEADER * max((score[line] for line in lines if line in score), default=0.0)
    lines = range(stmt.lineno, site.header_end + 1)
    own = max(score.get(line, 0.0) for line in lines)
    executed = not view.covered or any(line in view.reached for line in lines)
    if site.scope.function is None:
        # Constants and class variables are set at import, outside of any test's coverage.
        assigns = isinstance(stmt, ast.Assign | ast.AnnAssign | ast.AugAssign)
        read = assigns and any(isinstance(n, ast.Name) and n.id in view.used for n in site.nodes)
        return max(own if executed else 0.0, _CONSTANT * view.top if read else 0.0)
    if not executed:
        return 0.0
    loops = isinstance(stmt, ast.If | ast.While) or site.source.loop_of(stmt) is not None
    return own * (_OFF_LOOP if view.hangs and not loops else 1.0)


def _live_functions(source: Source, known: _Lines, covered: bool) -> frozenset[FunctionNode]:
    """Functions that a failing test ran (or, without coverage, that hold a suspicious line)."""
    lines = (known.executed | set(known.crashes) | known.frames) if covered else set(known.score)
    return frozenset(
        node
        for node in source.nodes
        if isinstance(node, FUNCTIONS)
        if any(line in lines for line in range(node.body[0].lineno, (node.end_lineno or 0) + 1))
    )


def _used_by(live: frozenset[FunctionNode]) -> frozenset[str]:
    nodes = [n for function in live for n in ast.walk(function)]
    names = [n.id for n in nodes if isinstance(n, ast.Name)]
    return frozenset([*names, *(n.attr for n in nodes if isinstance(n, ast.Attribute))])


def _with_feeders(found: list[Suspected]) -> list[Suspected]:
    """Statements that give a value to a name the crashed statement reads are nearly as suspect as the crash."""
    read: dict[ast.AST, set[str]] = defaultdict(set)
    for suspected in found:
        site = suspected.site
        if site.crash and site.scope.function is not None:
            read[site.scope.function] |= {n.id for n in site.expressions if isinstance(n, ast.Name)}
    if not read:
        return found
    result = []
    for suspected in found:
        site = suspected.site
        names = read.get(site.scope.root, set())
        feeds = any(b.name in names for b in site.scope.bindings if b.stmt is site.stmt)
        result.append(Suspected(site, max(suspected.suspicion, _FED)) if feeds else suspected)
    return result
