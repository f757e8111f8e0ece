"""What the baseline says, and what it must not: what was not seen at the base commit is never compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from stage_runs import DOSSIER, OTHER, Ran, Script, context_of, ran

from bench import instant
from bench.instant import FAILING, PASSING, InstantWorkbench
from bot.core.artifacts import Environment
from bot.core.outcomes import Advance, GiveUp
from bot.core.policy import Policy, Wishes
from bot.core.run import StageName, Verdict
from bot.core.testing import Outcome
from bot.core.tree import Tree


def built(workbench: InstantWorkbench) -> Ran:
    return ran(context_of(StageName.ENVIRONMENT, DOSSIER, deps=instant.deps(workbench=workbench)))


def made(workbench: InstantWorkbench) -> Environment:
    stage = built(workbench)
    assert isinstance(stage.outcome, Advance)
    assert isinstance(stage.outcome.artifact, Environment)
    return stage.outcome.artifact


def test_the_baseline_is_the_whole_suite_at_the_base_commit() -> None:
    environment = made(InstantWorkbench())

    assert environment.baseline is not None
    assert environment.baseline.ids(Outcome.FAILED) == (FAILING,)
    assert environment.flaky == ()


def test_a_test_that_passes_and_then_fails_is_flaky() -> None:
    flaky = Script(PASSING, [Outcome.PASSED, Outcome.FAILED])

    assert made(InstantWorkbench(flaky)).flaky == (PASSING,)


def test_a_test_that_fails_twice_and_then_passes_is_flaky() -> None:
    flaky = Script(PASSING, [Outcome.FAILED, Outcome.FAILED, Outcome.PASSED])

    assert made(InstantWorkbench(flaky)).flaky == (PASSING,)


def test_what_the_baseline_showed_is_said_in_counts_of_what_was_reached() -> None:
    rule = Script(OTHER, [Outcome.MISSING] * 9, otherwise=Script(PASSING, [Outcome.PASSED, Outcome.FAILED]))
    stage = built(InstantWorkbench(rule, ids=(FAILING, PASSING, OTHER)))

    assert stage.claims == [
        "1 of 2 tests fail before any change.",
        "1 test did not end alike when run again: flaky.",
        "1 test of the suite never ended at the base commit and cannot be compared.",
    ]


def test_a_baseline_that_cannot_be_trusted_is_none() -> None:
    stage = built(InstantWorkbench(distrust=lambda tree, ids: "the report has a gap at event 3"))

    assert isinstance(stage.outcome, Advance)
    assert isinstance(stage.outcome.artifact, Environment)
    assert stage.outcome.artifact.baseline is None
    why = "its run at the base commit cannot be trusted: the report has a gap at event 3"
    assert stage.outcome.artifact.baseline_skipped == why
    assert stage.claims == [f"The suite is not compared: {why}."]


def test_a_second_run_that_can_be_trusted_stands_for_the_first() -> None:
    said = iter(["the sandbox went away"])
    environment = made(InstantWorkbench(distrust=lambda tree, ids: next(said, "")))

    assert environment.baseline is not None
    assert environment.baseline.distrust == ""


def test_a_baseline_that_ended_early_is_good_as_far_as_it_got() -> None:
    def ended(tree: Tree, test_ids: Sequence[str]) -> str:
        return "the run did not finish: timed out"

    environment = made(InstantWorkbench(Script(FAILING, [Outcome.MISSING] * 9), distrust=ended))

    assert environment.baseline is not None
    assert environment.baseline.ids(Outcome.PASSED) == (PASSING,)


def test_a_baseline_that_reached_nothing_is_none() -> None:
    bench = InstantWorkbench(lambda tree, i: Outcome.MISSING, distrust=lambda tree, ids: "the run did not finish")

    assert made(bench).baseline is None


def test_a_slow_suite_is_run_once() -> None:
    bench = InstantWorkbench(Script(FAILING, [Outcome.PASSED] * 9), run_s=30.0)
    made(bench)

    assert bench.calls == [(FAILING, PASSING)]


def test_a_project_without_tests_goes_on_without_a_baseline() -> None:
    environment = made(InstantWorkbench(ids=()))

    assert (environment.baseline, environment.baseline_skipped) == (None, "the project has no tests")


def test_a_suite_of_which_nothing_loads_cannot_run() -> None:
    unread = (("tests/test_cart.py", "E   ModuleNotFoundError: No module named 'numpy'"),)
    outcome = built(InstantWorkbench(ids=(), unread=unread)).outcome

    assert isinstance(outcome, GiveUp)
    assert outcome.verdict is Verdict.CANNOT_RUN
    assert outcome.detail == (
        "No test could be collected: tests/test_cart.py does not load (ModuleNotFoundError: No module named 'numpy'). "
        "Make the suite load at this commit, or name another with --ref."
    )


@pytest.mark.parametrize(
    ("unread", "said"),
    [
        ((), "instant/pytest, built in 0.0 s; 2 tests"),
        ((("tests/a.py", "x"),), "instant/pytest, built in 0.0 s; 2 tests, 1 file does not load"),
        ((("tests/a.py", "x"), ("tests/b.py", "x")), "instant/pytest, built in 0.0 s; 2 tests, 2 files do not load"),
    ],
)
def test_the_first_words_count_what_loads(unread: tuple[tuple[str, str], ...], said: str) -> None:
    assert built(InstantWorkbench(unread=unread)).findings == [said]


def test_what_was_left_out_of_the_environment_is_evidence() -> None:
    class Noted(InstantWorkbench):
        async def prepare(self, tree: Tree, **asked: Any) -> Environment:
            return replace(await super().prepare(tree, **asked), notes=("pytest-xdist is left out.",))

    assert "pytest-xdist is left out." in built(Noted()).claims


def test_settings_that_this_sandbox_does_not_use_are_named() -> None:
    context = context_of(StageName.ENVIRONMENT, DOSSIER)
    policy = Policy(wishes=Wishes(test="make check", image="python:3.12"))
    context.record = replace(context.record, run=replace(context.run, policy=policy))

    outcome = ran(context).outcome

    assert isinstance(outcome, Advance)
    assert isinstance(outcome.artifact, Environment)
    assert outcome.artifact.notes == (
        "`image` of .github/fixbugs.yml: not used, because only the Docker sandbox has images.",
    )
