"""Which commit made a test pass: a bisection over first parents, in sandboxes. Git itself is behind the Code port."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bot.core.artifacts import CandidateTest, Dossier
from bot.core.errors import EnvironmentBroken, InputError
from bot.core.run import Commit
from bot.core.testing import Failure, FailureSignature, Outcome, TestRun
from bot.core.tree import Tree
from bot.stages.base import StageContext
from bot.stages.prepared import prepared

DEPTH = 2000
SHARE = 0.5  # of the time left
ONE_RUN_S = 60.0
ASSERTIONS = ("AssertionError", "Failed")  # the second is how pytest says that nothing was raised


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


@dataclass(frozen=True, slots=True)
class Past:
    """What older commits showed. `behaving` counts those that behave as the base does; `fixing` is None when none was
    seen failing."""

    fixing: FixingCommit | None
    behaving: int = 0


async def search_past(context: StageContext, test: CandidateTest, tree: Tree) -> Past:
    """The commit that fixed what the test shows, as far as it can be found within the time.

    Looks back in doubling steps for a commit that fails, then halves the gap between it and the nearest one that
    behaves. `tree` is the base commit's, which behaves, with the test in it.
    """
    run = context.run
    base = context.need(Dossier).commit.sha
    commits = await context.deps.code.ancestors(run.repository, base, DEPTH)
    stop_at_s = context.remaining_s * (1 - SHARE)
    right, behaving, wrong = 0, 0, None
    for index in _doubling(len(commits)):
        if context.remaining_s < stop_at_s:
            break
        behaviour = await _behaviour(context, test, tree, commits[index])
        if behaviour is Behaviour.WRONG:
            wrong = index
            break
        if behaviour is Behaviour.RIGHT:
            right, behaving = index, behaving + 1
    if wrong is None:
        return Past(None, behaving)
    open_indices = list(range(right + 1, wrong))
    while open_indices and context.remaining_s > stop_at_s:
        middle = open_indices[len(open_indices) // 2]
        behaviour = await _behaviour(context, test, tree, commits[middle])
        if behaviour is Behaviour.WRONG:
            wrong = middle
        elif behaviour is Behaviour.RIGHT:
            right, behaving = middle, behaving + 1
        open_indices = [index for index in open_indices if right < index < wrong and index != middle]
    return Past(FixingCommit(commits[right], commits[wrong], exact=wrong - right == 1), behaving)


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
    files = {test_id.split("::")[0] for test_id in test.test_ids}
    try:
        old = await context.deps.code.tree(context.run.repository, commit.sha)
        old = old.with_text({path: tree.text(path) for path in files})
        environment = await prepared(context, old)
        run = await bench.run_tests(environment, old, test.test_ids, wall_s=ONE_RUN_S)
    except (EnvironmentBroken, InputError):  # what an old commit holds is nobody's input
        return Behaviour.UNKNOWN
    return _judge(run, test)


def _judge(run: TestRun, test: CandidateTest) -> Behaviour:
    if run.green:
        return Behaviour.RIGHT
    failures = [result.failure for result in run.results if result.outcome is Outcome.FAILED and result.failure]
    if not run.distrust and any(_shows(test.signature, failure) for failure in failures):
        return Behaviour.WRONG
    return Behaviour.UNKNOWN


def _shows(signature: FailureSignature, failure: Failure) -> bool:
    """Whether an older commit fails as reported. Where the report names no exception only an assertion counts:
    anything else may just be older than what the test uses."""
    return not signature.mismatch(failure) and failure.exception_type in (signature.exception_type, *ASSERTIONS)
