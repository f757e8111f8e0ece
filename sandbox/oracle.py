"""Judges what a run of tests reported: is the report authentic and complete, and how did each expected test end? Pure;
running tests belongs to the workbench, writing the report to a runner's own plug-in.

A report is lines of `<hmac-sha256 hex> <json>`; events carry a number `n` without gaps. Kinds: start, collect_error,
collected, canaries, begin, test, end. Everything in it was written by a process that also ran untrusted code.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.testing import Basis, Failure, Frame, Outcome, TestCoverage, TestResult
from bot.ports import Ended

EXIT_TESTS_FAILED = 1  # what a run with a failing canary must end with
MAX_TEXT = 20_000
MAX_LINES = 200_000  # of one file
RAISED = re.compile(r"^E?\s*(?:[\w.]+\.)?([A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Failure)): ?(.*)$", re.M)


@dataclass(frozen=True, slots=True)
class Canary:
    """A test of our own: the end of its id, which nobody can guess, and whether it must pass."""

    name: str
    passes: bool


@dataclass(frozen=True, slots=True)
class Report:
    """A report, parsed. `flaw` says what is wrong with it as a document; events before the flaw are kept."""

    events: tuple[Mapping[str, Any], ...]
    flaw: str = ""

    def of(self, kind: str) -> tuple[Mapping[str, Any], ...]:
        return tuple(event for event in self.events if event.get("event") == kind)

    @property
    def collected(self) -> tuple[str, ...]:
        return tuple(str(i) for event in self.of("collected") for i in event.get("ids", ()))

    @property
    def deselected(self) -> tuple[str, ...]:
        return tuple(str(i) for event in self.of("collected") for i in event.get("deselected", ()))

    @property
    def collect_errors(self) -> tuple[tuple[str, Failure], ...]:
        """What could not be read: path or id, and why."""
        return tuple(
            (str(event.get("id", "")), _failure({**event, "phase": "collect"})) for event in self.of("collect_error")
        )

    @property
    def complete(self) -> bool:
        return not self.flaw and bool(self.events) and self.events[-1].get("event") == "end"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One result per expected id, in order, and why the run must not be believed ("" when it may be)."""

    results: tuple[TestResult, ...]
    distrust: str


def parse(content: bytes, key: bytes) -> Report:
    """Reads a report up to its first flaw. Never raises."""
    events: list[Mapping[str, Any]] = []
    for number, line in enumerate(content.split(b"\n")):
        if not line:
            if number != content.count(b"\n"):
                return Report(tuple(events), "the report holds an empty line")
            continue
        event = parse_line(line, key)
        if event is None:
            return Report(tuple(events), f"line {number + 1} of the report was not written by our reporter")
        if event.get("n") != number:
            return Report(tuple(events), f"the report has a gap at event {number}")
        events.append(event)
    return Report(tuple(events))


def parse_line(line: bytes, key: bytes) -> Mapping[str, Any] | None:
    """One event, or None when it is not authentic."""
    mac, _, body = line.partition(b" ")
    if not hmac.compare_digest(mac, hmac.new(key, body, hashlib.sha256).hexdigest().encode()):
        return None
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def judge(
    expected: Sequence[str],
    report: Report,
    *,
    canaries: Sequence[Canary],
    exit_code: int,
    ended: Ended,
    output: str = "",
    basis: Basis = Basis.OUR_REPORTER,
) -> Judgement:
    """Holds a report against the ids expected and the way the process ended.

    `output` is what the runner printed: where nothing was reported it may say why. A command of the project's own
    (`basis`) has no canaries: there the report must be of one mind with the exit code, and an exit code alone shows
    that something fails, never that it passes.
    """
    tests: dict[str, list[Mapping[str, Any]]] = {}
    for event in report.of("test"):
        tests.setdefault(str(event.get("id")), []).append(event)
    absent = _Absent(report, ended, exit_code, output)
    results = tuple(_result(tests[i][0]) if i in tests else absent.result(i) for i in expected)
    distrust = (
        _unfinished(report, ended, exit_code)
        or _repeated(expected, tests)
        or _bent(tests)
        or _canaries(report, tests, canaries)
        or (_miscounted(report, exit_code) if basis is Basis.OUR_REPORTER else _own(report, tests, exit_code, basis))
        or ("" if expected else "no test was expected, so nothing was shown")
    )
    return Judgement(results, distrust)


# ---------------------------------------------------------------- the report as a whole


