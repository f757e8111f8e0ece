"""Fresh runs of a few tests, several times over: what proof is made of. Judging them belongs to `bot.core.proof`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.core.artifacts import Environment
from bot.core.proof import REPEATS
from bot.core.testing import TestRun
from bot.core.tree import Tree
from bot.stages.base import StageContext

AT_ONCE = 2  # more would make tests that measure time fail for a reason of our own
LIMIT_S = 180.0
SHARE = 0.25  # of the time left, for one run


def wall_limit_s(context: StageContext) -> float:
    """How long one proof run may take."""
    return max(5.0, min(LIMIT_S, context.remaining_s * SHARE))


async def repeated(
    context: StageContext, environment: Environment, tree: Tree, test_ids: Sequence[str], times: int = REPEATS
) -> tuple[TestRun, ...]:
    """As many runs of these tests, each in a sandbox and a process of its own. Raises what the first to fail raised."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def once() -> TestRun:
        async with gate:
            context.count("fresh_runs")
            return await context.deps.workbench.run_tests(environment, tree, test_ids, wall_s=wall_limit_s(context))

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(once()) for _ in range(times)]
    except ExceptionGroup as failed:  # whoever asked knows our errors by their own types
        raise failed.exceptions[0] from failed
    return tuple(task.result() for task in tasks)
