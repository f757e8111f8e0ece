"""A branch that moves while a run goes on: the fix is carried over and proved again, or honestly given up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stage_runs import RED_AND_GREEN, Ran, candidate, candidates, context_of, environment, ran, reproduction

from bench import instant
from bench.instant import BUGGY, FAILING, FIXED, PROJECT, START, InstantCode, InstantWorkbench, tree_of
from bot.core.artifacts import Dossier, Rebased, Validation
from bot.core.errors import Transient
from bot.core.forge import Origin
from bot.core.outcomes import Advance, GiveUp, RunRecord
from bot.core.run import Commit, StageName, Verdict
from bot.core.testing import Outcome
from bot.core.tree import Tree
from fake_forge import PLACE

PINNED = Commit("a" * 40, "Add totals", "Ada", START)
NEWER = Commit("c" * 40, "Add a heading", "Bob", START)
ABOVE = "# Totals.\n\n\n"


@dataclass
class MovedCode(InstantCode):
    """The branch points to the newest commit of the history."""

    async def resolve(self, repository: str, ref: str) -> Commit:
        return self.history[0][0]


class AwayCode(InstantCode):
    """The remote does not answer."""

    async def resolve(self, repository: str, ref: str) -> Commit:
        raise Transient("no answer")


def rule(tree: Tree, test_id: str) -> Outcome:
    fixed = "return sum(prices)\n" in (tree.text("cart.py") or "")
    return Outcome.FAILED if test_id == FAILING and not fixed else Outcome.PASSED


def validated(newer: Tree | None, *, pull_request: bool = False, code: InstantCode | None = None) -> Ran:
    history = ((PINNED, PROJECT),) if newer is None else ((NEWER, newer), (PINNED, PROJECT))
    deps = instant.deps(code=code or MovedCode(history), workbench=InstantWorkbench(rule=rule))
    made = (Dossier(PINNED, (), (FAILING,)), environment(RED_AND_GREEN), reproduction(), candidates(candidate(FIXED)))
    context = context_of(StageName.VALIDATION, *made, deps=deps)
    run = replace(context.run, ref="main", origin=Origin(PLACE, 12, is_pull_request=pull_request))
    context.record = RunRecord(run, context.record.stages, context.record.artifacts)
    return ran(context)


def rebased(stage: Ran) -> Rebased | None:
    assert isinstance(stage.outcome, Advance), stage.outcome
    assert isinstance(stage.outcome.artifact, Validation)
    return stage.outcome.artifact.rebased


def test_a_branch_that_did_not_move_needs_no_second_proof() -> None:
    assert rebased(validated(None)) is None


def test_a_fix_is_carried_over_and_proved_on_the_newest_commit() -> None:
    newer = tree_of({"cart.py": ABOVE + BUGGY, "tests/test_cart.py": "from cart import total\n"})

    again = rebased(validated(newer))

    assert again is not None
    assert again.commit == NEWER
    assert again.fix.edits[0].after == ABOVE + FIXED
    assert [run.green for run in again.green] == [True, True, True]
    assert not any(run.green for run in again.red)
    assert again.suite_after is not None


def test_a_branch_that_changed_the_same_lines_ends_without_a_fix() -> None:
    newer = tree_of({"cart.py": BUGGY.replace("[1:]", "[2:]"), "tests/test_cart.py": "from cart import total\n"})

    outcome = validated(newer).outcome

    assert isinstance(outcome, GiveUp)
    assert outcome.verdict is Verdict.NO_FIX_FOUND
    assert outcome.detail == (
        "While this run went on, the branch moved to cccccccccc (Add a heading), which changes the same lines. "
        "Ask again with `/fixbugs retry` to start from there."
    )


def test_a_branch_on_which_the_test_passes_by_now_is_already_fixed() -> None:
    newer = tree_of({"cart.py": BUGGY, "tests/test_cart.py": "from cart import total\n", "fixed.txt": ""})

    def fixed_elsewhere(tree: Tree, test_id: str) -> Outcome:
        return Outcome.PASSED if "fixed.txt" in tree else rule(tree, test_id)

    history = ((NEWER, newer), (PINNED, PROJECT))
    stage = validated(newer, code=MovedCode(history))
    bench = stage.context.deps.workbench
    assert isinstance(bench, InstantWorkbench)
    bench.rule = fixed_elsewhere

    outcome = ran(stage.context).outcome

    assert isinstance(outcome, GiveUp)
    assert outcome.verdict is Verdict.ALREADY_FIXED


def test_a_pull_request_is_proved_at_its_own_head_only() -> None:
    newer = tree_of({"cart.py": ABOVE + BUGGY, "tests/test_cart.py": "from cart import total\n"})

    assert rebased(validated(newer, pull_request=True)) is None


def test_a_remote_that_does_not_answer_takes_no_proof_away() -> None:
    assert rebased(validated(None, code=AwayCode())) is None
