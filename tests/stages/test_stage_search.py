"""When a search stops: at its share of the time, at enough survivors, at the end of what there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence

import pytest
from stage_runs import DOSSIER, RED_AND_GREEN, candidate, context_of, environment, reproduction

from bench import instant
from bench.instant import FAILING, FIXED, PROJECT, InstantWorkbench
from bot.core.artifacts import CandidatePatch, Environment, Screened
from bot.core.run import StageName
from bot.core.tree import Tree
from bot.ports import FixQuestion, ScreeningPlan
from bot.stages.search import SURVIVORS_AT_MOST, Search


def search(workbench: InstantWorkbench | None = None, *, remaining_s: float = 60.0) -> Search:
    deps = instant.deps(workbench=workbench)
    context = context_of(StageName.FIX, DOSSIER, deps=deps, remaining_s=remaining_s)
    question = FixQuestion(PROJECT, reproduction(), (), (), lambda path: True)
    return Search(context, environment(RED_AND_GREEN), reproduction(), question)


def wrong(count: int) -> Iterator[CandidatePatch]:
    return (candidate(f"def total(prices):\n    return {number}\n") for number in range(count))


class Slow(InstantWorkbench):
    """Screening that says one verdict and then hangs."""

    async def screen(
        self, environment: Environment, tree: Tree, plans: Sequence[ScreeningPlan], *, check_wall_s: float
    ) -> AsyncGenerator[Screened, None]:
        yield Screened(plans[0].candidate, False, "failing test", (FAILING,))
        await asyncio.sleep(3600)


def test_it_tries_no_more_than_it_may() -> None:
    searching = search()
    asyncio.run(searching.screen(wrong(100), 40))

    assert (searching.generated, searching.screened, len(searching.failed)) == (40, 40, 40)


def test_it_leaves_time_for_the_proof_and_says_that_its_own_was_up() -> None:
    searching = search(Slow(), remaining_s=0.2)
    asyncio.run(searching.screen(wrong(10), 100))

    assert searching.out_of_time
    assert searching.context.remaining_s > 0
    assert searching.why_nothing() == (
        "1 candidate change was tried before the time for the search was up; none is a fix."
    )


def test_a_time_out_of_the_workbench_is_not_taken_for_the_end_of_the_search() -> None:
    class Broken(InstantWorkbench):
        async def screen(
            self, environment: Environment, tree: Tree, plans: Sequence[ScreeningPlan], *, check_wall_s: float
        ) -> AsyncGenerator[Screened, None]:
            raise TimeoutError("the disk does not answer")
            yield  # type: ignore[unreachable]  # makes it a generator

    with pytest.raises(TimeoutError, match="the disk does not answer"):
        asyncio.run(search(Broken()).screen(wrong(10), 100))


def test_enough_survivors_end_it() -> None:
    searching = search()
    right = (candidate(FIXED) for _ in range(100))
    asyncio.run(searching.screen(right, 100))

    assert len(searching.survivors) == SURVIVORS_AT_MOST


def test_after_a_survivor_it_looks_on_for_a_better_one() -> None:
    searching = search()
    asyncio.run(searching.screen(iter([candidate(FIXED), *wrong(1000)]), 1000))

    assert len(searching.survivors) == 1
    assert searching.screened < 1000


def test_a_candidate_that_kills_the_rest_of_the_suite_is_described_without_a_test() -> None:
    class Crashing(InstantWorkbench):
        def _screened(self, plan: ScreeningPlan, tree: Tree) -> Screened:
            return Screened(plan.candidate, False, "suite", (), "crashed the runner")

    searching = search(Crashing())
    asyncio.run(searching.screen(wrong(1), 1))

    assert searching.nearest() == (
        "cart.py:2 sum all: the failing test passes, but not the suite (crashed the runner)",
    )


def test_the_other_named_tests_are_asked_before_the_suite() -> None:
    plans: list[ScreeningPlan] = []

    class Listening(InstantWorkbench):
        def _screened(self, plan: ScreeningPlan, tree: Tree) -> Screened:
            plans.append(plan)
            return super()._screened(plan, tree)

    reproduced = reproduction(FAILING, "tests/test_cart.py::test_named")
    question = FixQuestion(PROJECT, reproduced, (), (), lambda path: True)
    context = context_of(StageName.FIX, DOSSIER, deps=instant.deps(workbench=Listening()))
    searching = Search(context, environment(RED_AND_GREEN), reproduced, question)
    asyncio.run(searching.screen(wrong(1), 1))

    assert [check.name for check in plans[0].checks] == ["failing test", "the other named tests", "suite"]
