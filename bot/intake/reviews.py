"""A review of a pull request of ours asks for changes: they are guidance for a revision of that pull request."""

from __future__ import annotations

from bot.core.commands import Reviewed
from bot.core.run import Goal, TriggerKind
from bot.intake.opening import Wish, open_run
from bot.intake.outside import Outside
from bot.intake.permission import may_ask
from bot.intake.replies import acknowledge
from bot.intake.threads import subject_of, workable
from bot.intake.words import clean, hand_in
from bot.ports import Opening


async def reviewed(outside: Outside, command: Reviewed) -> None:
    """Other people's pull requests, and people who may not ask, are left in peace."""
    place, number = command.place, command.number
    if await outside.register.run_of_pull(place, number) is None:
        return
    wanted = await outside.policies.of(place)
    if not await may_ask(outside, place, command.actor, wanted.policy):
        return
    subject = await subject_of(outside, place, number)
    if not subject.thread.open:
        return
    await acknowledge(outside, place, number, command.comment_id, in_review=True)
    if not await workable(outside, subject, wanted):
        return
    guidance = said(command)
    wish = Wish(
        TriggerKind.REVIEW,
        command.actor.login,
        Goal.FIX,
        subject.origin(command.comment_id),
        subject.ref,
        _meaning(command),
        guidance=guidance,
    )
    opened = await open_run(outside, wish, subject.facts, wanted.policy)
    if opened.how is Opening.JOINED:
        record = await outside.store.load(opened.run_id)
        if record.run.guidance == clean(guidance)[0]:
            return
        await hand_in(outside, record, _name(command), guidance, subject.thread.web_url)


def said(command: Reviewed) -> str:
    """What the review says, with the line that it is about."""
    where = _where(command)
    return f"{where}: {command.guidance}" if where else command.guidance


def _where(command: Reviewed) -> str:
    return f"{command.path}:{command.line}" if command.path and command.line is not None else command.path


def _name(command: Reviewed) -> str:
    """As it is called where it was gathered, so that it takes the place of that."""
    if command.comment_id is None:
        return f"review {command.review_id} by @{command.actor.login}"
    where = f" on {_where(command)}" if command.path else ""
    return f"review comment {command.comment_id} by @{command.actor.login}{where}"


def _meaning(command: Reviewed) -> str:
    """A review arrives in several pieces, one for each line that it comments on: all are one wish."""
    what = f"review {command.review_id}" if command.review_id is not None else f"comment {command.comment_id}"
    return f"{what} {command.place.repository.lower()}#{command.number}"
