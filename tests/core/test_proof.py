"""The rules of proof: what counts as red, as a change, as a necessary hunk."""

from __future__ import annotations

import pytest

from bot.core.artifacts import Necessity
from bot.core.proof import judge_reproduction, necessity_of, regressions, suite_changes
from bot.core.testing import Failure, FailureSignature, Isolation, Outcome, TestResult, TestRun

T = "tests/test_a.py::test_a"
U = "tests/test_a.py::test_b"
ASSERTION = Failure("AssertionError", "assert 1 == 2", text="E assert 1 == 2")
ANY = FailureSignature()


def ran(outcome: Outcome, failure: Failure | None = None, *, test_id: str = T, distrust: str = "") -> TestRun:
    if failure is None and outcome is Outcome.FAILED:
        failure = ASSERTION
    return TestRun((test_id,), (TestResult(test_id, outcome, 0.0, failure),), 1, 0.0, Isolation.NONE, distrust)


def suite(**outcomes: Outcome) -> TestRun:
    results = tuple(TestResult(name, outcome) for name, outcome in outcomes.items())
    return TestRun(tuple(outcomes), results, 0, 0.0, Isolation.NONE)


def judged(runs: list[TestRun], signature: FailureSignature = ANY, *, hang_counts: bool = False) -> tuple[bool, str]:
    verdict = judge_reproduction(runs, signature, hang_counts=hang_counts)
    return bool(verdict.failing_ids), verdict.reason


def test_three_like_failures_by_assertion_count() -> None:
    assert judged([ran(Outcome.FAILED)] * 3) == (True, "")


def test_a_test_that_passes_once_does_not_count() -> None:
    counts, reason = judged([ran(Outcome.FAILED), ran(Outcome.PASSED), ran(Outcome.FAILED)])

    assert not counts
    assert reason == f"{T} is not stable: it failed 2 of 3 times"


def test_passing_every_time_is_told_apart_from_not_failing_right() -> None:
    assert judge_reproduction([ran(Outcome.PASSED)] * 3, ANY, hang_counts=False).passed
    assert not judge_reproduction([ran(Outcome.SKIPPED)] * 3, ANY, hang_counts=False).passed


@pytest.mark.parametrize(
    ("outcome", "failure", "reason"),
    [
        (Outcome.ERROR, Failure("ImportError", "no x", phase="collect"), "did not run: ImportError in collect"),
        (Outcome.ERROR, Failure("KeyError", "'db'", phase="setup"), "did not run: KeyError in setup"),
        (Outcome.FAILED, Failure("NameError", "x"), "failed with NameError, which the report does not mention"),
        (Outcome.TIMED_OUT, None, "did not end in time, which shows nothing by itself"),
        (Outcome.MISSING, None, "was never reported"),
    ],
)
def test_failing_for_a_reason_of_its_own_does_not_count(outcome: Outcome, failure: Failure | None, reason: str) -> None:
    counts, said = judged([ran(outcome, failure)] * 3)

    assert not counts
    assert reason in said


def test_a_persons_own_test_may_fail_by_not_ending() -> None:
    assert judged([ran(Outcome.TIMED_OUT)] * 3, hang_counts=True) == (True, "")


def test_a_run_that_cannot_be_trusted_never_counts() -> None:
    counts, reason = judged([ran(Outcome.FAILED, distrust="the report is not complete")] * 3)

    assert not counts
    assert "cannot be trusted: the report is not complete" in reason


@pytest.mark.parametrize(
    ("signature", "failure", "fits"),
    [
        (FailureSignature(exception_type="KeyError"), Failure("KeyError", "'a'"), True),
        (FailureSignature(exception_type="KeyError"), Failure("ValueError", "bad"), False),
        (FailureSignature(exception_type="KeyError", message_part="'a'"), Failure("KeyError", "'a'"), True),
        (FailureSignature(exception_type="KeyError", message_part="'a'"), Failure("KeyError", "'b'"), False),
        (FailureSignature(exception_type="ImportError"), Failure("ImportError", "no x"), True),
        (FailureSignature(actual="2"), ASSERTION, True),
    ],
)
def test_the_failure_must_be_the_one_reported(signature: FailureSignature, failure: Failure, fits: bool) -> None:
    assert judged([ran(Outcome.FAILED, failure)] * 3, signature)[0] is fits


def test_changes_name_what_broke_what_was_mended_and_what_is_flaky() -> None:
    before = suite(a=Outcome.PASSED, b=Outcome.FAILED, c=Outcome.PASSED, d=Outcome.PASSED, e=Outcome.MISSING)
    after = suite(a=Outcome.FAILED, b=Outcome.PASSED, c=Outcome.PASSED, d=Outcome.FAILED, e=Outcome.FAILED)

    changes = suite_changes(before, after, flaky={"d"})

    assert [(c.id, c.note) for c in changes] == [("a", ""), ("b", ""), ("d", "flaky before")]
    assert [c.id for c in regressions(changes)] == ["a"]


def test_a_test_that_vanished_is_a_regression() -> None:
    changes = suite_changes(suite(a=Outcome.PASSED, b=Outcome.PASSED), suite(b=Outcome.PASSED), ())

    assert [(c.id, c.after) for c in regressions(changes)] == [("a", Outcome.MISSING)]


def test_a_hunk_is_necessary_coupled_or_not_needed() -> None:
    broken = ran(Outcome.ERROR, Failure("NameError", "x", phase="collect"))

    assert necessity_of(ran(Outcome.FAILED), [T]) is Necessity.NECESSARY
    assert necessity_of(broken, [T]) is Necessity.COUPLED
    assert necessity_of(ran(Outcome.PASSED), [T]) is None


def test_nothing_expected_is_never_green() -> None:
    assert not TestRun((), (), 0, 0.0, Isolation.NONE).green
