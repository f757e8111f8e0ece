"""When a bug counts as reproduced, and what is said honestly when it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from stage_runs import DOSSIER, OTHER, RED_AND_GREEN, Ran, Script, analysis, context_of, environment, ran, run_of

from bench import instant
from bench.instant import BUGGY, FAILING, FIXED, PASSING, InstantCode, InstantReproducer, InstantWorkbench
from bot.core.artifacts import CandidateTest, Dossier, Environment, Reproduction
from bot.core.errors import InputError
from bot.core.outcomes import Advance, GiveUp
from bot.core.patch import FileEdit, Patch
from bot.core.run import Commit, StageName, Verdict
from bot.core.testing import Collection, Failure, FailureSignature, Outcome

NAMED = CandidateTest((FAILING,), None, FailureSignature(), "instant", "the test was named as failing.")
NEW = "tests/test_issue.py::test_issue"
BUILT = CandidateTest(
    (NEW,),
    Patch((FileEdit("tests/test_issue.py", None, "def test_issue(): ...\n"),)),
    FailureSignature(),
    "instant",
    "built from the report's snippet.",
)
UNNAMED = replace(DOSSIER, failing_tests=())
GREEN: instant.TestRule = lambda tree, test_id: Outcome.PASSED  # noqa: E731  # a rule of one line
NO_TEST = "None of the tests that the report suggests fails at this commit for the reported reason."


def reproduced(
    *tests: CandidateTest,
    workbench: InstantWorkbench | None = None,
    environment: Environment | None = None,
    dossier: Dossier = UNNAMED,
    code: InstantCode | None = None,
) -> Ran:
    deps = instant.deps(workbench=workbench, reproducer=InstantReproducer(tests or (NAMED,)), code=code)
    return ran(context_of(StageName.REPRODUCTION, dossier, analysis(), environment or BARE, deps=deps))


BARE = environment(None)


def red(stage: Ran) -> Reproduction:
    assert isinstance(stage.outcome, Advance), stage.outcome
    assert isinstance(stage.outcome.artifact, Reproduction)
    return stage.outcome.artifact


def gave_up(stage: Ran) -> GiveUp:
    assert isinstance(stage.outcome, GiveUp), stage.outcome
    return stage.outcome


def past(*texts: str) -> InstantCode:
    """The base and older commits, by their text of cart.py."""
    commits = [DOSSIER.commit]
    commits += [
        Commit(f"{n:040x}", f"Change {n}", "Ada", instant.START - timedelta(days=n)) for n in range(1, len(texts))
    ]
    trees = [instant.tree_of({"cart.py": text, "tests/test_cart.py": "from cart import total\n"}) for text in texts]
    return InstantCode(tuple(zip(commits, trees, strict=True)))


# --------------------------------------------------------------------- red


def test_a_test_that_fails_three_times_of_three_is_the_reproduction() -> None:
    stage = reproduced()

    assert red(stage).failing_ids == (FAILING,)
    assert [run.ids(Outcome.FAILED) for run in red(stage).red] == [(FAILING,)] * 3
    assert stage.findings == [f"{FAILING} fails 3 of 3 times: AssertionError: assert 2 == 3"]
    assert stage.claims == [f"{FAILING} fails at the base commit, 3 of 3 times."]


def test_a_test_that_fails_twice_of_three_times_is_none() -> None:
    unstable = Script(FAILING, [Outcome.FAILED, Outcome.PASSED, Outcome.FAILED])
    outcome = gave_up(reproduced(workbench=InstantWorkbench(unstable)))

    assert (outcome.verdict, outcome.detail) == (Verdict.NOT_REPRODUCIBLE, NO_TEST)
    assert outcome.tried == (f"the test was named as failing: {FAILING} is not stable: it failed 2 of 3 times",)


def test_a_failure_that_the_report_does_not_speak_of_is_none() -> None:
    test = replace(NAMED, signature=FailureSignature(exception_type="KeyError"))
    outcome = gave_up(reproduced(test))

    assert outcome.verdict is Verdict.NOT_REPRODUCIBLE
    assert "the report names KeyError, the test raised AssertionError" in outcome.tried[0]


def test_what_was_tried_before_stays_with_the_reproduction() -> None:
    bench = InstantWorkbench(lambda tree, i: Outcome.PASSED if i == NEW else Outcome.FAILED)

    assert [(a.what, a.result) for a in red(reproduced(BUILT, NAMED, workbench=bench)).attempts] == [
        (BUILT.why, "passed 3 of 3 times")
    ]


def test_a_persons_own_test_may_fail_by_not_ending_and_ours_may_not() -> None:
    hangs = InstantWorkbench(lambda tree, i: Outcome.TIMED_OUT)
    stage = reproduced(NAMED, workbench=hangs)

    assert stage.findings == [f"{FAILING} fails 3 of 3 times: it does not end"]
    assert gave_up(reproduced(BUILT, workbench=hangs)).verdict is Verdict.NOT_REPRODUCIBLE


def test_of_the_named_tests_only_those_that_fail_are_claimed() -> None:
    stage = reproduced(replace(NAMED, test_ids=(PASSING, FAILING)))

    assert red(stage).failing_ids == (FAILING,)


def test_a_named_test_that_the_baseline_did_not_reach_is_run_beside_those_it_saw_red() -> None:
    baseline = run_of({FAILING: Outcome.MISSING, OTHER: Outcome.ERROR, PASSING: Outcome.PASSED})
    bench = InstantWorkbench(Script(OTHER, [Outcome.ERROR] * 9))
    stage = reproduced(
        replace(NAMED, test_ids=(OTHER, FAILING, PASSING)), workbench=bench, environment=environment(baseline)
    )

    assert red(stage).failing_ids == (FAILING,)
    assert bench.calls == [(OTHER, FAILING)] * 3


def test_nothing_is_asked_of_tests_that_the_project_skips() -> None:
    baseline = run_of({FAILING: Outcome.FAILED, OTHER: Outcome.SKIPPED})
    stage = reproduced(replace(NAMED, test_ids=(FAILING, OTHER)), environment=environment(baseline))

    assert red(stage).test.test_ids == (FAILING,)


# -------------------------------------------------------------- not loaded


def test_a_test_that_never_ran_is_not_called_unreproducible() -> None:
    bench = InstantWorkbench(
        lambda tree, i: Outcome.ERROR, failures={NEW: Failure("ImportError", "no total", phase="collect")}
    )
    outcome = gave_up(reproduced(BUILT, workbench=bench))

    assert outcome.verdict is Verdict.CANNOT_RUN
    assert outcome.detail == (
        f"No test that the report suggests could be run at this commit: {NEW} did not run: ImportError in collect."
    )


def test_a_run_that_cannot_be_trusted_shows_neither_the_bug_nor_its_absence() -> None:
    bench = InstantWorkbench(GREEN, distrust=lambda tree, ids: "the report is not complete")
    outcome = gave_up(reproduced(workbench=bench))

    assert outcome.verdict is Verdict.CANNOT_RUN
    assert "the test run cannot be trusted: the report is not complete" in outcome.detail


def test_code_that_does_not_load_is_named_with_its_reason() -> None:
    broken = replace(BARE, collection=Collection((PASSING,), (("tests/test_cart.py", "E   SyntaxError: bad"),)))
    outcome = gave_up(reproduced(BUILT, workbench=InstantWorkbench(lambda t, i: Outcome.ERROR), environment=broken))

    assert outcome.verdict is Verdict.CANNOT_RUN
    assert outcome.detail == (
        "The code that the report is about does not load here, so no test of it can run. tests/test_cart.py says: "
        "SyntaxError: bad. Name a commit that this Python can load with --ref, or run this with an older Python."
    )


@pytest.mark.parametrize(
    ("target", "where", "said"),
    [
        ("tests/test_a.py::test_x", "tests/test_a.py", "cannot be loaded at this commit: ImportError: no numpy."),
        ("/home/ada/shop/tests/test_a.py::test_x", "tests/test_a.py", "cannot be loaded at this commit"),
        ("tests/test_a.py::test_x", "(the whole project)", "cannot be loaded at this commit"),
        ("tests/data/test_a.py::test_x", "test_a.py", "cannot be loaded at this commit"),
        ("tests/old_test_a.py::test_x", "test_a.py", "There is no test tests/old_test_a.py::test_x at this commit."),
        ("tests/test_a.py::test_x", "tests/test_b.py", "There is no test tests/test_a.py::test_x at this commit."),
    ],
)
def test_a_named_test_that_is_not_there_is_told_apart_from_one_that_does_not_load(
    target: str, where: str, said: str
) -> None:
    broken = replace(BARE, collection=Collection((PASSING,), ((where, "E   ImportError: no numpy"),)))

    with pytest.raises(InputError) as caught:
        reproduced(dossier=replace(DOSSIER, failing_tests=(target,)), environment=broken)
    assert said in str(caught.value)


def test_a_misspelt_test_gets_a_suggestion() -> None:
    with pytest.raises(InputError) as caught:
        reproduced(dossier=replace(DOSSIER, failing_tests=("tests/test_cart.py::test_total_of_twos",)))
    assert str(caught.value) == (
        f"There is no test tests/test_cart.py::test_total_of_twos at this commit. Did you mean {FAILING} or {PASSING}?"
    )


# ----------------------------------------------------------- already fixed


def test_where_an_older_commit_fails_it_is_already_fixed_since_the_commit_after() -> None:
    stage = reproduced(code=past(FIXED, FIXED, BUGGY), workbench=InstantWorkbench(), dossier=DOSSIER)
    outcome = gave_up(stage)

    assert outcome.verdict is Verdict.ALREADY_FIXED
    assert outcome.detail == (
        "It behaves as the report asks for since commit 0000000000 (Change 1, Ada, 2026-01-01); "
        "the commit before it fails."
    )
    assert stage.claims == ["Commit 0000000000 (Change 1, Ada, 2026-01-01) behaves; an older one does not."]


def test_a_named_test_that_never_failed_is_not_already_fixed() -> None:
    outcome = gave_up(reproduced(code=past(FIXED, FIXED, FIXED), dossier=DOSSIER))

    assert outcome.verdict is Verdict.NOT_REPRODUCIBLE
    assert outcome.detail == (
        "The named test passes at this commit, 3 of 3 times, and at 2 older commits; no commit was seen failing."
    )


def test_of_a_past_that_could_not_be_tried_nothing_is_said() -> None:
    tests = replace(NAMED, test_ids=(FAILING, PASSING))
    outcome = gave_up(reproduced(tests, workbench=InstantWorkbench(GREEN)))

    assert outcome.verdict is Verdict.NOT_REPRODUCIBLE
    assert outcome.detail == "The 2 named tests pass at this commit, 3 of 3 times; no commit was seen failing."


def test_a_snippet_that_behaves_at_every_commit_is_not_already_fixed() -> None:
    outcome = gave_up(reproduced(BUILT, code=past(FIXED, FIXED), workbench=InstantWorkbench(GREEN)))

    assert outcome.verdict is Verdict.NOT_REPRODUCIBLE
    assert outcome.detail == (
        "What the report shows behaves as it asks for at this commit and at 1 older commit; no commit was seen failing."
    )


def test_a_snippet_that_behaves_at_the_only_commit_is_already_what_was_asked_for() -> None:
    outcome = gave_up(reproduced(BUILT, workbench=InstantWorkbench(GREEN)))

    assert outcome.verdict is Verdict.ALREADY_FIXED
    assert outcome.detail == (
        "What the report shows already behaves as it asks for at this commit; no older commit could be tried."
    )


def test_where_one_test_behaves_and_another_fails_otherwise_nothing_is_called_fixed() -> None:
    other = replace(BUILT, test_ids=(OTHER,), why="built from another snippet.")
    bench = InstantWorkbench(
        lambda tree, i: Outcome.FAILED if i == OTHER else Outcome.PASSED, failures={OTHER: Failure("NameError", "x")}
    )
    outcome = gave_up(reproduced(BUILT, other, workbench=bench))

    assert (outcome.verdict, outcome.detail) == (Verdict.NOT_REPRODUCIBLE, NO_TEST)
    assert outcome.tried == (
        "built from the report's snippet: passed 3 of 3 times",
        f"built from another snippet: {OTHER} failed for another reason: "
        "it failed with NameError, which the report does not mention",
    )


def test_a_skipped_test_is_neither_red_nor_already_fixed() -> None:
    outcome = gave_up(reproduced(BUILT, workbench=InstantWorkbench(lambda tree, i: Outcome.SKIPPED)))

    assert (outcome.verdict, outcome.detail) == (Verdict.NOT_REPRODUCIBLE, NO_TEST)


def test_a_report_without_a_test_in_it_needs_information() -> None:
    deps = instant.deps(reproducer=InstantReproducer(()))
    stage = ran(context_of(StageName.REPRODUCTION, UNNAMED, analysis(), environment(RED_AND_GREEN), deps=deps))

    assert gave_up(stage).verdict is Verdict.NEEDS_INFORMATION
    assert gave_up(stage).detail == "The report does not say enough to build a test from it."
    assert gave_up(stage).questions
