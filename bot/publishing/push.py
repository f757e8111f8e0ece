"""Delivers a fix to a pull request that is there already: by commits on its branch, else by a pull request onto that
branch. Where neither may be, it says why; what becomes of the fix then is decided elsewhere."""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.core.errors import Conflict, Forbidden, Permanent
from bot.core.forge import Place, PullFacts, PullRequest, ThreadFacts
from bot.publishing.errand import Commits, Errand
from bot.publishing.new_pull import open_pull
from bot.render.github import obstacles
from bot.render.github.pull_request import revision_note
from bot.render.github.view import Delivered, DeliveryKind

log = logging.getLogger(__name__)

REVISION = "\n\n<!-- fixbugs revision -->\n"  # what we said last of a pull request of ours follows this
MOST_BODY_BYTES = 65_000  # GitHub takes 65,536 characters


async def push(errand: Errand, thread: ThreadFacts, pull: PullFacts) -> Delivered:
    """Raises Permanent, with a sentence for people, when the fix cannot get to the pull request."""
    place = errand.origin.place
    if not thread.open:
        raise Conflict(obstacles.thread_closed(thread.number, merged=pull.merged))
    if pull.from_fork(place):
        return await _to_fork(errand, thread, pull)
    if pull.head_ref == errand.default_branch:  # as in a pull request from main to a release: nobody looks at it first
        delivered = await open_pull(errand, DeliveryKind.STACKED, pull.head_ref)
        return replace(delivered, note=obstacles.default_branch(pull.head_ref))
    commits, refused = await _moved(errand, place, pull.head_ref)
    if refused:
        delivered = await open_pull(errand, DeliveryKind.STACKED, pull.head_ref)
        return replace(delivered, note=obstacles.push_refused(pull.head_ref, refused))
    delivered = _pushed(thread, pull, commits)
    if await errand.register.run_of_pull(place, thread.number) is not None:
        await errand.register.set_pull(errand.record.run.id, place, thread.number)
        await _revise(errand, delivered, thread)
    return delivered


async def _to_fork(errand: Errand, thread: ThreadFacts, pull: PullFacts) -> Delivered:
    if not pull.head_repository:
        raise Conflict(obstacles.fork_gone())
    if not pull.maintainer_can_modify:
        raise Conflict(obstacles.fork_locked(pull.head_repository))
    fork = Place(errand.origin.place.installation_id, pull.head_repository)
    try:
        commits, refused = await _moved(errand, fork, pull.head_ref)
    except _HeadMoved:
        raise
    except Permanent as exc:  # the App is hardly ever installed in a fork
        log.info("fork_refused run=%s fork=%s error=%s", errand.record.run.id, fork.repository, exc)
        raise Conflict(obstacles.fork_refused(fork.repository)) from exc
    if refused:
        raise Conflict(obstacles.push_refused(pull.head_ref, refused))
    return _pushed(thread, pull, commits)


class _HeadMoved(Conflict):
    """The branch is not where the proof was made."""


async def _moved(errand: Errand, place: Place, branch: str) -> tuple[Commits, str]:
    """The commits, on the branch; or, when a rule or a missing right keeps them off it, the forge's words for that.
    Both commits go at once: a pull request of somebody's is never left with a failing test and no fix."""
    base, made = errand.change.base, await errand.made_fix(place)
    head = await errand.forge.branch_head(place, branch)
    if head != base and (not head or head != made):
        raise _HeadMoved(obstacles.head_moved(branch, base, head))
    commits = await errand.commits(place)
    if head == commits.fix:
        return commits, ""
    try:
        await errand.forge.move_branch(place, branch, commits.fix)
    except (Conflict, Forbidden) as exc:
        head = await errand.forge.branch_head(place, branch)
        if head == base:
            return commits, str(exc)
        if head != commits.fix:
            raise _HeadMoved(obstacles.head_moved(branch, base, head)) from exc
    return commits, ""


def _pushed(thread: ThreadFacts, pull: PullFacts, commits: Commits) -> Delivered:
    shown = PullRequest(thread.number, thread.web_url, True, commits.fix, draft=pull.draft)
    return Delivered(DeliveryKind.PUSHED, shown, pull.head_ref, commits.test, commits.fix)


async def _revise(errand: Errand, delivered: Delivered, thread: ThreadFacts) -> None:
    """Says the newest proof in the text of a pull request of ours, in the place of what an earlier revision said."""
    first_said = thread.body.split(REVISION, 1)[0]
    body = first_said + REVISION + revision_note(errand.record, errand.seen(delivered))
    if body == thread.body:
        return
    if len(body.encode("utf-8", "replace")) > MOST_BODY_BYTES:
        log.warning("revision_too_long run=%s number=%s", errand.record.run.id, thread.number)
        return
    try:
        await errand.forge.edit_pull(errand.origin.place, thread.number, body=body)
    except Permanent as exc:  # the commits are there, and the comment says it all
        log.warning("revision_not_noted run=%s number=%s error=%s", errand.record.run.id, thread.number, exc)
