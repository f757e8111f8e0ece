"""The lines of the proof say what the judge found: neither more nor less."""

from __future__ import annotations

from dataclasses import replace

from bot.core.artifacts import SuiteChange
from bot.core.testing import Outcome
from bot.render.proof import ProofStep, proof_steps
from builders import SUITE, TEST_ID, fixed_record, ran, reproduction, validation, with_artifacts


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
