"""A button on a check run of ours was pressed: as the instructions of the same name, about the run that the check
shows."""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.core.commands import Button, Pressed
from bot.core.errors import Permanent
from bot.core.forge import Origin
from bot.core.policy import Policy
from bot.core.run import Run, TriggerKind
from bot.intake.opening import Wish, open_run
from bot.intake.outside import Outside
from bot.intake.permission import may_ask, permitted
from bot.intake.policies import Wanted
from bot.intake.stopping import stop_run
from bot.intake.threads import subject_of, workable

log = logging.getLogger(__name__)


async def pressed(outside: Outside, command: Pressed) -> None:
    try:
        run = (await outside.store.load(command.run_id)).run
    except Permanent as exc:
        log.info("press_ignored run=%s error=%s", command.run_id, exc)  # forgotten since
        return
    origin = run.origin
    if origin is None or origin.place.repository.lower() != command.place.repository.lower():
        log.warning("press_ignored run=%s place=%s reason=other_place", command.run_id, command.place.repository)
        return
    wanted = await outside.policies.of(command.place)
    if not await _may(outside, command, origin, wanted.policy):
        return
    if command.button is Button.STOP:
        await stop_run(outside, run.id, f"@{command.actor.login} stopped it.")
    elif origin.number is None:
        await _retry_on_branch(outside, command, run, origin, wanted)
    else:
        await _retry(outside, command, run, origin.number, wanted)


async def _may(outside: Outside, command: Pressed, origin: Origin, policy: Policy) -> bool:
    if origin.number is None:
        return await may_ask(outside, command.place, command.actor, policy)
    return await permitted(outside, command.place, origin.number, command.actor, policy)


async def _retry(outside: Outside, command: Pressed, run: Run, number: int, wanted: Wanted) -> None:
    subject = await subject_of(outside, command.place, number)
    if await workable(outside, subject, wanted):
        base = subject.base(run.goal)
        wish = _wish(command, run, subject.origin(), subject.ref, base)
        await open_run(outside, wish, subject.facts, wanted.policy)


async def _retry_on_branch(outside: Outside, command: Pressed, run: Run, origin: Origin, wanted: Wanted) -> None:
    """On the commit that the branch is at now."""
    facts = await outside.forge.repository(command.place)
    head = await outside.forge.branch_head(command.place, origin.branch) or origin.head_sha
    if not (facts.archived or wanted.errors):
        wish = _wish(command, run, replace(origin, head_sha=head), head, "")
        await open_run(outside, wish, facts, wanted.policy)


def _wish(command: Pressed, run: Run, origin: Origin, ref: str, base: str) -> Wish:
    return Wish(TriggerKind.BUTTON, command.actor.login, run.goal, origin, ref, "", base, run.guidance)
