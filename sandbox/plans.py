"""What every way of screening shares: which plans cannot be tried at all, and verdicts in the plans' order though lanes
end in any. Running a plan's checks does not belong here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from typing import Any

from bot.core.artifacts import Screened
from bot.core.tree import Tree
from bot.ports import ScreeningPlan

REGRESSIONS_COUNTED = 5  # in checks after the first, where their number says how good a candidate is

Results = asyncio.Queue[tuple[int, Screened] | None]


def failures_counted(position: int) -> int:
    """How many failing tests of a plan's check are told: one of the first, which has to pass; more of later ones."""
    return 1 if position == 0 else REGRESSIONS_COUNTED


def refused(tree: Tree, plans: Sequence[ScreeningPlan]) -> dict[int, Screened]:
    """Verdicts, by number, on the plans that hold no tests or whose patch does not fit the tree."""
    texts: dict[str, str | None] = {}
    found = {}
    for number, plan in enumerate(plans):
        why = _misfit(tree, plan, texts)
        if why:
            found[number] = Screened(plan.candidate, False, "", detail=why)
    return found


def _misfit(tree: Tree, plan: ScreeningPlan, texts: dict[str, str | None]) -> str:
    if not plan.checks or not all(check.test_ids for check in plan.checks):
        return "there are no tests to check it with"
    for edit in plan.candidate.patch.edits:
        present = texts.setdefault(edit.path, tree.text(edit.path))
        if present != edit.before or (edit.before is None and edit.path in tree):
            return f"the patch does not fit: {edit.path} is not as the patch expects it"
    return ""


async def in_plan_order(
    count: int, known: Mapping[int, Screened], lanes: Sequence[Coroutine[Any, Any, None]], results: Results
) -> AsyncGenerator[Screened, None]:
    """Yields `count` verdicts in order, each as soon as it and those before it are there: some are `known`, the lanes
    put the others into `results`. What ends a lane with an error is raised. Closing the iterator ends the lanes."""
    ready = dict(known)
    workers = [asyncio.create_task(lane) for lane in lanes]
    for worker in workers:
        worker.add_done_callback(lambda _: results.put_nowait(None))
    try:
        for number in range(count):
            while number not in ready:
                arrived = await results.get()
                if arrived is not None:
                    ready[arrived[0]] = arrived[1]
                    continue
                for worker in workers:
                    if worker.done():
                        worker.result()  # raises what ended it
            yield ready.pop(number)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
