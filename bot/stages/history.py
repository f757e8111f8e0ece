"""Which commit made a test pass: a bisection over first parents, in sandboxes. Git itself is behind the Code port."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bot.core.artifacts import CandidateTest, Dossier
from bot.core.errors import EnvironmentBroken
from bot.core.run import Commit
from bot.core.testing import Outcome, TestRun
from bot.core.tree import Tree
from bot.stages.base import StageContext

DEPTH = 2000
SHARE = 0.5  # of the time left
ONE_RUN_S = 60.0


class Behaviour(Enum):
    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"  # the commit could not be built, or the test did not load there


@dataclass(frozen=True, slots=True)
class FixingCommit:
    """The first commit that behaves. `last_wrong` is the nearest older one seen misbehaving; when commits between the
    two could not be judged, `exact` is false."""

    commit: Commit
    last_wrong: Commit
    exact: bool


async def find_fixing_commit(context: StageContext, test: CandidateTest, tree: Tree) -> FixingCommit | None:
    """The commit that fixed what the test shows, or None when no older commit is seen failing within the time.

    Looks back in doubling steps for a commit that fails, then halves the gap between it and the nearest one that
    behaves. `tree` is the base commit's, which behaves, with the test in it.
    """
    run = context.run
    base = context.need(Dossier).commit.sha
    commits = await context.deps.code.ancestors(run.repository, base, DEPTH)
    stop_at_s = context.remaining_s * (1 - SHARE)
    right, wrong = 0, None
    for index in _doubling(len(commits)):
        if context.remaining_s < stop_at_s:
            return None
        behaviour = await _behaviour(context, test, tree, commits[index])
        if behaviour is Behaviour.WRONG:
            wrong = index
            break
        if behaviour is Behaviour.RIGHT:
            right = index
    if wrong is None:
        return None
    open_indices = list(range(right + 1, wrong))
    while open_indices and context.remaining_s > stop_at_s:
        middle = open_indices[len(open_indices) // 2]
        behaviour = await _behaviour(context, test, tree, commits[middle])
        if behaviour is Behaviour.WRONG:
            wrong = middle
        elif behaviour is Behaviour.RIGHT:
            right = middle
        open_indices = [index for index in open_indices if right < index < wrong and index != middle]
    return FixingCommit(commits[right], commits[wrong], exact=wrong - right == 1)


def _doubling(count: int) -> list[int]:
    """1, 2, 4, … and the last index of `count` commits."""
    indices, step = [], 1
    while step < count - 1:
        indices.append(step)
        step *= 2
    return [*indices, count - 1] if count > 1 else []


async def _behaviour(context: StageContext, test: CandidateTest, tree: Tree, commit: Commit) -> Behaviour:
    """How the test ends on an older commit, with its file as it is at the base."""
    context.count("commits_tried")
    bench = context.deps.workbench
    old = await context.deps.code.tree(context.run.repository, commit.sha)
    files = {test_id.split("::")[0] for test_id in test.test_ids}
    old = old.with_text({path: tree.text(path) for path in files})
    try:
        environment = await bench.prepare(old)
        run = await bench.run_tests(environment, old, test.test_ids, wall_s=ONE_RUN_S)
    except EnvironmentBroken:
        return Behaviour.UNKNOWN
    return _judge(run, test)


def _judge(run: TestRun, test: CandidateTest) -> Behaviour:
    if run.green:
        return Behaviour.RIGHT
    failures = [result.failure for result in run.results if result.outcome is Outcome.FAILED and result.failure]
    if failures and not run.distrust and any(not test.signature.mismatch(failure) for failure in failures):
        return Behaviour.WRONG
    return Behaviour.UNKNOWN
