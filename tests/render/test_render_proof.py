"""The lines of the proof say what the judge found: neither more nor less."""

from __future__ import annotations

from dataclasses import replace

from bot.core.artifacts import Judgement, SuiteChange
from bot.core.testing import Outcome
from bot.render.proof import ProofStep, proof_steps
from builders import SUITE, TEST_ID, fixed_record, ran, reproduction, validation, with_artifacts
from forge_records import judged_record, judgement, rebased_record


def step(label: str, *made: object) -> ProofStep:
    record = with_artifacts(fixed_record(), *made)  # type: ignore[arg-type]  # artifacts
    return next(found for found in proof_steps(record) if found.label == label)


def test_a_named_test_that_does_not_end_is_shown_as_red() -> None:
    hanging = replace(reproduction(), red=(ran((TEST_ID,), Outcome.TIMED_OUT),) * 3, failing_ids=(TEST_ID,))
    before = step("Before", hanging)

    assert (before.value, before.holds) == ("red 3 of 3", True)
    assert before.detail == "At 4f0c2a9 the test fails: it does not end."


def test_a_test_whose_set_up_broke_is_not_shown_as_red() -> None:
    broken = replace(reproduction(), red=(ran((TEST_ID,), Outcome.ERROR),) * 3, failing_ids=(TEST_ID,))

    assert step("Before", broken).value == "red 0 of 3"


def test_a_test_that_the_proof_found_flaky_is_not_shown_as_broken() -> None:
    note = "flaky: passes 2 of 3 times with the fix"
    changes = (SuiteChange(SUITE[0], Outcome.PASSED, Outcome.FAILED, note),)

    assert step("Everything else", validation(changes=changes)).value == "1 changed, none broken"


def test_a_test_that_is_broken_is_shown_as_broken() -> None:
    changes = (SuiteChange(SUITE[0], Outcome.PASSED, Outcome.FAILED),)

    assert step("Everything else", validation(changes=changes)).value == "1 broken"


def judged_step(label: str, found: Judgement) -> ProofStep:
    return next(step for step in proof_steps(judged_record(found)) if step.label == label)


def test_a_judged_change_whose_tests_pass_on_the_base_is_not_shown_as_red() -> None:
    passing = replace(judgement("All of its tests pass on the base too."), failing_ids=(), red=(ran((TEST_ID,)),) * 3)
    before = judged_step("Before", passing)

    assert (before.value, before.holds) == ("not red", False)
    assert before.detail == "On the base 4f0c2a9, with only its tests added, its test does not show a bug."


def test_a_judged_change_counts_how_many_of_its_tests_fail_on_the_base() -> None:
    ids = (TEST_ID, *SUITE[:3])
    before = judged_step("Before", replace(judgement(), test_ids=ids))

    assert "1 of its 4 tests fails: ValueError" in before.detail


def test_a_judged_change_that_fails_once_at_its_head_is_not_green() -> None:
    green = (ran((TEST_ID,)), ran((TEST_ID,), Outcome.FAILED), ran((TEST_ID,)))
    after = judged_step("After", replace(judgement("At its head it passes 2 of 3 times."), green=green))

    assert (after.value, after.holds) == ("green 2 of 3", False)


def test_a_test_that_the_judge_found_flaky_is_not_shown_as_broken() -> None:
    change = SuiteChange(SUITE[0], Outcome.PASSED, Outcome.FAILED)
    told = f"{SUITE[0]} passes at the base and fails at its head."

    assert judged_step("Everything else", judgement(changes=(change,))).value == "1 changed, none broken"
    assert judged_step("Everything else", judgement(told, changes=(change,))).value == "1 broken"


def test_a_hunk_that_is_not_needed_is_named() -> None:
    spare = judged_step("Nothing spare", judgement("It is not needed.", unneeded=True))

    assert (spare.value, spare.holds) == ("1 of 2 hunks needed", False)
    assert spare.detail == "All tests end alike without paperboy/log.py:1."


def test_a_proof_on_a_newer_commit_is_a_step_of_its_own() -> None:
    last = proof_steps(rebased_record())[-1]

    assert (last.label, last.value, last.holds) == ("On the newest commit", "proved again", True)
    assert last.detail.startswith("The branch had moved to c0ffee6, so all of it was run again there: 3 of 3 green")
