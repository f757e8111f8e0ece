"""Drives a whole run in this process: what the command line does. With a queue between the stages it is `advance`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from bot.core.errors import FixbugsError
from bot.core.outcomes import GiveUp, RunRecord, StageState
from bot.core.run import Run, StageName, Verdict
from bot.driver.attempt import GRACE_S, attempt
from bot.ports import Claim, Deps
from bot.stages import stages_of
from bot.stages.base import Stage
from bot.stages.flow import GOAL_STAGES, ready

LEASE_S = 60.0


async def drive(
    deps: Deps, run: Run, stages: Mapping[StageName, Stage] | None = None, stop: asyncio.Event | None = None
) -> RunRecord:
    """Runs every stage of the run's goal, those that are ready side by side, and returns the final record.

    Never raises for what a stage does. Setting `stop` ends what is running, and the run, with what was found so far.
    Cancelling it cancels every stage and raises CancelledError.
    """
    stages = stages or stages_of(run.goal)
    await deps.store.create(run, GOAL_STAGES[run.goal])
    deadline = deps.clock.monotonic() + run.time_limit_s
    tasks: dict[StageName, asyncio.Task[None]] = {}
    stopped = asyncio.create_task(_wait_for(stop))
    try:
        while True:
            record = await deps.store.load(run.id)
            if record.finished:
                return record
            # All are claimed before one runs: if the first ends the run, what may start beside it still has its say.
            claims = [await deps.store.claim(run.id, name, LEASE_S) for name in ready(record, stages)]
            starting = [claim for claim in claims if claim is not None]
            for claim in starting:
                task = asyncio.create_task(run_stage(deps, stages[claim.stage], claim, deadline))
                tasks[claim.stage] = task
                await asyncio.sleep(0)  # lets it begin, so that cancelling it says how it ended
            running = [task for task in tasks.values() if not task.done()]
            if starting and not running:
                continue  # they have ended already
            if not running:
                raise FixbugsError(f"Run {run.id} has stages left but none can start: this is a bug in FixBugs.")
            ending = record.verdict is not None and StageName.PUBLICATION not in tasks
            done, _ = await asyncio.wait(
                [*running, *([] if stopped.done() else [stopped])],
                return_when=asyncio.FIRST_COMPLETED,
                timeout=GRACE_S if ending else None,
            )
            if stopped.done() and (await deps.store.load(run.id)).verdict is None:
                await deps.store.give_up(run.id, GiveUp(Verdict.STOPPED, "The run was stopped."))
                await _cancel([task for name, task in tasks.items() if name is not StageName.PUBLICATION])
            if not done:
                await _cancel(running)
            for task in tasks.values():
                if task.done() and not task.cancelled():
                    task.result()
    finally:
        await _cancel([stopped, *tasks.values()])


async def _wait_for(stop: asyncio.Event | None) -> None:
    await (stop or asyncio.Event()).wait()


async def run_stage(deps: Deps, stage: Stage, first: Claim, deadline: float) -> None:
    """One stage, claimed, until it ends: tries it as often as it may be tried, and saves how it ended."""
    claim: Claim | None = first
    while claim is not None:
        record = await deps.store.load(claim.run_id)
        deps.progress.stage_changed(claim.run_id, record.stage(stage.name))
        if await _tried(deps, record, stage, claim, deadline):
            return
        claim = await deps.store.claim(claim.run_id, stage.name, LEASE_S)


async def _tried(deps: Deps, record: RunRecord, stage: Stage, claim: Claim, deadline: float) -> bool:
    """True once the stage has ended; False when it should be tried again."""
    started = deps.clock.monotonic()
    keeper = asyncio.create_task(_keep(deps, claim))
    try:
        attempted = await attempt(deps, record, stage, deadline)
    except asyncio.CancelledError:
        ended = replace(record.stage(stage.name), state=StageState.SKIPPED, wall_s=deps.clock.monotonic() - started)
        await deps.store.finish(claim, ended, None, ())
        deps.progress.stage_changed(record.run.id, ended)
        raise
    finally:
        keeper.cancel()
    again = attempted.transient is not None and claim.attempt < stage.attempts
    if attempted.transient is not None and not again:
        attempted = attempted.failed()
    await deps.store.finish(claim, attempted.record, attempted.outcome, () if again else attempted.facts)
    deps.progress.stage_changed(record.run.id, attempted.record)
    return not again


async def _keep(deps: Deps, claim: Claim) -> None:
    while True:
        await asyncio.sleep(LEASE_S / 3)
        if not await deps.store.renew(claim, LEASE_S):
            return


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
