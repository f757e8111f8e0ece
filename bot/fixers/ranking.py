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


def _of_file(source: Source, evidence: Evidence) -> list[Suspected]:
    known, clues = evidence.lines[source.path], evidence.clues(source.path)
    scopes: dict[FunctionNode | None, Scope] = {}
    found: list[Suspected] = []
    live = _live_functions(source, known, evidence.covered)
    for stmt in source.statements:
        function = source.function_of(stmt)
        scope = scopes.get(function)
        if scope is None:
            scope = scopes[function] = Scope(source, function)
        site = Site(source, stmt, scope, clues)
        suspicion = _suspicion(site, known, evidence, live)
        if suspicion >= _LEAST:
            found.append(Suspected(site, min(1.0, suspicion)))
    return _with_feeders(found)


def _suspicion(site: Site, known: _Lines, evidence: Evidence, live: set[FunctionNode]) -> float:
    stmt = site.stmt
    own = [known.score.get(line, 0.0) for line in range(stmt.lineno, site.header_end + 1)]
    reached = known.executed | set(known.crashes) | known.frames
    if isinstance(stmt, FUNCTIONS):
        inside = [score for line, score in known.score.items() if stmt.lineno <= line <= (stmt.end_lineno or 0)]
        return _HEADER * max(inside, default=0.0) if stmt in live else 0.0
    if site.scope.function is None:
        used = _used_by(live, site.source) if isinstance(stmt, ast.Assign | ast.AnnAssign | ast.AugAssign) else set()
        is_used = any(
            isinstance(n, ast.Name) and n.id in used for n in ast.walk(stmt) if not isinstance(n, ast.Constant)
        )
        floor = _CONSTANT * max(known.score.values(), default=0.0) if is_used else 0.0
        executed = not evidence.covered or any(line in reached for line in range(stmt.lineno, site.header_end + 1))
        return max(floor, max(own) if executed else 0.0)
    if evidence.covered and not any(line in reached for line in range(stmt.lineno, site.header_end + 1)):
        return 0.0
    loops = isinstance(stmt, ast.If | ast.While) or site.source.loop_of(stmt) is not None
    return max(own) * (_OFF_LOOP if evidence.hangs and not loops else 1.0)


def _live_functions(source: Source, known: _Lines, covered: bool) -> set[FunctionNode]:
    """Functions that a failing test ran (or, without coverage, that hold a suspicious line)."""
    lines = (known.executed | set(known.crashes)) if covered else set(known.score)
    return {
        node
        for node in ast.walk(source.tree)
        if isinstance(node, FUNCTIONS)
        if any(node.body[0].lineno <= line <= (node.end_lineno or 0) for line in lines)
    }


def _used_by(live: set[FunctionNode], source: Source) -> set[str]:
    """Names that live functions read: module constants and class variables among them matter."""
    cached: set[str] | None = getattr(source, "_used_by_live", None)
    if cached is None:
        cached = {
            n.id if isinstance(n, ast.Name) else n.attr
            for function in live
            for n in ast.walk(function)
            if isinstance(n, ast.Name | ast.Attribute)
        }
        source._used_by_live = cached  # type: ignore[attr-defined] # a cache on the object it belongs to
    return cached


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
