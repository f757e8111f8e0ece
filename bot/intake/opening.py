"""Opens runs, and lets in those whose turn it is. Who may ask, and for what, was decided before."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot.core.errors import FixbugsError, Transient
from bot.core.forge import Origin, RepositoryFacts
from bot.core.policy import Policy
from bot.core.run import Goal, Report, Run, Trigger, TriggerKind, new_run_id
from bot.intake.outside import Outside
from bot.intake.words import clean
from bot.ports import Opened, Opening
from bot.stages import stages_of
from bot.stages.flow import GOAL_STAGES, ready

log = logging.getLogger(__name__)

ENDING_S = 3.0  # a verdict is written down in about that time
NOTICE_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Wish:
    """A run that somebody is entitled to. `meaning` names what is asked: the same is not done twice ("" never is the
    same). `ref` and `base` are as in Run."""

    kind: TriggerKind
    actor: str
    goal: Goal
    origin: Origin
    ref: str
    meaning: str
    base: str = ""
    guidance: str = ""


async def open_run(outside: Outside, wish: Wish, facts: RepositoryFacts, policy: Policy) -> Opened:
    """The run that came of it, or the one that is there already. A new one begins as soon as it is its turn.

    Raises Transient while the thread's last run is writing its result: it hears nothing any more.
    """
    now = outside.clock.now()
    run = Run(
        id=new_run_id(now, outside.suffix()),
        trigger=Trigger(wish.kind, wish.actor, now),
        repository=facts.clone_url,
        ref=wish.ref,
        report=Report(),
        goal=wish.goal,
        time_limit_s=policy.budget.time_limit_s,
        origin=wish.origin,
        guidance=clean(wish.guidance)[0],
        base=wish.base,
        policy=policy,
    )
    opened = await outside.register.open(run, GOAL_STAGES[wish.goal], meaning=wish.meaning)
    how, thread = opened.how, wish.origin.thread
    log.info("run_asked run=%s how=%s thread=%s goal=%s", opened.run_id, how.value, thread, wish.goal.value)
    if how is Opening.JOINED and (await outside.store.load(opened.run_id)).verdict is not None:
        raise Transient(f"The run {opened.run_id} of {thread} is just ending: ask again.", ENDING_S)
    if how is Opening.CREATED:
        await let_in(outside)
        await show(outside, opened.run_id)
    return opened


async def let_in(outside: Outside) -> None:
    """Rings for each run whose turn it is. One that is missed here the sweeper finds."""
    for run_id in await outside.register.admit():
        record = await outside.store.load(run_id)
        for stage in ready(record, stages_of(record.run.goal)):
            outside.doorbell.stage(run_id, stage)


async def show(outside: Outside, run_id: str) -> None:
    """Brings what people see up to date, now or, when the forge will not have it now, by and by."""
    try:
        wait_s = await outside.notices.refresh(run_id)
    except FixbugsError as exc:
        log.warning("notice_failed run=%s error=%s", run_id, exc)
        wait_s = NOTICE_AGAIN_S
    if wait_s is not None:
        outside.doorbell.notice(run_id, wait_s)
