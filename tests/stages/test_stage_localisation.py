"""Which passing tests are worth running for their coverage."""

from __future__ import annotations

import asyncio

from stage_runs import DOSSIER, analysis, context_of, environment

from bench import instant
from bench.instant import FAILING, InstantWorkbench
from bot.core.run import StageName
from bot.core.testing import Isolation, Outcome, TestResult, TestRun
from bot.ports import LocateQuestion
from bot.stages.localisation import PASSING_AT_MOST, run_with_coverage

NEAR, SAME_FOLDER, FAR = "tests/test_cart.py::a", "tests/test_b.py::b", "other/test_c.py::c"


def passing(results: dict[str, float], *, flaky: tuple[str, ...] = (), remaining_s: float = 100.0) -> tuple[str, ...]:
    """The passing tests that are run, out of those of a baseline with their seconds."""
    run = TestRun(
        tuple(results), tuple(TestResult(i, Outcome.PASSED, s) for i, s in results.items()), 0, 0.0, Isolation.NONE
    )
    bench = InstantWorkbench()
    context = context_of(StageName.FIX, DOSSIER, deps=instant.deps(workbench=bench), remaining_s=remaining_s)
    question = LocateQuestion(instant.PROJECT, analysis(), ())
    asyncio.run(run_with_coverage(context, environment(run, flaky=flaky), question, (FAILING,)))
    return bench.calls[1] if len(bench.calls) > 1 else ()


def test_those_nearest_to_the_failing_one_come_first() -> None:
    assert passing({FAR: 0.1, SAME_FOLDER: 0.1, NEAR: 0.1}) == (NEAR, SAME_FOLDER, FAR)


def test_what_takes_longer_than_there_is_time_is_left_out() -> None:
    assert passing({NEAR: 1.0, SAME_FOLDER: 100.0}) == (NEAR,)


def test_no_more_than_some_hundreds_are_run() -> None:
    assert len(passing({f"tests/test_cart.py::t{n}": 0.0 for n in range(1000)})) == PASSING_AT_MOST


def test_a_flaky_test_and_the_failing_one_are_no_passing_tests() -> None:
    assert passing({NEAR: 0.1, FAR: 0.1, FAILING: 0.1}, flaky=(NEAR,)) == (FAR,)
