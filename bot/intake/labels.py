"""The label: put on, it asks for a fix; taken away, it stops the run. Whether a label is ours, the policy says."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

from bot.core.commands import Labelled, Unlabelled
from bot.core.forge import Origin, ThreadFacts
from bot.core.policy import OnFailedChecks, Policy
from bot.core.run import Goal, TriggerKind, Verdict
from bot.intake.opening import Wish, open_run
from bot.intake.outside import Outside
from bot.intake.permission import permitted
from bot.intake.replies import DAY_S, acknowledge, say_once
from bot.intake.stopping import still_so, stop_thread
from bot.intake.threads import Subject, subject_of, workable
from bot.ports import Opening
from bot.render.github import answers

log = logging.getLogger(__name__)

WORTH_ANOTHER = (Verdict.STOPPED, Verdict.FAILED)  # these runs answered nothing
MAX_ANOTHER = 20
FRESH_S = 180.0  # an answer this young needs no pointing to; and whoever opened its run may have died and been replaced


async def labelled(outside: Outside, command: Labelled) -> None:
    place, number = command.place, command.number
    wanted = await outside.policies.of(place)
    if not is_ours(command.label, wanted.policy):
        return
    if not await permitted(outside, place, number, command.actor, wanted.policy):
        return
    await acknowledge(outside, place, number, None)
    subject = await subject_of(outside, place, number)
    if not await workable(outside, subject, wanted):
        return
    if subject.thread.pull is not None and not await _to_do_now(outside, subject, wanted.policy):
        return
    await _open(outside, command, subject, wanted.policy)


async def unlabelled(outside: Outside, command: Unlabelled) -> None:
    """Whoever can take the label away may stop the run by it."""
    place, number = command.place, command.number
    wanted, thread = await outside.policies.of(place), Origin(place, number).thread
    if not is_ours(command.label, wanted.policy) or await outside.register.current(thread) is None:
        return

    def without_it(now: ThreadFacts) -> bool:
        return not any(is_ours(label, wanted.policy) for label in now.labels)

    if await still_so(outside, place, number, without_it):
        await stop_thread(outside, thread, f"@{command.actor.login} took the label away.")
    else:
        log.info("unlabelling_ignored thread=%s reason=there_again", thread)


def is_ours(label: str, policy: Policy) -> bool:
    return label.strip().casefold() == policy.label.strip().casefold()


async def _to_do_now(outside: Outside, subject: Subject, policy: Policy) -> bool:
    """On a pull request the label asks for failed checks to be fixed: those of now, and where the policy says so, later
    ones, for which there is nothing to do yet."""
    if await outside.forge.failed_checks(subject.place, subject.origin().head_sha):
        return True
    if policy.failed_checks is OnFailedChecks.OFF:
        said = answers.nothing_failed()
        await say_once(outside, subject.place, subject.thread.number, said, about="nothing failed")
    return False


async def _open(outside: Outside, command: Labelled, subject: Subject, policy: Policy) -> None:
    """The same label on the same words and code was answered before, unless that run answered nothing."""
    meaning = await _meaning(outside, subject)
    for _ in range(MAX_ANOTHER):
        origin = subject.origin()
        wish = Wish(TriggerKind.LABEL, command.actor.login, Goal.FIX, origin, subject.ref, meaning)
        opened = await open_run(outside, wish, subject.facts, policy)
        if opened.how is not Opening.REPEATED:
            return
        record = await outside.store.load(opened.run_id)
        if record.verdict not in WORTH_ANOTHER:
            break
        meaning = f"{meaning} after {opened.run_id}"
    if outside.clock.now() - record.run.trigger.at < timedelta(seconds=FRESH_S):
        return
    where = subject.thread.web_url
    if comment := await outside.store.recall(opened.run_id, "comment"):
        where = outside.forge.comment_url(subject.place, subject.thread.number, int(comment))
    said = answers.repeated(record, where)
    await say_once(outside, subject.place, subject.thread.number, said, about=f"again {opened.run_id}", within_s=DAY_S)


async def _meaning(outside: Outside, subject: Subject) -> str:
    """What the label asks for: this thread with these words, on this code."""
    thread = subject.thread
    if thread.pull is not None:
        code = thread.pull.head_sha
    else:
        code = await outside.forge.branch_head(subject.place, subject.facts.default_branch) or ""
    words = hashlib.sha256(f"{thread.title}\0{thread.body}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"label {subject.origin().thread} {code} {Goal.FIX.value} {words}"
