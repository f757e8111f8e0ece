"""Delivers a fix as a pull request from a branch of our own: the failing test first, so that the repository's checks
show it red, then the fix. Pushing to somebody's branch is elsewhere."""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.core.errors import Conflict, Permanent
from bot.core.forge import PullRequest
from bot.publishing.errand import Commits, Errand
from bot.publishing.memory import Memory, pull_from, pull_text
from bot.render.github import obstacles
from bot.render.github.pull_request import branch_name, pull_body, pull_title
from bot.render.github.view import Delivered, DeliveryKind

log = logging.getLogger(__name__)

PULL = "pull"  # what the pull request is remembered as
FIX_ADDED = "fix_added"  # remembered once the fix is on it
MOST_NAMES = 20  # that are tried for a branch


async def open_pull(errand: Errand, kind: DeliveryKind, base: str) -> Delivered:
    """Every step is remembered, and looked for before it is done again. Raises Permanent when the forge refuses."""
    place = errand.origin.place
    commits = await errand.commits(place)
    branch = await _branch(errand, commits)
    delivered = Delivered(kind, None, branch, commits.test, commits.fix)
    pull = await _pull(errand, delivered, base, commits)
    await errand.register.set_pull(errand.record.run.id, place, pull.number)
    await _add_fix(errand, branch, commits)
    delivered = replace(delivered, pull=replace(pull, head_sha=commits.fix))
    return await _ready(errand, delivered)


async def as_patch(memory: Memory, why: str) -> Delivered:
    """The delivery of a fix that could not be pushed, for the reason `why`: a sentence for people. A pull request that
    was opened before something was refused is named."""
    kept = await memory.recall(PULL)
    pull = pull_from(kept) if kept else None
    if pull is not None and not await memory.recall(FIX_ADDED):
        why = f"{why} {obstacles.test_alone(pull.number)}"
    return Delivered(DeliveryKind.PATCH, pull, await memory.recall("branch"), note=why)


async def _branch(errand: Errand, commits: Commits) -> str:
    async def made() -> str:
        wanted = branch_name(errand.record, errand.record.run.policy.branch_prefix, errand.title)
        for number in range(1, MOST_NAMES + 1):
            name = wanted if number == 1 else f"{wanted}-{number}"
            try:
                await errand.forge.create_branch(errand.origin.place, name, commits.first)
            except Conflict:
                head = await errand.forge.branch_head(errand.origin.place, name)
                if head is None:
                    raise  # the name is free, so a rule refuses it
                if head not in commits:
                    continue  # somebody else's
            return name
        raise Conflict(obstacles.names_taken(wanted, MOST_NAMES))

    return await errand.memory.once("branch", made)


async def _pull(errand: Errand, delivered: Delivered, base: str, commits: Commits) -> PullRequest:
    async def made() -> str:
        found = None
        if await errand.memory.begun(PULL):
            found = await errand.forge.find_pull(errand.origin.place, delivered.branch)
        if found is None or not (found.open or found.head_sha in commits):  # an older one from a branch of that name
            found = await errand.forge.open_pull(
                errand.origin.place,
                branch=delivered.branch,
                base=base,
                title=pull_title(errand.record, errand.subjects),
                body=pull_body(errand.record, errand.seen(delivered)),
                draft=True,  # until the fix is on it; the text speaks of both commits already, since they are made
            )
        return pull_text(found)

    return pull_from(await errand.memory.once(PULL, made))


async def _add_fix(errand: Errand, branch: str, commits: Commits) -> None:
    if await errand.memory.recall(FIX_ADDED):
        return
    head = await errand.forge.branch_head(errand.origin.place, branch)
    if head == commits.test and commits.test:
        await errand.forge.move_branch(errand.origin.place, branch, commits.fix)
    elif head != commits.fix:
        raise Conflict(obstacles.branch_changed(branch))
    await errand.memory.remember(FIX_ADDED, "yes")


async def _ready(errand: Errand, delivered: Delivered) -> Delivered:
    """Takes the draft state away, where the repository wants no drafts; once, so that a person may put it back."""
    pull = delivered.pull
    if pull is None or not pull.draft or errand.record.run.policy.draft:
        return delivered

    async def marked() -> str:
        await errand.forge.mark_ready(errand.origin.place, pull)
        return "yes"

    try:
        await errand.memory.once("marked_ready", marked)
    except Permanent as exc:
        log.warning("draft_kept run=%s error=%s", errand.record.run.id, exc)
        return replace(delivered, note=obstacles.still_a_draft(str(exc)))
    return replace(delivered, pull=replace(pull, draft=False))
