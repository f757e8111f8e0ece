"""`/fixbugs …` in a comment: answers, stops, or opens the run that it asks for."""

from __future__ import annotations

import hashlib

from bot.core.commands import Ask, Instructed
from bot.core.forge import Origin
from bot.core.run import Goal, TriggerKind
from bot.intake.discussion import comment_name
from bot.intake.opening import Wish, open_run, show
from bot.intake.outside import Outside
from bot.intake.permission import permitted
from bot.intake.policies import Wanted
from bot.intake.replies import acknowledge, say_once
from bot.intake.stopping import stop_thread
from bot.intake.threads import Subject, subject_of, workable
from bot.intake.words import clean, hand_in
from bot.ports import Opening
from bot.render.github import answers

GOALS = {Ask.FIX: Goal.FIX, Ask.EXPLAIN: Goal.EXPLAIN, Ask.REPRODUCE: Goal.REPRODUCE, Ask.VALIDATE: Goal.VALIDATE}


async def instructed(outside: Outside, command: Instructed) -> None:
    place, number = command.place, command.number
    wanted = await outside.policies.of(place)
    if not await permitted(outside, place, number, command.actor, wanted.policy):
        return
    await acknowledge(outside, place, number, command.comment_id, in_review=command.in_review)
    thread = Origin(place, number).thread
    match command.ask:
        case Ask.HELP:
            await _answer(outside, command, answers.help_text(wanted.policy.label, command.unknown))
        case Ask.STATUS:
            await _answer(outside, command, await _status(outside, thread))
        case Ask.STOP:
            if not await stop_thread(outside, thread, f"@{command.actor.login} stopped it."):
                await _answer(outside, command, answers.nothing_to_stop())
        case _:
            subject = await subject_of(outside, place, number)
            if await workable(outside, subject, wanted):
                await _run(outside, command, subject, wanted)


async def _status(outside: Outside, thread: str) -> str:
    run_id = await outside.register.latest(thread)
    if run_id is None:
        return answers.status(None, None)
    return answers.status(await outside.store.load(run_id), await outside.register.ahead(run_id))


async def _run(outside: Outside, command: Instructed, subject: Subject, wanted: Wanted) -> None:
    goal, guidance = GOALS.get(command.ask, Goal.FIX), command.guidance
    thread = subject.origin().thread
    if command.ask is Ask.RETRY and (before := await outside.register.latest(thread)) is not None:
        run = (await outside.store.load(before)).run
        goal, guidance = run.goal, guidance or run.guidance
    if goal is Goal.VALIDATE and subject.thread.pull is None:
        await _answer(outside, command, answers.not_a_pull_request())
        return
    if await outside.register.current(thread) is None and await _pointless(outside, subject, goal, guidance):
        await _answer(outside, command, answers.nothing_failed())
        return
    origin = subject.origin(command.comment_id)
    wish = Wish(
        TriggerKind.COMMENT,
        command.actor.login,
        goal,
        origin,
        subject.ref,
        _meaning(command, origin),
        subject.base(goal),
        guidance,
    )
    opened = await open_run(outside, wish, subject.facts, wanted.policy)
    if opened.how is Opening.JOINED:
        await _join(outside, command, opened.run_id, goal)


async def _pointless(outside: Outside, subject: Subject, goal: Goal, guidance: str) -> bool:
    """On a pull request there is something to fix when a check failed, or when somebody says what."""
    if goal is not Goal.FIX or guidance or subject.thread.pull is None:
        return False
    return not await outside.forge.failed_checks(subject.place, subject.thread.pull.head_sha)


async def _join(outside: Outside, command: Instructed, run_id: str, goal: Goal) -> None:
    """The run that goes on hears what was said; a person who asked for something else is told that it goes on."""
    record = await outside.store.load(run_id)
    asked_by = record.run.origin.comment_id if record.run.origin else None
    if command.comment_id is not None and asked_by == command.comment_id and command.ask is not Ask.RETRY:
        await show(outside, run_id)  # this very comment opened it, and somebody died right after
        return
    if command.guidance and clean(command.guidance)[0] != record.run.guidance:
        name = comment_name(command.actor.login, command.comment_id or 0)
        address = ""
        if command.comment_id is not None and not command.in_review:
            address = outside.forge.comment_url(command.place, command.number, command.comment_id)
        await hand_in(outside, record, name, command.guidance, address)
    if command.ask is Ask.RETRY or goal is not record.run.goal:
        await _answer(outside, command, answers.joined(record))


def _meaning(command: Instructed, origin: Origin) -> str:
    """A comment asks once, however often it is delivered; another comment with the same words asks anew."""
    if command.comment_id is None:
        return ""
    words = hashlib.sha256(command.guidance.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    return f"comment {origin.thread} {command.in_review} {command.comment_id} {command.ask.value} {words}"


async def _answer(outside: Outside, command: Instructed, said: str) -> None:
    """Once for each comment that asks; what asks in a thread's own text is answered once in a while."""
    where = f"comment {command.comment_id}" if command.comment_id is not None else f"text by {command.actor.login}"
    about = f"{where} {command.in_review} {command.ask.value} {command.unknown}"
    within_s = 86_400.0 if command.comment_id is not None else 600.0
    await say_once(outside, command.place, command.number, said, about=about, within_s=within_s)
