"""What is called proved: every way in which a proof could say more than was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from stage_runs import (
    DOSSIER,
    OTHER,
    RED_AND_GREEN,
    Ran,
    Script,
    buggy,
    candidate,
    candidates,
    context_of,
    environment,
    fixed,
    ran,
    reproduction,
    run_of,
)

from bench import instant
from bench.instant import BUGGY, FAILING, FIXED, PASSING, InstantWorkbench
from bot.core.artifacts import CandidatePatch, Environment, Necessity, Reproduction, SuiteChange, Validation
from bot.core.outcomes import Advance, GiveUp
from bot.core.patch import FileEdit, Hunk, Patch, patch_from_hunks
from bot.core.run import StageName, Verdict
from bot.core.testing import Failure, Outcome
from bot.core.tree import Tree
from bot.stages.parts import line_parts

RIGHT = candidate(FIXED)
BASELINE = environment(RED_AND_GREEN)
REFUSED = "Every candidate that looked right in screening was refused by the proof."
TWO_LINES = "def total(prices):\n    prices = list(prices)\n    return sum(prices)\n"


def validated(
    *survivors: CandidatePatch,
    workbench: InstantWorkbench | None = None,
    environment: Environment = BASELINE,
    reproduced: Reproduction | None = None,
    remaining_s: float = 60.0,
    witnesses: int | None = None,
    ruled_out: int = 1,
) -> Ran:
    deps = instant.deps(workbench=workbench or InstantWorkbench())
    made = (
        DOSSIER,
        environment,
        reproduced or reproduction(),
        candidates(*(survivors or (RIGHT,)), witnesses=witnesses, ruled_out=ruled_out),
    )
    return ran(context_of(StageName.VALIDATION, *made, deps=deps, remaining_s=remaining_s))


def proof(stage: Ran) -> Validation:
    assert isinstance(stage.outcome, Advance), stage.outcome
    assert isinstance(stage.outcome.artifact, Validation)
    return stage.outcome.artifact


def why_not(stage: Ran) -> tuple[str, ...]:
    """What each candidate was refused for."""
    assert isinstance(stage.outcome, GiveUp), stage.outcome
    assert (stage.outcome.verdict, stage.outcome.detail) == (Verdict.NO_FIX_FOUND, REFUSED)
    return stage.outcome.tried


def only_for(tree_holds: str, why: str = "a control test of ours was not run exactly once") -> InstantWorkbench:
    """Nothing that runs on a tree with this text can be trusted."""
    return InstantWorkbench(distrust=lambda tree, ids: why if tree_holds in (tree.text("cart.py") or "") else "")


# ------------------------------------------------------------------- green


def test_a_right_fix_is_proved_with_three_runs_of_three_and_its_one_hunk() -> None:
    stage = validated()
    validation = proof(stage)

    assert [run.green for run in validation.green] == [True] * 3
    assert [(h.necessity, h.shown_by) for h in validation.hunks] == [
        (Necessity.NECESSARY, f"{FAILING} failed: AssertionError: assert 2 == 3")
    ]
    assert stage.findings == ["proved: green 3 of 3, 1 necessary hunk"]
    assert stage.claims == [f"{FAILING} passes with the fix, 3 of 3 times."]


def test_a_test_that_passes_twice_of_three_times_is_no_proof() -> None:
    green = Script(FAILING, [Outcome.PASSED, Outcome.FAILED, Outcome.PASSED], on=fixed)

    assert why_not(validated(workbench=InstantWorkbench(green))) == (
        f"cart.py:2 sum all: {FAILING} passes 2 of 3 times with it",
    )


def test_green_is_nothing_where_the_run_cannot_be_trusted() -> None:
    assert why_not(validated(workbench=only_for("sum(prices)"))) == (
        "cart.py:2 sum all: its test run cannot be trusted: a control test of ours was not run exactly once",
    )


def test_what_screening_said_is_not_believed() -> None:
    wrong = candidate("def total(prices):\n    return len(prices)\n", what="count them")
    stage = validated(wrong)

    assert why_not(stage) == (f"cart.py:2 count them: {FAILING} passes 0 of 3 times with it",)


def test_a_skipped_test_is_not_a_passed_one() -> None:
    skips = Script(FAILING, [Outcome.SKIPPED] * 99, on=fixed)

    assert why_not(validated(workbench=InstantWorkbench(skips))) == (
        f"cart.py:2 sum all: {FAILING} passes 0 of 3 times with it",
    )


def test_every_survivor_is_proved_before_the_proof_says_that_none_holds() -> None:
    wrong = [candidate(f"def total(prices):\n    return {n}\n", what=f"give {n}") for n in range(10, 21)]
    stage = validated(*wrong, RIGHT)

    assert len(proof(stage).rejected) == 11
    assert proof(stage).chosen is RIGHT


def test_what_the_proof_refused_is_no_alternative() -> None:
    wrong = candidate("def total(prices):\n    return len(prices)\n", what="count them")
    other = candidate("def total(prices):\n    return sum(list(prices))\n", what="list them")
    validation = proof(validated(wrong, RIGHT, other))

    assert validation.alternatives == (other,)
    assert [attempt.what for attempt in validation.rejected] == ["cart.py:2 count them"]


def test_one_example_and_several_ways_to_satisfy_it_are_no_fix() -> None:
    other = candidate("def total(prices):\n    return sum(list(prices))\n", what="list them")
    stage = validated(RIGHT, other, witnesses=0)

    assert isinstance(stage.outcome, GiveUp)
    assert stage.outcome.verdict is Verdict.NO_FIX_FOUND
    assert stage.outcome.detail == (
        "2 different changes make the failing test pass, and no other test tells any of them apart, "
        "so nothing decides between them."
    )
    assert stage.outcome.tried == (
        f"cart.py:2 {RIGHT.description}: makes the failing test pass",
        "cart.py:2 list them: makes the failing test pass",
    )
    assert len(stage.outcome.questions) == 1


def test_tests_that_turned_no_candidate_down_decide_nothing_where_the_test_is_our_own() -> None:
    other = candidate("def total(prices):\n    return sum(list(prices))\n", what="list them")
    named = reproduction()
    built = replace(named, test=replace(named.test, patch=Patch((FileEdit("tests/test_new.py", None, "x\n"),))))
    assert proof(validated(RIGHT, other, witnesses=5, ruled_out=0)).alternatives == (other,)

    stage = validated(RIGHT, other, witnesses=5, ruled_out=0, reproduced=built)

    assert isinstance(stage.outcome, GiveUp)
    assert stage.outcome.verdict is Verdict.NO_FIX_FOUND


def test_another_test_that_executes_the_change_decides_between_several() -> None:
    other = candidate("def total(prices):\n    return sum(list(prices))\n", what="list them")

    assert proof(validated(RIGHT, other, witnesses=1)).alternatives == (other,)


def test_the_only_way_to_satisfy_the_example_is_a_fix_that_says_who_speaks_for_it() -> None:
    assert proof(validated(RIGHT, witnesses=0)).witnesses == 0


# --------------------------------------------------------------- restraint


@pytest.mark.parametrize("path", ["tests/test_cart.py", "conftest.py", "setup.cfg", ".github/workflows/ci.yml"])
def test_a_change_of_tests_or_configuration_is_never_a_fix(path: str) -> None:
    bench = InstantWorkbench()
    stage = validated(candidate("pass\n", path=path), workbench=bench)

    assert why_not(stage) == (f"{path}:2 sum all: it changes {path}, which a fix may not touch",)
    assert bench.calls == []


def test_what_is_left_of_a_candidate_is_held_to_restraint_too() -> None:
    calm = candidate("def total(prices):\n    prices = prices\n    return 3\n", what="give three")
    passes: instant.TestRule = lambda tree, test_id: (  # noqa: E731  # a rule of one line
        Outcome.PASSED if test_id == PASSING or "return 3" in (tree.text("cart.py") or "") else Outcome.FAILED
    )
    files = {**{path: file.content.decode() for path, file in instant.PROJECT.files.items()}}
    tree = instant.tree_of({**files, "tests/test_cart.py": "assert total([1, 2]) == 3\nassert total([])\n"})
    code = instant.InstantCode(((DOSSIER.commit, tree),))
    deps = instant.deps(code=code, workbench=InstantWorkbench(passes))
    stage = ran(context_of(StageName.VALIDATION, DOSSIER, BASELINE, reproduction(), candidates(calm), deps=deps))

    assert isinstance(stage.outcome, GiveUp)
    assert stage.outcome.tried[0].startswith("cart.py:2 give three: It ")


def test_a_patch_that_does_not_fit_is_the_candidates_fault_and_nobodys_input() -> None:
    stale = candidate(FIXED, tree=instant.tree_of({"cart.py": "something else\n"}), what="from another tree")
    stage = validated(stale, RIGHT)

    assert proof(stage).chosen is RIGHT
    assert len(proof(stage).rejected) == 1


# ------------------------------------------------------------------- suite


def test_a_fix_that_breaks_another_test_is_refused_by_name() -> None:
    breaks = Script(PASSING, [Outcome.FAILED] * 99, on=fixed)

    assert why_not(validated(workbench=InstantWorkbench(breaks))) == (
        f"cart.py:2 sum all: it breaks 1 test that passed before: {PASSING}. "
        "If such a test states the bug itself, a person has to decide",
    )


@pytest.mark.parametrize(
    "outcome", [Outcome.ERROR, Outcome.SKIPPED, Outcome.XFAILED, Outcome.MISSING, Outcome.TIMED_OUT]
)
def test_any_other_end_of_a_test_that_passed_is_broken_too(outcome: Outcome) -> None:
    breaks = Script(PASSING, [outcome] * 99, on=fixed)

    assert "it breaks 1 test that passed before" in why_not(validated(workbench=InstantWorkbench(breaks)))[0]


def test_a_test_that_fails_once_is_named_flaky_with_what_was_seen() -> None:
    once = Script(PASSING, [Outcome.FAILED], on=fixed)
    validation = proof(validated(workbench=InstantWorkbench(once)))

    assert SuiteChange(PASSING, Outcome.PASSED, Outcome.FAILED, "flaky: passes 2 of 3 times with the fix") in (
        validation.changes
    )


def test_a_test_that_the_fix_makes_unreliable_is_broken_and_not_flaky() -> None:
    unreliable = Script(PASSING, [Outcome.FAILED, Outcome.FAILED, Outcome.PASSED], on=fixed)

    assert "it breaks 1 test" in why_not(validated(workbench=InstantWorkbench(unreliable)))[0]


def test_a_test_that_is_as_unreliable_without_the_fix_is_flaky() -> None:
    base = Script(PASSING, [Outcome.PASSED, Outcome.FAILED, Outcome.PASSED], on=buggy)
    unreliable = Script(PASSING, [Outcome.FAILED, Outcome.FAILED, Outcome.PASSED], on=fixed, otherwise=base)
    validation = proof(validated(workbench=InstantWorkbench(unreliable)))

    assert [change.note for change in validation.changes if change.id == PASSING] == [
        "flaky: passes 1 of 3 times with the fix, 2 of 3 without it"
    ]


def test_being_flaky_before_does_not_hide_a_test_that_fails_each_time_now() -> None:
    breaks = Script(PASSING, [Outcome.FAILED] * 99, on=fixed)
    stage = validated(workbench=InstantWorkbench(breaks), environment=environment(RED_AND_GREEN, flaky=(PASSING,)))

    assert "it breaks 1 test that passed before" in why_not(stage)[0]


def test_a_test_that_the_baseline_did_not_reach_is_not_compared() -> None:
    baseline = run_of({FAILING: Outcome.FAILED, PASSING: Outcome.PASSED, OTHER: Outcome.MISSING})
    bench = InstantWorkbench(Script(OTHER, [Outcome.FAILED] * 99))
    validation = proof(validated(workbench=bench, environment=environment(baseline)))

    assert [change.id for change in validation.changes] == [FAILING]
    assert not any(OTHER in call for call in bench.calls)


def test_a_test_that_failed_before_and_after_is_no_change() -> None:
    baseline = run_of({FAILING: Outcome.FAILED, OTHER: Outcome.FAILED})
    bench = InstantWorkbench(Script(OTHER, [Outcome.FAILED] * 99))

    assert [c.id for c in proof(validated(workbench=bench, environment=environment(baseline))).changes] == [FAILING]


def test_a_suite_whose_run_cannot_be_trusted_breaks_nothing_and_proves_nothing() -> None:
    def whole_suite(tree: Tree, test_ids: Sequence[str]) -> str:
        return "the report is not complete" if len(test_ids) > 1 else ""

    stage = validated(workbench=InstantWorkbench(distrust=whole_suite))

    assert why_not(stage) == ("cart.py:2 sum all: the suite's run cannot be trusted: the report is not complete",)


def test_without_a_baseline_nothing_is_said_of_the_suite() -> None:
    validation = proof(validated(environment=environment(None, skipped="the project has no tests")))

    assert (validation.suite_after, validation.changes) == (None, ())


# ----------------------------------------------------------------- minimal


def test_a_line_that_the_tests_do_not_need_is_dropped() -> None:
    def either(tree: Tree, test_id: str) -> Outcome:
        good = "return sum(prices)\n" in (tree.text("cart.py") or "")
        return Outcome.PASSED if good or test_id == PASSING else Outcome.FAILED

    validation = proof(validated(candidate(TWO_LINES), workbench=InstantWorkbench(either)))

    assert validation.fix.diff.splitlines()[-2:] == ["-    return sum(prices[1:])", "+    return sum(prices)"]


def two_places() -> tuple[Tree, CandidatePatch]:
    before = "LIMIT = 1\n\n\n" + BUGGY
    tree = instant.tree_of({"cart.py": before, "tests/test_cart.py": "from cart import total\n"})
    return tree, candidate("LIMIT = 0\n\n\n" + FIXED, tree=tree, what="in two places")


def two_hunks(rule: instant.TestRule, failures: dict[str, Failure] | None = None) -> Ran:
    tree, both = two_places()
    bench = InstantWorkbench(rule, failures=failures or {})
    deps = instant.deps(code=instant.InstantCode(((DOSSIER.commit, tree),)), workbench=bench)
    made = (DOSSIER, environment(RED_AND_GREEN), reproduction(), candidates(both))
    return ran(context_of(StageName.VALIDATION, *made, deps=deps))


def half(tree: Tree) -> int:
    """How many of the two changes a tree has."""
    text = tree.text("cart.py") or ""
    return ("LIMIT = 0" in text) + ("sum(prices)\n" in text)


def needs_both(tree: Tree, test_id: str) -> Outcome:
    return Outcome.PASSED if test_id == PASSING or half(tree) == 2 else Outcome.FAILED


def test_each_of_two_hunks_is_taken_away_and_shown_necessary() -> None:
    validation = proof(two_hunks(needs_both))

    assert [(h.hunk.line, h.necessity) for h in validation.hunks] == [
        (1, Necessity.NECESSARY),
        (5, Necessity.NECESSARY),
    ]


def test_a_hunk_without_which_the_test_passes_now_and_then_is_not_called_necessary() -> None:
    # Red when the patch is made minimal and the first time the hunk is taken away; green the second time.
    text = "LIMIT = 1"
    lucky = Script(
        FAILING,
        [Outcome.FAILED, Outcome.FAILED, Outcome.PASSED],
        on=lambda tree: half(tree) == 1 and text in (tree.text("cart.py") or ""),
        otherwise=needs_both,
    )

    assert why_not(two_hunks(lucky)) == (
        "cart.py:2 in two places: its change at cart.py:1 proved unnecessary when it was taken away again",
    )


def test_a_hunk_without_which_nothing_loads_is_coupled() -> None:
    def loads(tree: Tree, test_id: str) -> Outcome:
        return needs_both(tree, test_id) if half(tree) != 1 else Outcome.ERROR

    stage = two_hunks(loads, {FAILING: Failure("NameError", "LIMIT", phase="collect")})

    assert {h.necessity for h in proof(stage).hunks} == {Necessity.COUPLED}
    assert stage.findings == ["proved: green 3 of 3, 0 necessary hunks, 2 without which it does not load"]


def test_a_run_that_cannot_be_trusted_shows_no_hunk_necessary() -> None:
    stage = validated(workbench=only_for("prices[1:]", "the sandbox went away"))

    assert why_not(stage) == (
        "cart.py:2 sum all: the run without its change at cart.py:2 cannot be trusted: the sandbox went away",
    )


def test_one_run_that_cannot_be_trusted_is_tried_again() -> None:
    said = iter(["the sandbox went away"])
    bench = InstantWorkbench(distrust=lambda tree, ids: next(said, "") if buggy(tree) else "")

    assert proof(validated(workbench=bench)).hunks[0].necessity is Necessity.NECESSARY


def test_a_hunk_that_only_another_named_test_needs_is_necessary() -> None:
    def named(tree: Tree, test_id: str) -> Outcome:
        text = tree.text("cart.py") or ""
        if test_id == FAILING:
            return Outcome.PASSED if "sum(prices)\n" in text else Outcome.FAILED
        if test_id == OTHER:  # which passes at the base: one change alone breaks it
            return Outcome.PASSED if half(tree) != 1 else Outcome.FAILED
        return Outcome.PASSED

    tree, both = two_places()
    deps = instant.deps(code=instant.InstantCode(((DOSSIER.commit, tree),)), workbench=InstantWorkbench(named))
    made = (DOSSIER, environment(RED_AND_GREEN), reproduction(FAILING, OTHER), candidates(both))
    validation = proof(ran(context_of(StageName.VALIDATION, *made, deps=deps)))

    assert validation.hunks[0].hunk == Hunk("cart.py", 1, ("LIMIT = 1\n",), ("LIMIT = 0\n",))
    assert validation.hunks[0].shown_by == f"{OTHER} failed: AssertionError: assert 2 == 3"


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        (("a\n", "b\n"), ("c\n", "d\n"), [(1, "a\n", "c\n"), (2, "b\n", "d\n")]),
        (("return x\n",), ("if y:\n", "return z\n"), [(1, "", "if y:\n"), (1, "return x\n", "return z\n")]),
        (("return x\n",), ("return z\n", "log()\n"), [(1, "return x\n", "return z\n"), (2, "", "log()\n")]),
        (("log()\n", "return x\n"), ("return z\n",), [(1, "log()\n", ""), (2, "return x\n", "return z\n")]),
    ],
)
def test_a_hunk_is_minimised_line_by_line(
    old: tuple[str, ...], new: tuple[str, ...], parts: list[tuple[int, str, str]]
) -> None:
    hunk = Hunk("cart.py", 1, old, new)

    assert [(part.line, "".join(part.old), "".join(part.new)) for part in line_parts(hunk)] == parts
    tree = instant.tree_of({"cart.py": "".join(old)})
    assert patch_from_hunks(tree, line_parts(hunk)) == patch_from_hunks(tree, [hunk])


# -------------------------------------------------------------------- time


def test_a_proof_that_time_cuts_short_is_out_of_time_and_not_a_refusal() -> None:
    bench = InstantWorkbench(distrust=lambda tree, ids: "the run did not finish: timed out", run_s=6.0)
    stage = validated(workbench=bench, remaining_s=8.0)

    assert isinstance(stage.outcome, GiveUp)
    assert (stage.outcome.verdict, stage.outcome.detail) == (
        Verdict.OUT_OF_TIME,
        "The time limit of 60 s left too little for the proof. Give more with --time-limit.",
    )


def test_the_suite_gets_twice_the_time_that_it_took_before() -> None:
    limits: list[float] = []

    class Timed(InstantWorkbench):
        async def run_tests(self, *args: object, wall_s: float, **options: object) -> object:  # type: ignore[override]  # looks at the limit only
            limits.append(wall_s)
            return await super().run_tests(*args, wall_s=wall_s, **options)  # type: ignore[arg-type]  # as it came

    slow = run_of({FAILING: Outcome.FAILED, PASSING: Outcome.PASSED}, wall_s=100.0)
    proof(validated(workbench=Timed(), environment=environment(slow), remaining_s=400.0))

    assert max(limits) == 200.0
