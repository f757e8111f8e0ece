"""Proves a fix once more where its branch has moved while the run went on. What a proof is belongs to validation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.core.artifacts import Dossier, Environment, JudgedHunk, Rebased, Reproduction, SuiteChange
from bot.core.errors import Transient
from bot.core.outcomes import GiveUp
from bot.core.patch import Patch
from bot.core.proof import judge_reproduction
from bot.core.rebase import carried_over
from bot.core.run import Commit, Verdict
from bot.core.testing import TestRun
from bot.core.tree import Tree
from bot.stages.base import StageContext
from bot.stages.baseline import baseline_of, with_baseline
from bot.stages.prepared import prepared
from bot.stages.repetition import repeated
from bot.stages.trial import Refused, Trial

ROUNDS = 2  # a branch that moves faster than that is left to the person who merges

Proof = tuple[tuple[TestRun, ...], TestRun | None, tuple[SuiteChange, ...], tuple[JudgedHunk, ...]]
Prove = Callable[[Trial, Patch], Awaitable[Proof]]


async def newest(context: StageContext) -> Commit | None:
    """The commit that the run's branch points to now, when it is another than the pinned one. None for runs that are
    about one commit: those on the command line and those on a pull request."""
    origin = context.run.origin
    if origin is None or origin.is_pull_request:
        return None
    branch = origin.branch or context.run.ref
    try:
        commit = await context.deps.code.resolve(context.run.repository, branch)
    except Transient:  # what was proved stays proved; the result names the commit that it was proved at
        return None
    return None if commit.sha == context.need(Dossier).commit.sha else commit


async def proved_again(context: StageContext, fix: Patch, prove: Prove) -> Rebased | GiveUp | None:
    """The fix on the branch's newest commit, proved there; None when the branch has not moved.

    Gives up where it cannot be carried over, where the test passes there without it, and where the proof fails there.
    """
    known: Rebased | None = None
    for _ in range(ROUNDS):
        commit = await newest(context)
        if commit is None or (known is not None and commit.sha == known.commit.sha):
            return known
        outcome = await _on(context, commit, fix, prove)
        if isinstance(outcome, GiveUp):
            return outcome
        known = outcome
    return known


async def _on(context: StageContext, commit: Commit, fix: Patch, prove: Prove) -> Rebased | GiveUp:
    reproduction = context.need(Reproduction)
    tree = await context.deps.code.tree(context.run.repository, commit.sha)
    moved = f"While this run went on, the branch moved to {commit.sha[:10]} ({commit.subject})"
    test = carried_over(reproduction.test.patch, tree) if reproduction.test.patch else Patch(())
    carried = carried_over(fix, tree)
    if test is None or carried is None:
        return _again(f"{moved}, which changes the same lines.")
    context.finding(f"the branch moved to {commit.sha[:10]}; proving again")
    with_test = test.apply(tree)
    environment = await _environment(context, tree)
    red = await repeated(context, environment, with_test, reproduction.failing_ids)
    verdict = judge_reproduction(red, reproduction.test.signature, hang_counts=reproduction.test.patch is None)
    if verdict.passed:
        return GiveUp(Verdict.ALREADY_FIXED, f"{moved}. There the test passes without a change.")
    if not verdict.failing_ids:
        return _again(f"{moved}. There the test does not fail as it did: {verdict.reason}.")
    try:
        green, suite, changes, _ = await prove(Trial(context, environment, reproduction, with_test), carried)
    except Refused as exc:
        return _again(f"{moved}. There the fix does not hold: {exc}.")
    return Rebased(commit, test if reproduction.test.patch else None, carried, red, green, suite, changes)


async def _environment(context: StageContext, tree: Tree) -> Environment:
    """Built from the newer commit, with a baseline of its own."""
    environment = await prepared(context, tree)
    if not environment.collection.ids:
        return replace(environment, baseline_skipped="the project has no tests")
    baseline, flaky = await baseline_of(context, environment, tree)
    return with_baseline(environment, baseline, flaky)


def _again(detail: str) -> GiveUp:
    advice = "Ask again with `/fixbugs retry` to start from there."
    return GiveUp(Verdict.NO_FIX_FOUND, f"{detail} {advice}")
