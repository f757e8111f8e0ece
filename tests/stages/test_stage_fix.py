"""From a failing test to candidates: which are best, which are refused, and what is said when none is left."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stage_runs import (
    DOSSIER,
    RED_AND_GREEN,
    Ran,
    Script,
    analysis,
    candidate,
    context_of,
    environment,
    fixed,
    ran,
    reproduction,
    root_cause,
)

from bench import instant
from bench.instant import FIXED, PASSING, InstantFixer, InstantWorkbench
from bot.core.artifacts import Candidates, Environment, Screened, Suspect
from bot.core.outcomes import Advance, GiveUp
from bot.core.run import StageName, Verdict
from bot.core.testing import Outcome
from bot.stages.fix import best_first, off_limits

WRONG = "def total(prices):\n    return len(prices)\n"
GUTTED = "def total(prices):\n    return 3\n"


def searched(
    *texts: str,
    workbench: InstantWorkbench | None = None,
    environment: Environment | None = None,
) -> Ran:
    deps = instant.deps(workbench=workbench, fixer=InstantFixer(texts))
    made = (DOSSIER, analysis(), environment or BASELINE, reproduction(), root_cause())
    return ran(context_of(StageName.FIX, *made, deps=deps))


BASELINE = environment(RED_AND_GREEN)


def found(stage: Ran) -> Candidates:
    assert isinstance(stage.outcome, Advance), stage.outcome
    assert isinstance(stage.outcome.artifact, Candidates)
    return stage.outcome.artifact


def test_what_turns_the_test_green_survives() -> None:
    stage = searched(WRONG, FIXED)

    assert [screened.candidate.patch.edits[0].after for screened in found(stage).survivors] == [FIXED]
    assert (found(stage).generated, found(stage).screened) == (2, 2)


def test_where_nothing_survives_it_says_how_much_was_tried() -> None:
    outcome = searched(WRONG).outcome

    assert outcome == GiveUp(Verdict.NO_FIX_FOUND, "1 candidate change was tried; none is a fix.")


def test_nothing_to_try_is_said_as_such() -> None:
    said = "No change was tried: no repair that is known here fits the suspect places."
    assert searched().outcome == GiveUp(Verdict.NO_FIX_FOUND, said)


def test_suspect_files_that_the_settings_protect_are_named() -> None:
    suspects = [Suspect(path, 1, 1, 1.0) for path in ("shop/cart.py", "shop/tax.py", "shop/cart.py", "a.py")]

    said = "shop/cart.py, shop/tax.py are suspect, and the settings of this repository keep fixes out of there."
    assert off_limits(suspects, ("shop",)) == said
    assert off_limits(suspects, ("docs",)) == ""


def test_a_candidate_that_breaks_another_test_is_named_as_the_nearest() -> None:
    breaks = Script(PASSING, [Outcome.FAILED] * 9, on=fixed)

    assert searched(WRONG, FIXED, workbench=InstantWorkbench(breaks)).outcome == GiveUp(
        Verdict.NO_FIX_FOUND,
        "2 candidate changes were tried; none is a fix. 1 turned it green but broke other tests; "
        "where such a test states the bug itself, a person has to decide.",
        (),
        (f"cart.py:2 sum all prices: the failing test passes, but {PASSING} fails",),
    )


def test_a_test_that_is_flaky_at_the_base_decides_nothing_in_screening() -> None:
    breaks = Script(PASSING, [Outcome.FAILED] * 9, on=fixed)
    flaky = environment(RED_AND_GREEN, flaky=(PASSING,))

    assert len(found(searched(FIXED, workbench=InstantWorkbench(breaks), environment=flaky)).survivors) == 1


def test_a_candidate_that_special_cases_the_test_is_refused_and_said_so() -> None:
    passes: instant.TestRule = lambda tree, i: (  # noqa: E731  # a rule of one line
        Outcome.PASSED if i == PASSING or "return 3" in (tree.text("cart.py") or "") else Outcome.FAILED
    )
    special = "def total(prices):\n    if len(prices) > 1:\n        return 3\n    return sum(prices)\n"
    source = "def test_total_of_two():\n    assert total([1, 2]) == 3\n"
    tree = instant.tree_of({"cart.py": instant.BUGGY, "tests/test_cart.py": source})
    deps = instant.deps(
        code=instant.InstantCode(((DOSSIER.commit, tree),)),
        workbench=InstantWorkbench(passes),
        fixer=InstantFixer((special,)),
    )
    made = (DOSSIER, analysis(), BASELINE, reproduction(), root_cause())
    outcome = ran(context_of(StageName.FIX, *made, deps=deps)).outcome

    assert isinstance(outcome, GiveUp)
    assert outcome.detail == (
        "1 candidate change was tried; none is a fix. "
        "1 turned the test green only by removing or special-casing behaviour."
    )
    assert outcome.tried == (
        "cart.py:2 sum all prices: refused, because "
        "It returns `3`, a value of the failing test: that treats the test's case apart.",
    )


def test_a_slow_suite_is_left_to_the_proof_and_only_what_covers_the_edit_is_screened() -> None:
    baseline = replace(RED_AND_GREEN, wall_s=60.0)
    bench = InstantWorkbench(Script(PASSING, [Outcome.PASSED] * 9))
    stage = searched(FIXED, workbench=bench, environment=environment(baseline))

    assert [screened.reached for screened in found(stage).survivors] == ["covering tests"]


def test_suspects_of_the_root_cause_stand_in_where_no_locator_speaks() -> None:
    class Silent(instant.InstantLocator):
        def locate(self, question: object) -> tuple[Suspect, ...]:
            return ()

    deps = replace(instant.deps(), locators=(Silent(),))
    suspect = Suspect("cart.py", 1, 1, 1.0)
    made = (DOSSIER, analysis(), BASELINE, reproduction(), replace(root_cause(), suspects=(suspect,)))

    assert found(ran(context_of(StageName.FIX, *made, deps=deps))).suspects == (suspect,)


@pytest.mark.parametrize("first", [0, 1])
def test_the_least_surprising_edit_comes_first_and_then_the_smallest(first: int) -> None:
    likely = Screened(replace(candidate(FIXED), surprise=0.1), True, "suite")
    unlikely = Screened(replace(candidate(FIXED), surprise=0.9), True, "suite")
    large = Screened(replace(candidate("a\nb\nc\nd\n"), surprise=0.1), True, "suite")
    order = [likely, large, unlikely]

    assert best_first(order[first:] + order[:first]) == (likely, large, unlikely)
