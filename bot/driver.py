"""Carries a run through its stages: claim, run, save, start what became ready.

In this process; queues are elsewhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

from bot.core.errors import EnvironmentBroken, FixbugsError, InputError, SandboxUnavailable, Transient
from bot.core.evidence import Ledger
from bot.core.outcomes import Advance, GiveUp, RunRecord, StageOutcome, StageRecord, StageState
from bot.core.run import Run, StageName, Verdict
from bot.ports import Claim, Deps
from bot.stages import stages_of
from bot.stages.base import Stage, StageContext
from bot.stages.flow import GOAL_STAGES, finished, ready

log = logging.getLogger(__name__)

LEASE_S = 60.0
PUBLICATION_LIMIT_S = 60.0  # the verdict is written even when the run's own time is up
LEDGER_PREFIX = {
    StageName.GATHER: "G",
    StageName.ENVIRONMENT: "V",
    StageName.ANALYSIS: "A",
    StageName.REPRODUCTION: "R",
    StageName.ROOT_CAUSE: "C",
    StageName.FIX: "F",
    StageName.VALIDATION: "P",
    StageName.PUBLICATION: "U",
}
GRACE_S = 5.0  # how long stages that are still running get to end once the verdict is certain


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
            if finished(record):
                return record
            starting = ready(record, stages)
            for name in starting:
                tasks[name] = asyncio.create_task(run_stage(deps, run.id, stages[name], deadline))
                await asyncio.sleep(0)  # lets it claim its stage before readiness is asked again
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


async def run_stage(deps: Deps, run_id: str, stage: Stage, deadline: float) -> None:
    """One stage until it ends: claims it, tries it as often as it may be tried, and saves how it ended."""
    while True:
        claim = await deps.store.claim(run_id, stage.name, LEASE_S)
        if claim is None:
            return
        record = await deps.store.load(run_id)
        deps.progress.stage_changed(run_id, record.stage(stage.name))
        if await _attempt(deps, record, stage, claim, deadline):
            return


async def _attempt(deps: Deps, record: RunRecord, stage: Stage, claim: Claim, deadline: float) -> bool:
    """True once the stage has ended; False when it should be tried again."""
    context = StageContext(record, stage.name, deps, deadline, Ledger(LEDGER_PREFIX[stage.name]))
    started = deps.clock.monotonic()
    keeper = asyncio.create_task(_keep(deps, claim))
    error = ""
    outcome: StageOutcome | None = None
    state = StageState.FAILED
    try:
        outcome = await _bounded(stage, context)
        state = StageState.DONE if isinstance(outcome, Advance) else StageState.GAVE_UP
    except Transient as exc:
        error = str(exc)
        if claim.attempt < stage.attempts:
            state = StageState.WAITING
    except asyncio.CancelledError:
        ended = replace(record.stage(stage.name), state=StageState.SKIPPED, wall_s=deps.clock.monotonic() - started)
        await deps.store.finish(claim, ended, None, ())
        deps.progress.stage_changed(record.run.id, ended)
        raise
    except FixbugsError as exc:
        error = str(exc)
    except Exception as exc:
        log.exception("stage_failed run=%s stage=%s", record.run.id, stage.name.value)
        error = f"{type(exc).__name__}: {exc}"
    finally:
        keeper.cancel()
    ended = _ended(context, record.stage(stage.name), state, deps.clock.monotonic() - started, error)
    await deps.store.finish(claim, ended, outcome, context.ledger.facts if state is not StageState.WAITING else ())
    deps.progress.stage_changed(record.run.id, ended)
    return state is not StageState.WAITING


async def _bounded(stage: Stage, context: StageContext) -> StageOutcome:
    """The stage's outcome within the run's time; foreseen endings become a GiveUp with a verdict of their own."""
    publishing = stage.name is StageName.PUBLICATION
    limit_s = PUBLICATION_LIMIT_S if publishing else context.remaining_s
    try:
        async with asyncio.timeout(limit_s) as limit:
            return await stage.run(context)
    except TimeoutError as exc:
        if not limit.expired():
            raise  # of something the stage did
        if publishing:
            raise FixbugsError(f"The result could not be written within {PUBLICATION_LIMIT_S:.0f} s.") from exc
        detail = (
            f"The time limit of {context.run.time_limit_s:.0f} s ended during {stage.name.value.replace('_', ' ')}."
        )
        return GiveUp(Verdict.OUT_OF_TIME, f"{detail} Give more with --time-limit.")
    except InputError as exc:
        if publishing:
            raise
        return GiveUp(Verdict.BAD_INPUT, str(exc))
    except (SandboxUnavailable, EnvironmentBroken) as exc:
        output = exc.output if isinstance(exc, EnvironmentBroken) else ""
        return GiveUp(Verdict.CANNOT_RUN, str(exc), tried=(output,) if output else ())


def _ended(context: StageContext, record: StageRecord, state: StageState, wall_s: float, error: str) -> StageRecord:
    return replace(
        record,
        state=state,
        wall_s=wall_s,
        finding=context.first_finding,
        counters=tuple(sorted(context.counters.items())),
        error=error,
    )


async def _keep(deps: Deps, claim: Claim) -> None:
    while True:
        await asyncio.sleep(LEASE_S / 3)
        if not await deps.store.renew(claim, LEASE_S):
            return


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
