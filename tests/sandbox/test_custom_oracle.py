"""The oracle, on a project's own command: what is believed of a report that has no control tests of ours in it."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from bot.core.testing import Basis, Outcome
from bot.ports import Ended
from sandbox.oracle import Judgement, judge, parse

KEY = b"k" * 32
A, B = "tests/a.c::adds", "tests/a.c::zero"
Event = dict[str, Any]


def test_event(test_id: str, outcome: str = "passed") -> Event:
    phases = [{"when": when, "outcome": "passed"} for when in ("setup", "call", "teardown")]
    phases[1]["outcome"] = outcome
    own = "passed" if outcome == "passed" else "not passed"
    return {"event": "test", "id": test_id, "own": own, "phases": phases, "failures": []}


test_event.__test__ = False  # type: ignore[attr-defined] # pytest: a builder, not a test


def judged(*tests: Event, exit_code: int, basis: Basis = Basis.OWN_REPORT, status: int | None = None) -> Judgement:
    end = {"event": "end", "status": exit_code if status is None else status, "ran": len(tests)}
    collected = {"event": "collected", "ids": [test["id"] for test in tests]}
    events: tuple[Event, ...] = ({"event": "start"}, collected, *tests, end)
    content = b""
    for number, event in enumerate(events):
        body = json.dumps({**event, "n": number}).encode()
        content += hmac.new(KEY, body, hashlib.sha256).hexdigest().encode() + b" " + body + b"\n"
    return judge(
        (A, B), parse(content, KEY), canaries=(), exit_code=exit_code, ended=Ended.EXITED, output="", basis=basis
    )


def outcomes(judgement: Judgement) -> list[Outcome]:
    return [result.outcome for result in judgement.results]


def test_passed_tests_and_exit_code_0_are_believed() -> None:
    judgement = judged(test_event(A), test_event(B), exit_code=0)
    assert (outcomes(judgement), judgement.distrust) == ([Outcome.PASSED, Outcome.PASSED], "")


def test_a_failed_test_and_another_exit_code_are_believed() -> None:
    judgement = judged(test_event(A, "failed"), test_event(B), exit_code=1)
    assert (outcomes(judgement), judgement.distrust) == ([Outcome.FAILED, Outcome.PASSED], "")


def test_a_test_that_is_not_in_the_report_is_missing() -> None:
    assert outcomes(judged(test_event(A), exit_code=0)) == [Outcome.PASSED, Outcome.MISSING]


@pytest.mark.parametrize(
    ("tests", "exit_code", "why"),
    [
        (
            [test_event(A, "failed"), test_event(B)],
            0,
            f"the command ended with exit code 0, although {A} failed in its report",
        ),
        (
            [test_event(A), test_event(B)],
            2,
            "the command ended with exit code 2, although no test failed in its report",
        ),
        ([test_event(A), test_event(B), test_event(A)], 0, f"{A} was reported more than once"),
        ([test_event(A), test_event(B), test_event("c"), test_event("c")], 0, "c was reported more than once"),
    ],
)
def test_a_report_of_another_mind_than_the_exit_code_is_not_believed(
    tests: list[Event], exit_code: int, why: str
) -> None:
    assert judged(*tests, exit_code=exit_code).distrust == why


def test_another_exit_code_than_the_wrapper_saw_is_not_believed() -> None:
    judgement = judged(test_event(A), test_event(B), exit_code=0, status=1)
    assert judgement.distrust == "the report's own count of tests, or its exit code, does not fit"


def test_an_exit_code_alone_shows_a_failure_and_never_a_pass() -> None:
    red = judged(test_event(A, "failed"), exit_code=1, basis=Basis.EXIT_CODE)
    green = judged(test_event(A), test_event(B), exit_code=0, basis=Basis.EXIT_CODE)
    assert red.distrust == ""
    assert green.distrust == (
        "the command ended well, which is easily faked: name its report in .github/fixbugs.yml (`report:`)"
    )


def test_where_our_reporter_runs_exit_code_0_stays_unbelievable() -> None:
    assert "does not fit" in judged(test_event(A), test_event(B), exit_code=0, basis=Basis.OUR_REPORTER).distrust
