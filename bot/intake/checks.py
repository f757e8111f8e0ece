"""Checks failed: whether a run begins by itself, which the repository's policy says. Nobody is asked, so nobody is
answered either."""

from __future__ import annotations

import logging

from bot.core.commands import ChecksFailed
from bot.core.errors import Absent
from bot.core.forge import Origin, PullFacts
from bot.core.policy import OnFailedChecks, Policy
from bot.core.run import Goal, TriggerKind
from bot.intake.labels import is_ours
from bot.intake.opening import Wish, open_run
from bot.intake.outside import Outside
from bot.intake.threads import Subject
from bot.ports import Opening

log = logging.getLogger(__name__)

RUNS_PER_BRANCH_OF_OURS = 2  # a fix that makes checks fail again and again is left to people


async def checks_failed(outside: Outside, command: ChecksFailed) -> None:
    me = await outside.forge.me()
    if command.app_slug and command.app_slug == me.login.removesuffix("[bot]"):
        return
    wanted = await outside.policies.of(command.place)
    if wanted.errors:
        log.info("failed_check_ignored place=%s reason=settings", command.place.repository)
        return
    if wanted.policy.failed_checks is OnFailedChecks.OFF:
        return
    numbers = command.pull_numbers or await outside.forge.pulls_with_head(command.place, command.head_sha)
    for number in numbers:
        if await _on_pull(outside, command, number, wanted.policy):
            return
    if not numbers and wanted.policy.failed_checks is OnFailedChecks.ALWAYS:
        await _on_default_branch(outside, command, wanted.policy)


async def _on_pull(outside: Outside, command: ChecksFailed, number: int, policy: Policy) -> bool:
    """Whether this pull request is the one that the failed check is about, and a run may work on it."""
    try:
        thread = await outside.forge.thread(command.place, number)
    except Absent:
        return False
    pull = thread.pull
    if pull is None or not thread.open or pull.head_sha != command.head_sha:
        return False
    always = policy.failed_checks is OnFailedChecks.ALWAYS
    if not always and not any(is_ours(label, policy) for label in thread.labels):
        return False
    facts = await outside.forge.repository(command.place)
    if facts.archived or facts.empty:
        return False
    subject = Subject(command.place, facts, thread)
    if not _on_branch_of_ours(command, pull, policy):
        wish = _wish(command, subject.origin(), subject.ref, f"checks {_repository(command)} {command.head_sha}")
        await open_run(outside, wish, facts, policy)
    elif not await _under_way(outside, command, number):
        await _again(outside, command, subject, policy)
    return True


def _on_branch_of_ours(command: ChecksFailed, pull: PullFacts, policy: Policy) -> bool:
    return pull.head_ref.startswith(policy.branch_prefix) and not pull.from_fork(command.place)


async def _under_way(outside: Outside, command: ChecksFailed, number: int) -> bool:
    """Whether the run that makes this pull request goes on: its first commit, a failing test, fails rightly."""
    run_id = await outside.register.run_of_pull(command.place, number)
    return run_id is not None and not (await outside.store.load(run_id)).finished


async def _again(outside: Outside, command: ChecksFailed, subject: Subject, policy: Policy) -> None:
    """At most so many runs per branch of ours, each about a commit of its own. The places are counted by what the
    register remembers of them, so that nothing is counted twice, whoever dies on the way."""
    assert subject.thread.pull is not None  # noqa: S101 - the caller looked
    branch = subject.thread.pull.head_ref
    for turn in range(1, RUNS_PER_BRANCH_OF_OURS + 1):
        meaning = f"checks of ours {_repository(command)} {branch} {turn}"
        opened = await open_run(outside, _wish(command, subject.origin(), subject.ref, meaning), subject.facts, policy)
        if opened.how is not Opening.REPEATED:
            return
        origin = (await outside.store.load(opened.run_id)).run.origin
        if origin is not None and origin.head_sha == command.head_sha:
            return
    log.info("failed_check_ignored place=%s branch=%s reason=twice_already", command.place.repository, branch)


async def _on_default_branch(outside: Outside, command: ChecksFailed, policy: Policy) -> None:
    """A fork's branch may be called as ours is: only the commit that the default branch is at counts."""
    facts = await outside.forge.repository(command.place)
    if command.branch not in ("", facts.default_branch) or facts.archived or facts.empty:
        return
    if await outside.forge.branch_head(command.place, facts.default_branch) != command.head_sha:
        return
    origin = Origin(command.place, head_sha=command.head_sha, branch=facts.default_branch)
    wish = _wish(command, origin, command.head_sha, f"checks {_repository(command)} {command.head_sha}")
    await open_run(outside, wish, facts, policy)


def _wish(command: ChecksFailed, origin: Origin, ref: str, meaning: str) -> Wish:
    return Wish(TriggerKind.FAILED_CHECK, command.app_slug or command.source, Goal.FIX, origin, ref, meaning)


def _repository(command: ChecksFailed) -> str:
    return command.place.repository.lower()