def _unfinished(report: Report, ended: Ended, exit_code: int) -> str:
    if report.flaw:
        return report.flaw
    if ended is not Ended.EXITED:
        return f"the run did not finish: {ended.value}"
    if not report.complete:
        return f"the run did not finish: the process ended with exit code {exit_code} before the report was complete"
    if len(report.of("end")) != 1 or len(report.of("collected")) != 1:
        return "the report holds more than one run"
    return ""


def _repeated(expected: Sequence[str], tests: Mapping[str, Sequence[object]]) -> str:
    if len(set(expected)) != len(expected):
        return "a test was expected twice"
    twice = next((i for i in expected if len(tests.get(i, ())) > 1), None)
    return f"{twice} was reported more than once" if twice else ""


def _bent(tests: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """A test that was reported as passed though we saw it end otherwise."""
    for test_id, events in tests.items():
        for event in events:
            if _result(event).outcome is Outcome.PASSED and event.get("own") != "passed":
                seen = event.get("own") or "never run"
                return f"{test_id} was reported as passed, but was seen to be: {seen}"
    return ""


def _canaries(report: Report, tests: Mapping[str, Sequence[Mapping[str, Any]]], canaries: Sequence[Canary]) -> str:
    for canary in canaries:
        found = [events for test_id, events in tests.items() if test_id.endswith(canary.name)]
        if len(found) != 1 or len(found[0]) != 1:
            return "a control test of ours was not run exactly once"
        outcome = _result(found[0][0]).outcome
        wanted = Outcome.PASSED if canary.passes else Outcome.FAILED
        if outcome is not wanted:
            return f"a control test of ours that must end as {wanted.value} ended as {outcome.value}"
    order = [str(event.get("id")) for event in report.of("test")]
    if canaries and not (order[0].endswith(canaries[0].name) and order[-1].endswith(canaries[-1].name)):
        return "our control tests were not the first and the last"
    return ""


def _miscounted(report: Report, exit_code: int) -> str:
    end = report.of("end")[0]
    if end.get("status") != EXIT_TESTS_FAILED or exit_code != EXIT_TESTS_FAILED:
        said = end.get("status")
        return f"exit code {exit_code} (reported as {said}) does not fit a run in which a control test fails"
    if end.get("ran") != len(report.of("test")):
        return "the report's own count of tests does not fit"
    return ""


def _own(report: Report, tests: Mapping[str, Sequence[Mapping[str, Any]]], exit_code: int, basis: Basis) -> str:
    """What a project's own command says, and what its report says, must be the same."""
    end = report.of("end")[0]
    if end.get("status") != exit_code or end.get("ran") != len(report.of("test")):
        return "the report's own count of tests, or its exit code, does not fit"
    if basis is Basis.EXIT_CODE:
        why = "the command ended well, which is easily faked: name its report in .github/fixbugs.yml (`report:`)"
        return why if exit_code == 0 else ""
    twice = next((test_id for test_id, events in tests.items() if len(events) > 1), None)
    if twice:  # even one that nobody expects: which of them is meant, next time?
        return f"{twice} was reported more than once"
    failing = (Outcome.FAILED, Outcome.ERROR, Outcome.TIMED_OUT)
    failed = [test_id for test_id, events in tests.items() if _result(events[0]).outcome in failing]
    if exit_code == 0 and failed:
        return f"the command ended with exit code 0, although {failed[0]} failed in its report"
    if exit_code != 0 and not failed:
        return f"the command ended with exit code {exit_code}, although no test failed in its report"
    return ""


# ---------------------------------------------------------------- one test


def outcome_of(event: Mapping[str, Any]) -> Outcome:
    """The outcome that a test's event states."""
    return _result(event).outcome


def read_coverage(content: bytes, expected: Sequence[str]) -> tuple[TestCoverage, ...]:
    """Executed lines per expected test, from lines of {"id", "lines": {path: [start, stop, …]}}; the rest is skipped.

    Not authenticated: it ranks suspects and proves nothing.
    """
    wanted, found = set(expected), {}
    for raw in content.splitlines():
        try:
            record = json.loads(raw)
            test_id = str(record["id"])
            lines = tuple((str(path), _expanded(flat)) for path, flat in record["lines"].items())
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if test_id in wanted:
            found[test_id] = TestCoverage(test_id, lines)
    return tuple(found[test_id] for test_id in expected if test_id in found)


def _expanded(flat: Sequence[int]) -> tuple[int, ...]:
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return tuple(line for start, stop in pairs for line in range(start, min(stop, start + MAX_LINES) + 1))


def _result(event: Mapping[str, Any]) -> TestResult:
    phases = [phase for phase in event.get("phases", ()) if isinstance(phase, dict)]
    failures = [_failure(failure) for failure in event.get("failures", ()) if isinstance(failure, dict)]
    outcome, phase = _outcome(phases, bool(event.get("timed_out")))
    failure = None
    if outcome not in (Outcome.PASSED, Outcome.SKIPPED):
        failure = next((f for f in failures if f.phase == phase), failures[0] if failures else None)
    duration_s = sum(float(p.get("duration_s", 0.0)) for p in phases if not p.get("sub"))
    return TestResult(str(event.get("id")), outcome, duration_s, failure)


def _outcome(phases: Sequence[Mapping[str, Any]], timed_out: bool) -> tuple[Outcome, str]:
    """The outcome, and the phase that decided it."""
    if timed_out:
        failed = next((p for p in phases if p.get("outcome") == "failed"), {})
        return Outcome.TIMED_OUT, str(failed.get("when", "call"))
    for phase in phases:
        if phase.get("outcome") in ("failed", "rerun"):
            when = str(phase.get("when"))
            return (Outcome.FAILED if when == "call" else Outcome.ERROR), when
    if any(p.get("outcome") == "skipped" for p in phases):
        return (Outcome.XFAILED if any(p.get("xfail") for p in phases) else Outcome.SKIPPED), "call"
    if any(p.get("xfail") for p in phases):
        return Outcome.XPASSED, "call"
    whole = [(p.get("when"), p.get("outcome")) for p in phases if not p.get("sub")]
    if whole != [("setup", "passed"), ("call", "passed"), ("teardown", "passed")]:
        return Outcome.ERROR, "call"
    return Outcome.PASSED, ""


def _failure(raw: Mapping[str, Any]) -> Failure:
    message, kind = str(raw.get("message", ""))[:MAX_TEXT], str(raw.get("type", ""))
    text = str(raw.get("text", ""))[:MAX_TEXT]
    if kind in ("", "CollectError"):
        kind, message = raised_in(text or message, kind, message)
    frames = tuple(
        Frame(str(f.get("path")), _line(f.get("line")), str(f.get("function", "")), str(f.get("code", "")))
        for f in raw.get("frames", ())
        if isinstance(f, dict)
    )
    return Failure(kind, message, str(raw.get("phase", "call")), frames, text)


def raised_in(text: str, kind: str = "", message: str = "") -> tuple[str, str]:
    """Type and message of the last exception that a runner's output shows; what was given when it shows none."""
    found = RAISED.findall(text[-MAX_TEXT:])
    return (str(found[-1][0]), str(found[-1][1])) if found else (kind, message)


def _line(value: object) -> int:
    return value if isinstance(value, int) else 0


class _Absent:
    """Says why a test that was expected has no result."""

    def __init__(self, report: Report, ended: Ended, exit_code: int, output: str) -> None:
        self._errors = report.collect_errors
        self._started = bool(report.of("collected"))
        self._how = f"exit code {exit_code}" if ended is Ended.EXITED else ended.value
        self._output = output
        done = {event.get("id") for event in report.of("test")}
        begun = [str(event.get("id")) for event in report.of("begin")]
        self._running = begun[-1] if begun and begun[-1] not in done and not report.complete else ""

    def result(self, test_id: str) -> TestResult:
        path = test_id.split("::", maxsplit=1)[0]
        for where, failure in self._errors:
            if where and (test_id == where or test_id.startswith((where + "::", where.rstrip("/") + "/"))):
                return TestResult(test_id, Outcome.ERROR, failure=failure)
            if where and where.split("::")[0] == path:
                return TestResult(test_id, Outcome.ERROR, failure=failure)
        if test_id == self._running:
            message = f"the test process ended while this test ran ({self._how})"
            return TestResult(test_id, Outcome.MISSING, failure=Failure("ProcessEnded", message, "call"))
        if not self._started:
            kind, message = raised_in(self._output, "NotStarted", f"the runner did not start ({self._how})")
            return TestResult(
                test_id, Outcome.MISSING, failure=Failure(kind, message, "collect", text=self._output[-4000:])
            )
        return TestResult(test_id, Outcome.MISSING)
