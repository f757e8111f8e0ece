"""What is said of somebody's pull request: only what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from stage_runs import context_of

from bench import instant
from bench.instant import BUGGY, FAILING, FIXED, PASSING, START, InstantCode, InstantWorkbench, tree_of
from bot.core.artifacts import Dossier, Environment, Judgement, Necessity
from bot.core.outcomes import Advance, GiveUp, RunRecord, StageOutcome
from bot.core.run import Commit, StageName, Verdict
from bot.core.testing import Collection, Outcome
from bot.core.tree import Tree
from bot.stages import environment
from bot.stages.base import StageContext
from bot.stages.judgement import STAGE

TESTS = "tests/test_cart.py"
WITH_TEST = "from cart import total\n# tests\n"
BASE = Commit("b" * 40, "Add totals", "Ada", START)
HEAD = Commit("a" * 40, "Fix totals", "Bob", START)
SPARE = f'SPARE = "not asked for"\n{FIXED}'


def rule(tree: Tree, test_id: str) -> Outcome:
    """The failing test needs the right sum, in whatever file that also has other things."""
    right = "return sum(prices)\n" in (tree.text("cart.py") or "")
    return Outcome.FAILED if test_id == FAILING and not right else Outcome.PASSED


class Bench(InstantWorkbench):
    """Collects both tests from their file."""

    async def collect(self, environment: Environment, tree: Tree, targets: Sequence[str]) -> Collection:
        return Collection((FAILING, PASSING))


def judged(head: Mapping[str, str], *, bench: Bench | None = None, remaining_s: float = 60.0) -> StageOutcome:
    before = {"cart.py": BUGGY, TESTS: "from cart import total\n"}
    code = InstantCode(((HEAD, tree_of({**before, **head})), (BASE, tree_of(before))))
    deps = instant.deps(code=code, workbench=bench or Bench(rule=rule))
    dossier = Dossier(HEAD, (), ())
    built = asyncio.run(environment.build(context_of(StageName.ENVIRONMENT, dossier, deps=deps)))
    assert isinstance(built, Advance)
    context = context_of(StageName.VALIDATION, dossier, built.artifact, deps=deps, remaining_s=remaining_s)
    context.record = RunRecord(replace(context.run, base=BASE.sha), context.record.stages, context.record.artifacts)
    return asyncio.run(_judged(context))


async def _judged(context: StageContext) -> StageOutcome:
    return await STAGE.run(context)


def judgement(outcome: StageOutcome) -> Judgement:
    assert isinstance(outcome, Advance), outcome
    assert isinstance(outcome.artifact, Judgement)
    return outcome.artifact


def test_a_fix_with_its_test_holds_up() -> None:
    said = judgement(judged({"cart.py": FIXED, TESTS: WITH_TEST}))

    assert said.findings == ()
    assert said.sound
    assert (said.base, said.head) == (BASE, HEAD)
    assert said.failing_ids == (FAILING,)
    assert [hunk.necessity for hunk in said.hunks] == [Necessity.NECESSARY]
    assert len(said.red) == len(said.green) == 3


def test_a_hunk_that_no_test_needs_is_named() -> None:
    said = judgement(judged({"cart.py": SPARE, TESTS: WITH_TEST}))

    assert [hunk.necessity for hunk in said.hunks] == [Necessity.UNNEEDED, Necessity.NECESSARY]
    assert said.findings == ("Its change at cart.py:1 is not needed by any test that was run.",)


def test_what_was_not_tried_does_not_hold_up() -> None:
    said = judgement(judged({"cart.py": SPARE, TESTS: WITH_TEST}, remaining_s=10.0))

    assert not said.sound
    assert said.hunks == ()
    assert said.findings == ("Nothing shows that 2 of its 2 hunks are needed: time was up.",)


def test_what_was_tried_in_a_run_that_cannot_be_trusted_does_not_hold_up() -> None:
    def distrust(tree: Tree, test_ids: Sequence[str]) -> str:
        return "the report is incomplete" if tree.text("cart.py") == FIXED else ""

    said = judgement(judged({"cart.py": SPARE, TESTS: WITH_TEST}, bench=Bench(rule=rule, distrust=distrust)))

    assert [hunk.necessity for hunk in said.hunks] == [Necessity.NECESSARY]
    assert said.findings == ("Nothing shows that 1 of its hunks is needed: the run without it cannot be trusted.",)


def test_comments_are_not_judged() -> None:
    said = judgement(judged({"cart.py": "# done\n" + FIXED, TESTS: WITH_TEST}))

    assert said.sound
    assert said.notes == ("1 of its hunks changes no code: comments, docstrings or layout.",)


def test_a_docstring_that_no_test_reads_is_not_judged() -> None:
    said = judgement(judged({"cart.py": '"""Totals."""\n' + FIXED, TESTS: WITH_TEST}))

    assert said.sound
    assert [hunk.necessity for hunk in said.hunks] == [Necessity.NECESSARY]
    assert said.notes == ("1 of its hunks changes no code: comments, docstrings or layout.",)


def test_a_fix_without_a_test_shows_nothing() -> None:
    said = judgement(judged({"cart.py": FIXED}))

    assert said.findings == ("It adds or changes no test, so nothing shows what it fixes.",)
    assert said.hunks == ()


def test_tests_that_pass_on_the_base_show_nothing() -> None:
    said = judgement(
        judged({"cart.py": FIXED, TESTS: WITH_TEST}, bench=Bench(rule=lambda tree, test_id: Outcome.PASSED))
    )

    assert said.findings == ("All of its tests pass on the base too, so they do not show what it fixes.",)


def test_a_fix_that_does_not_fix_is_said_to_fail_at_its_head() -> None:
    wrong = BUGGY.replace("[1:]", "[2:]")

    said = judgement(judged({"cart.py": wrong, TESTS: WITH_TEST}))

    assert said.findings == (f"At its head {FAILING} passes 0 of 3 times.",)


def test_what_the_change_breaks_is_named() -> None:
    other = "def total(prices):\n    return sum(prices)\n\n\nBROKEN = True\n"

    def breaking(tree: Tree, test_id: str) -> Outcome:
        if test_id == PASSING and "BROKEN" in (tree.text("cart.py") or ""):
            return Outcome.FAILED
        return rule(tree, test_id)

    said = judgement(judged({"cart.py": other, TESTS: WITH_TEST}, bench=Bench(rule=breaking)))

    assert f"{PASSING} passes at the base and fails at its head." in said.findings


def test_configuration_and_other_files_are_named_not_judged() -> None:
    said = judgement(judged({"cart.py": FIXED, TESTS: WITH_TEST, "pyproject.toml": "[x]\n", "notes.txt": "hi\n"}))

    assert said.sound
    assert said.notes == (
        "It changes build, dependency or CI configuration (pyproject.toml): look at that with care. Base and head were "
        "both tested in the environment that the head asks for.",
        "Not judged, because no test run can tell: notes.txt.",
    )


def test_a_pull_request_without_a_change_is_not_judged() -> None:
    outcome = judged({})

    assert isinstance(outcome, GiveUp)
    assert outcome.verdict is Verdict.NEEDS_INFORMATION
