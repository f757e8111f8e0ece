"""Since when does it behave: what may be said of older commits, and what may not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from stage_runs import DOSSIER, context_of

from bench import instant
from bench.instant import BUGGY, FAILING, FIXED, InstantCode, InstantWorkbench
from bot.core.artifacts import CandidateTest, Dossier, Environment
from bot.core.errors import EnvironmentBroken, InputError
from bot.core.run import Commit, StageName
from bot.core.testing import Failure, FailureSignature, Outcome
from bot.core.tree import Tree
from bot.stages.history import Past, search_past

TEST = CandidateTest((FAILING,), None, FailureSignature(), "instant", "named")


def history(*texts: str) -> InstantCode:
    """Commits with these texts of cart.py, newest first; commit 0 is the base."""
    commits = [
        (
            Commit(f"{number:040x}", f"Change {number}", "Ada", instant.START - timedelta(days=number)),
            instant.tree_of({"cart.py": text, "tests/test_cart.py": "from cart import total\n"}),
        )
        for number, text in enumerate(texts)
    ]
    return InstantCode(tuple(commits))


def searched(code: InstantCode, workbench: InstantWorkbench | None = None, test: CandidateTest = TEST) -> Past:
    commit, tree = code.history[0]
    deps = instant.deps(code=code, workbench=workbench)
    dossier = Dossier(commit, (), DOSSIER.failing_tests)
    context = context_of(StageName.REPRODUCTION, dossier, deps=deps)
    return asyncio.run(search_past(context, test, tree))


def number(commit: Commit) -> int:
    return int(commit.sha, 16)


@pytest.mark.parametrize("fixed", range(1, 12))
def test_the_commit_that_fixed_it_is_found_wherever_it_lies(fixed: int) -> None:
    past = searched(history(*[FIXED] * fixed, *[BUGGY] * (12 - fixed)))

    assert past.fixing is not None
    assert number(past.fixing.commit) == fixed - 1
    assert number(past.fixing.last_wrong) == fixed
    assert past.fixing.exact


def test_where_no_commit_fails_there_is_no_fixing_one() -> None:
    past = searched(history(*[FIXED] * 6))

    assert past == Past(None, behaving=4)


def test_the_only_commit_has_no_past() -> None:
    assert searched(history(FIXED)) == Past(None, behaving=0)


def test_commits_that_cannot_be_judged_make_the_answer_inexact() -> None:
    unbuilt = "does not build"

    class Picky(InstantWorkbench):
        async def prepare(self, tree: Tree, **asked: Any) -> Environment:
            if tree.text("cart.py") == unbuilt:
                raise EnvironmentBroken("pip could not install x.")
            return await super().prepare(tree, **asked)

    past = searched(history(FIXED, FIXED, unbuilt, unbuilt, BUGGY), Picky())

    assert past.fixing is not None
    assert (number(past.fixing.commit), number(past.fixing.last_wrong)) == (1, 4)
    assert not past.fixing.exact


@pytest.mark.parametrize(
    ("signature", "failure", "counts"),
    [
        (FailureSignature(), Failure("AssertionError", "assert 2 == 3"), True),
        (FailureSignature(), Failure("Failed", "DID NOT RAISE <class 'ValueError'>"), True),
        (FailureSignature(), Failure("AttributeError", "module 'cart' has no attribute 'total'"), False),
        (FailureSignature(), Failure("TypeError", "total() got an unexpected keyword argument"), False),
        (FailureSignature(exception_type="TypeError"), Failure("TypeError", "bad operand"), True),
        (FailureSignature(exception_type="TypeError"), Failure("KeyError", "'a'"), False),
        (FailureSignature(exception_type="KeyError", actual="2"), Failure("AssertionError", "", text="== 2"), True),
    ],
)
def test_an_older_commit_fails_only_as_the_report_says(
    signature: FailureSignature, failure: Failure, counts: bool
) -> None:
    test = CandidateTest((FAILING,), None, signature, "instant", "named")
    past = searched(history(FIXED, BUGGY), InstantWorkbench(failures={FAILING: failure}), test)

    assert (past.fixing is not None) is counts


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.MISSING, Outcome.TIMED_OUT, Outcome.SKIPPED])
def test_a_commit_where_the_test_did_not_run_says_nothing(outcome: Outcome) -> None:
    rule: Callable[[Tree, str], Outcome] = lambda tree, i: (  # noqa: E731  # a rule of one line
        Outcome.PASSED if tree.text("cart.py") == FIXED else outcome
    )

    assert searched(history(FIXED, BUGGY), InstantWorkbench(rule)) == Past(None, behaving=0)


def test_a_run_that_cannot_be_trusted_says_nothing_of_its_commit() -> None:
    bench = InstantWorkbench(distrust=lambda tree, ids: "the sandbox went away")

    assert searched(history(FIXED, BUGGY), bench) == Past(None, behaving=0)


def test_an_old_commit_that_cannot_be_read_is_nobodys_input() -> None:
    class Holed(InstantCode):
        async def tree(self, repository: str, commit: str) -> Tree:
            if int(commit, 16) == 1:
                raise InputError("The commit holds a path that leaves the repository.")
            return await super().tree(repository, commit)

    past = searched(Holed(history(FIXED, FIXED, BUGGY).history))

    assert past.fixing is not None
    assert not past.fixing.exact
