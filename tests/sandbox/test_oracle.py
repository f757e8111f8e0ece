"""The oracle, on reports made by hand: what is believed, and what each flaw is called."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from bot.core.testing import Outcome, TestCoverage
from bot.ports import Ended
from sandbox.oracle import Canary, Judgement, judge, parse, parse_line, read_coverage

KEY = b"k" * 32
FIRST, SECOND, LAST = Canary("test_c1", passes=False), Canary("test_c2", passes=True), Canary("test_c3", passes=False)
CANARIES = (FIRST, SECOND, LAST)
A, B = "tests/test_a.py::test_a", "tests/test_a.py::test_b"
Event = dict[str, Any]


def line(event: Event, key: bytes = KEY) -> bytes:
    body = json.dumps(event).encode()
    return hmac.new(key, body, hashlib.sha256).hexdigest().encode() + b" " + body + b"\n"


def report(*events: Event) -> bytes:
    return b"".join(line({**event, "n": number}) for number, event in enumerate(events))


def phases(
    call: str = "passed", *, setup: str = "passed", teardown: str = "passed", xfail: bool = False
) -> list[Event]:
    named = [("setup", setup), ("call", call), ("teardown", teardown)]
    return [{"when": when, "outcome": outcome, "xfail": xfail and when == "call"} for when, outcome in named if outcome]


def ended(test_id: str, *, own: str | None = "passed", parts: list[Event] | None = None, **more: object) -> Event:
    return {"event": "test", "id": test_id, "own": own, "phases": parts or phases(), "failures": [], **more}


def failed(test_id: str) -> Event:
    return ended(test_id, own="AssertionError", parts=phases("failed"))


def whole(*tests: Event, status: int = 1, ran: int | None = None) -> tuple[Event, ...]:
    """A complete report of these tests, with canaries that came out right."""
    inside = (failed("x/test_c1"), ended("x/test_c2"), *tests, failed("x/test_c3"))
    collected = {"event": "collected", "ids": [test["id"] for test in tests]}
    end = {"event": "end", "status": status, "ran": len(inside) if ran is None else ran}
    return ({"event": "start"}, collected, *inside, end)


def judged(
    content: bytes, *expected: str, exit_code: int = 1, how: Ended = Ended.EXITED, output: str = ""
) -> Judgement:
    parsed = parse(content, KEY)
    return judge(expected, parsed, canaries=CANARIES, exit_code=exit_code, ended=how, output=output)


def outcomes(judgement: Judgement) -> list[Outcome]:
    return [result.outcome for result in judgement.results]


def test_a_complete_report_of_passed_tests_is_believed() -> None:
    judgement = judged(report(*whole(ended(A), ended(B))), A, B)
    assert (outcomes(judgement), judgement.distrust) == ([Outcome.PASSED, Outcome.PASSED], "")


def test_results_come_in_the_order_that_was_expected() -> None:
    judgement = judged(report(*whole(ended(A), failed(B))), B, A)
    assert [(result.id, result.outcome) for result in judgement.results] == [(B, Outcome.FAILED), (A, Outcome.PASSED)]


@pytest.mark.parametrize(
    ("parts", "more", "outcome"),
    [
        (phases("failed"), {}, Outcome.FAILED),
        (phases("", setup="failed"), {}, Outcome.ERROR),
        (phases(teardown="failed"), {}, Outcome.ERROR),
        (phases("skipped"), {}, Outcome.SKIPPED),
        (phases("skipped", xfail=True), {}, Outcome.XFAILED),
        (phases("passed", xfail=True), {}, Outcome.XPASSED),
        (phases("failed"), {"timed_out": True}, Outcome.TIMED_OUT),
        (phases("rerun") + phases(), {}, Outcome.FAILED),
        (phases()[:2], {}, Outcome.ERROR),
        (phases() + phases(), {}, Outcome.ERROR),
        ([{"when": "call", "outcome": "failed", "sub": True}, *phases()], {}, Outcome.FAILED),
    ],
)
def test_only_set_up_call_and_tear_down_passed_once_each_is_a_pass(
    parts: list[Event], more: Event, outcome: Outcome
) -> None:
    assert outcomes(judged(report(*whole(ended(A, parts=parts, **more))), A)) == [outcome]


def test_a_test_that_was_not_reported_is_missing() -> None:
    judgement = judged(report(*whole(ended(A))), A, B)
    assert (outcomes(judgement), judgement.distrust) == ([Outcome.PASSED, Outcome.MISSING], "")


@pytest.mark.parametrize(
    ("content", "distrust"),
    [
        (b"", "the run did not finish: the process ended with exit code 1 before the report was complete"),
        (report(*whole(ended(A))[:-1]), "the run did not finish: the process ended with exit code 1 before"),
        (report(*whole(ended(A))) + b"x {}\n", "line 8 of the report was not written by our reporter"),
        (report(*whole(ended(A))) + line({"n": 99}), "the report has a gap at event 7"),
        (report(*whole(ended(A)), *whole(ended(A))), "the report holds more than one run"),
        (report(*whole(ended(A), ended(A))), f"{A} was reported more than once"),
        (report(*whole(ended(A, own="AssertionError"))), f"{A} was reported as passed, but was seen to be: Asserti"),
        (report(*whole(ended(A, own=None))), f"{A} was reported as passed, but was seen to be: never run"),
        (report(*whole(ended(A), status=0)), "exit code 1 (reported as 0) does not fit"),
        (report(*whole(ended(A), ran=2)), "the report's own count of tests does not fit"),
        (report({"event": "start"}, *whole(ended(A))[2:]), "the report holds more than one run"),
    ],
)
def test_a_flawed_report_is_distrusted_by_name(content: bytes, distrust: str) -> None:
    assert judged(content, A).distrust.startswith(distrust)


@pytest.mark.parametrize(
    ("tampered", "distrust"),
    [
        ({2: ended("x/test_c1")}, "a control test of ours that must end as failed ended as passed"),
        ({3: failed("x/test_c2")}, "a control test of ours that must end as passed ended as failed"),
        ({5: ended("x/test_other")}, "a control test of ours was not run exactly once"),
        ({4: failed("x/test_c3"), 5: ended(A)}, "our control tests were not the first and the last"),
    ],
)
def test_control_tests_that_come_out_wrong_are_distrusted(tampered: dict[int, Event], distrust: str) -> None:
    events = list(whole(ended(A)))
    for position, event in tampered.items():
        events[position] = event
    assert judged(report(*events), A).distrust == distrust


def test_an_exit_code_that_does_not_fit_the_report_is_distrusted() -> None:
    assert "exit code 0 (reported as 1)" in judged(report(*whole(ended(A))), A, exit_code=0).distrust


def test_a_run_that_was_ended_is_distrusted_even_with_a_complete_report() -> None:
    assert judged(report(*whole(ended(A))), A, how=Ended.TIMED_OUT).distrust == "the run did not finish: timed out"


def test_nothing_expected_is_nothing_shown() -> None:
    assert judged(report(*whole())).distrust == "no test was expected, so nothing was shown"


def test_the_test_that_ran_when_the_process_ended_is_named() -> None:
    events = ({"event": "start"}, {"event": "collected", "ids": [A, B]}, {"event": "begin", "id": A})
    first, second = judged(report(*events), A, B, exit_code=-11).results
    assert first.failure is not None
    assert first.failure.message == "the test process ended while this test ran (exit code -11)"
    assert second.failure is None


def test_a_file_that_could_not_be_read_gives_its_tests_the_error() -> None:
    error = {"event": "collect_error", "id": "tests/test_a.py", "type": "SyntaxError", "message": "bad", "text": "…"}
    events = whole()
    result = judged(report(events[0], error, *events[1:]), A).results[0]
    assert result.failure is not None
    assert (result.outcome, result.failure.exception_type, result.failure.phase) == (
        Outcome.ERROR,
        "SyntaxError",
        "collect",
    )


def test_a_runner_that_did_not_start_is_explained_by_what_it_printed() -> None:
    output = "ImportError while loading conftest 'conftest.py'.\nE   ModuleNotFoundError: No module named 'nowhere'"
    result = judged(report({"event": "start"}), A, exit_code=4, output=output).results[0]
    assert result.failure is not None
    assert (result.failure.exception_type, result.failure.message) == (
        "ModuleNotFoundError",
        "No module named 'nowhere'",
    )


def test_failures_come_with_frames_and_text() -> None:
    frame = {"path": "calc.py", "line": 2, "function": "add", "code": "return a - b"}
    failure = {"phase": "call", "type": "KeyError", "message": "'x'", "frames": [frame], "text": "E   KeyError: 'x'"}
    event = {**failed(A), "failures": [failure]}
    found = judged(report(*whole(event)), A).results[0].failure
    assert found is not None
    assert (found.exception_type, found.message, found.frames[0].path, found.frames[0].line) == (
        "KeyError",
        "'x'",
        "calc.py",
        2,
    )


def test_a_line_signed_with_another_key_is_no_event() -> None:
    assert parse_line(line({"event": "end"}, b"other").strip(), KEY) is None


def test_a_signed_line_that_is_not_an_object_is_no_event() -> None:
    body = b"[1]"
    assert parse_line(hmac.new(KEY, body, hashlib.sha256).hexdigest().encode() + b" " + body, KEY) is None


def test_coverage_is_read_per_expected_test_and_nonsense_is_skipped() -> None:
    lines = [{"id": A, "lines": {"calc.py": [1, 2, 5, 5]}}, {"id": "other", "lines": {}}, {"id": B, "lines": [1]}]
    content = b"\n".join(json.dumps(entry).encode() for entry in lines) + b"\n{half"
    assert read_coverage(content, (A, B)) == (TestCoverage(A, (("calc.py", (1, 2, 5)),)),)
