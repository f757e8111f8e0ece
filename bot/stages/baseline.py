"""The suite at one commit, before any change: how each test ends, and which are flaky. What it means is the stages'."""

from __future__ import annotations

from dataclasses import replace

from bot.core.artifacts import Environment
from bot.core.testing import Outcome, TestRun
from bot.core.tree import Tree
from bot.stages.base import StageContext

BASELINE_SHARE = 0.25  # of the time left: what is not reached by then is named, and not compared later
SECOND_RUN_BELOW_S = 20.0  # a suite as quick as this is run twice, which finds flaky tests that passed at first
RERUNS = 2
RERUN_AT_MOST = 50
NOT_PASSED = (Outcome.FAILED, Outcome.ERROR, Outcome.TIMED_OUT)


async def baseline_of(context: StageContext, environment: Environment, tree: Tree) -> tuple[TestRun, tuple[str, ...]]:
    """The suite's outcomes at the base, and the tests that did not behave alike when run again."""
    bench = context.deps.workbench
    wall_s = max(10.0, context.remaining_s * BASELINE_SHARE)
    first = await bench.run_tests(environment, tree, environment.collection.ids, wall_s=wall_s)
    flaky: set[str] = set()
    if first.wall_s < SECOND_RUN_BELOW_S and first.wall_s < wall_s / 2:
        again = await bench.run_tests(environment, tree, environment.collection.ids, wall_s=wall_s)
        flaky |= _differing(first, again)
        if first.distrust and not again.distrust:
            first = again
    red = first.ids(*NOT_PASSED)[:RERUN_AT_MOST]
    timed_out = set(first.ids(Outcome.TIMED_OUT))
    for _ in range(RERUNS):
        rest = [test_id for test_id in red if test_id not in flaky and test_id not in timed_out]
        if not rest or context.remaining_s < wall_s:
            break
        again = await bench.run_tests(environment, tree, rest, wall_s=wall_s)
        flaky |= _differing(first, again)
    return first, tuple(test_id for test_id in first.expected if test_id in flaky)


def unusable(baseline: TestRun) -> str:
    """Why nothing may be compared with this run, or "". One that ended early is good as far as it got."""
    missing = len(baseline.ids(Outcome.MISSING))
    if baseline.distrust and missing in (0, len(baseline.expected)):
        return f"its run at the base commit cannot be trusted: {baseline.distrust}"
    return ""


def with_baseline(environment: Environment, baseline: TestRun, flaky: tuple[str, ...]) -> Environment:
    """The environment with its baseline, or with why it has none."""
    why_not = unusable(baseline)
    if why_not:
        return replace(environment, baseline_skipped=why_not)
    return replace(environment, baseline=baseline, flaky=flaky)


def _differing(first: TestRun, again: TestRun) -> set[str]:
    found = set()
    for result in again.results:
        before = first.result(result.id)
        if before and Outcome.MISSING not in (before.outcome, result.outcome) and before.outcome is not result.outcome:
            found.add(result.id)
    return found
