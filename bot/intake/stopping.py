"""Ends runs from outside. Who may do so, and why, was decided before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from bot.core.errors import Absent
from bot.core.forge import Place, ThreadFacts
from bot.core.outcomes import GiveUp
from bot.core.run import StageName, Verdict
from bot.intake.opening import show
from bot.intake.outside import Outside

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 1.0  # the forge may show a change a moment after it told us of it


async def stop_run(outside: Outside, run_id: str, why: str, *, quietly: bool = False) -> None:
    """A run whose verdict is certain already keeps it. Its stages end as soon as their workers see it; then its
    publication runs. `quietly`: nobody is there to read of it."""
    await outside.store.give_up(run_id, GiveUp(Verdict.STOPPED, why))
    log.info("run_stopped run=%s", run_id)
    outside.doorbell.stage(run_id, StageName.PUBLICATION)
    if not quietly:
        await show(outside, run_id)


async def stop_thread(outside: Outside, thread: str, why: str) -> bool:
    """Whether a run was going on there."""
    run_id = await outside.register.current(thread)
    if run_id is None:
        return False
    await stop_run(outside, run_id, why)
    return True


async def still_so(outside: Outside, place: Place, number: int, told: Callable[[ThreadFacts], bool]) -> bool:
    """Whether what a webhook told of a thread holds now. One that comes hours late, or after a newer one, must not stop
    a run that somebody asked for since. What holds of a thread that is gone is nobody's business: True."""
    for pause_s in (LOOK_AGAIN_S, 0.0):
        try:
            if told(await outside.forge.thread(place, number)):
                return True
        except Absent:
            return True
        await asyncio.sleep(pause_s)
    return False
