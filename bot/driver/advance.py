"""One message of a queue: claims a stage, runs it, saves how it ended, and says what to ring for next.

Any message may come twice, late or never, and any worker may die at any line: the store decides what is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core.errors import Transient
from bot.core.outcomes import ENDED, RunRecord, StageState
from bot.core.run import StageName
from bot.driver.attempt import Attempted, attempt
from bot.driver.retries import early, plan
from bot.driver.watch import Leaving, Watch, Why
from bot.ports import Claim, Deps
from bot.stages import stages_of
from bot.stages.base import Stage
from bot.stages.flow import ready

log = logging.getLogger(__name__)
SAVE_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # a store that restarts loses no finished stage


@dataclass(frozen=True, slots=True)
class Advanced:
    """What to do after a message: ring for the stages in `ready` now, and for this one again after `again_s` seconds.
    `finished`: the run is over."""

    ready: tuple[StageName, ...] = ()
    again_s: float | None = None
    finished: bool = False


def startable(record: RunRecord, stages: Mapping[StageName, Stage] | None = None) -> tuple[StageName, ...]:
    """The stages that may start now. A run that was not let in yet has none, unless it ended before it began."""
    if record.started_at is None and record.verdict is None:
        return ()
    return ready(record, stages or stages_of(record.run.goal))


def worth_ringing(record: RunRecord) -> tuple[StageName, ...]:
    """What a sweeper rings for: what may start, and what says that it runs, for its worker may have died."""
    running = tuple(stage.name for stage in record.stages if stage.state is StageState.RUNNING)
    return (*startable(record), *running)


async def advance(
    deps: Deps,
    run_id: str,
    name: StageName,
    *,
    lease_s: float,
    leaving: Leaving | None = None,
    stages: Mapping[StageName, Stage] | None = None,
) -> Advanced:
    """Runs this stage of this run if it may start and nobody else runs it.

    Never raises for what the stage does. Raises Transient when the store does not answer, Permanent when there is no
    such run. Cancelling it hands the stage back and raises CancelledError.
    """
    record = await deps.store.load(run_id)
    stages = stages or stages_of(record.run.goal)
    states = {stage.name: stage.state for stage in record.stages}
    if states.get(name, StageState.SKIPPED) in ENDED:
        return _next(record, stages)  # whoever ran it may have died before it rang
    if states[name] is StageState.WAITING and (
        name not in startable(record, stages) or await early(deps, run_id, name)
    ):
        return Advanced()
    claim = await deps.store.claim(run_id, name, lease_s)
    if claim is not None and await early(deps, run_id, name):  # it failed while this message looked
        await deps.store.hand_back(claim)
        return Advanced()
    record = await deps.store.load(run_id)
    if claim is None:
        return _next(record, stages) if record.stage(name).state in ENDED else Advanced()
    if record.verdict is not None and name is not StageName.PUBLICATION:
        return await _Turn(deps, record, claim, stages).skip()  # its worker died, then the run ended
    log.info("stage_started run=%s stage=%s attempt=%d", run_id, name.value, claim.attempt)
    deps.progress.stage_changed(run_id, record.stage(name))
    return await _Turn(deps, record, claim, stages).run(lease_s, leaving or Leaving())


@dataclass(frozen=True, slots=True)
class _Turn:
    """One claimed stage of one run."""

    deps: Deps
    record: RunRecord
    claim: Claim
    stages: Mapping[StageName, Stage]

    async def run(self, lease_s: float, leaving: Leaving) -> Advanced:
        deps, left_s = self.deps, _left_s(self.deps, self.record)
        started = deps.clock.monotonic()
        task = asyncio.create_task(attempt(deps, self.record, self.stages[self.claim.stage], started + left_s))
        with Watch(deps.store, self.claim, lease_s, leaving, task) as watch:
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.wait({task})
                await deps.store.hand_back(self.claim)
                raise
            took_s = deps.clock.monotonic() - started
            if not task.cancelled():
                return await self.save(task.result(), left_s - took_s)
            if watch.why is Why.VERDICT:
                return await self.skip(took_s)
            if watch.why is Why.LOST:
                return Advanced()
            await deps.store.hand_back(self.claim)
            return Advanced((self.claim.stage,))

    async def save(self, attempted: Attempted, left_s: float) -> Advanced:
        """`left_s` is what is left of the run's time."""
        again_s: float | None = None
        if attempted.transient is not None:
            stage = self.stages[self.claim.stage]
            again_s, why = await plan(self.deps, self.record.run.id, stage, attempted.transient, left_s)
            if again_s is None:
                attempted = attempted.failed(f"{attempted.transient} {why}".rstrip())
        saved = await self._finish(attempted, keep_facts=again_s is None)
        return Advanced(again_s=again_s) if saved and again_s is not None else await self._next(saved=saved)

    async def skip(self, wall_s: float = 0.0) -> Advanced:
        """The run ended while, or before, this stage ran."""
        ended = replace(self.record.stage(self.claim.stage), state=StageState.SKIPPED, wall_s=wall_s)
        return await self._next(saved=await self._finish(Attempted(ended, None), keep_facts=False))

    async def _finish(self, attempted: Attempted, *, keep_facts: bool) -> bool:
        """Saves how the stage ended, also when the store is away for a while. False when the claim was lost."""
        ended, run_id = attempted.record, self.claim.run_id
        facts = attempted.facts if keep_facts else ()
        for pause_s in (*SAVE_PAUSES_S, 0.0):
            try:
                saved = await self.deps.store.finish(self.claim, ended, attempted.outcome, facts)
                break
            except Transient as exc:
                log.warning("save_delayed run=%s stage=%s error=%s", run_id, ended.name.value, exc)
                if not pause_s:
                    raise
                await asyncio.sleep(pause_s)
        log.info("stage_ended run=%s stage=%s state=%s saved=%s", run_id, ended.name.value, ended.state.value, saved)
        if saved:
            self.deps.progress.stage_changed(run_id, ended)
        return saved

    async def _next(self, *, saved: bool) -> Advanced:
        """Nothing, where the claim was lost: whoever has it goes on."""
        return _next(await self.deps.store.load(self.claim.run_id), self.stages) if saved else Advanced()


def _next(record: RunRecord, stages: Mapping[StageName, Stage]) -> Advanced:
    return Advanced(startable(record, stages), finished=record.finished)


def _left_s(deps: Deps, record: RunRecord) -> float:
    """Seconds until the run's time is up, by the wall clock: other processes work on the same run."""
    if record.started_at is None:
        return 0.0  # it ended before it was let in: publication has a time of its own
    ends = record.started_at + timedelta(seconds=record.run.time_limit_s)
    return (ends - deps.clock.now()).total_seconds()
