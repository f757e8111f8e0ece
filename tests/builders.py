"""Builders of whole run records, as a test wants them: one per verdict, about one believable bug. No assertions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.artifacts import (
    Analysis,
    Artifact,
    Attempt,
    CandidatePatch,
    Candidates,
    CandidateTest,
    Dossier,
    Environment,
    Expectation,
    JudgedHunk,
    Necessity,
    Refusal,
    Reproduction,
    RootCause,
    Screened,
    SourceText,
    SuiteChange,
    Suspect,
    Validation,
)
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import GiveUp, RunRecord, StageRecord, StageState
from bot.core.patch import FileEdit, Patch
from bot.core.run import Commit, Document, Goal, Report, Run, StageName, Trigger, TriggerKind, Verdict
from bot.core.testing import Collection, Failure, FailureSignature, Frame, Isolation, Outcome, TestResult, TestRun

START = datetime(2026, 3, 9, 10, 0, 0, tzinfo=UTC)
TEST_ID = "tests/test_dates.py::test_issue_renewal_on_the_31st"
COMMAND = f"python -m pytest {TEST_ID}"
SUITE = tuple(f"tests/test_dates.py::test_{n:02}" for n in range(1, 24))

BEFORE = '''"""Calendar arithmetic that `datetime` leaves out."""

from calendar import monthrange
from datetime import date


def days_in_month(day: date) -> int:
    """How many days the month of this day has."""
    return monthrange(day.year, day.month)[1]


def add_months(start: date, months: int) -> date:
    """The same day of the month, that many months later."""
    years, month = divmod(start.month - 1 + months, 12)
    target = date(start.year + years, month + 1, 1)
    return target.replace(day=min(start.day, days_in_month(start)))
'''
AFTER = BEFORE.replace("days_in_month(start)", "days_in_month(target)")
TEST_BEFORE = "from datetime import date\n\nfrom paperboy.dates import add_months\n"
TEST_AFTER = f"""{TEST_BEFORE}

def test_issue_renewal_on_the_31st():
    ada = Subscription("Ada", MONTHLY, started=date(2024, 1, 31))
    assert ada.next_renewal(after=date(2024, 2, 1)).isoformat() == "2024-02-29"
"""
ISSUE = "# next_renewal crashes on the 31st\n\nI expected `'2024-02-29'`, got `ValueError`.\n"
TRACEBACK = (
    "    def add_months(start: date, months: int) -> date:\n"
    ">       return target.replace(day=min(start.day, days_in_month(start)))\n"
    "E       ValueError: day is out of range for month\n\n"
    "paperboy/dates.py:16: ValueError\n"
)


def run(*, goal: Goal = Goal.FIX, issue: str = ISSUE) -> Run:
    return Run(
        id="run-7f3a",
        trigger=Trigger(TriggerKind.COMMAND_LINE, "ada", START),
        repository="/home/ada/paperboy",
        ref="HEAD",
        report=Report(issue=Document("ISSUE.md", issue.encode())),
        goal=goal,
        time_limit_s=600.0,
    )


def dossier(*, issue: str = ISSUE, notices: tuple[str, ...] = ()) -> Dossier:
    commit = Commit("4f0c2a9d8e7b6a5f4e3d2c1b0a9f8e7d6c5b4a39", "Import paperboy 1.4.2", "Ada", START)
    return Dossier(commit, (SourceText("ISSUE.md", "issue", issue),), (), notices=notices)


def ran(
    ids: tuple[str, ...],
    outcome: Outcome = Outcome.PASSED,
    *,
    failure: Failure | None = None,
    isolation: Isolation = Isolation.NAMESPACE,
    wall_s: float = 0.4,
) -> TestRun:
    red = outcome is not Outcome.PASSED
    return TestRun(
        expected=ids,
        results=tuple(TestResult(i, outcome, 0.01, failure if red else None) for i in ids),
        exit_code=1 if red else 0,
        wall_s=wall_s,
        isolation=isolation,
        output_tail=f"{len(ids)} {'failed' if red else 'passed'} in {wall_s:.2f}s",
        command=f"python -m pytest {ids[0]}" if len(ids) == 1 else "python -m pytest",
    )


def environment(*, isolation: Isolation = Isolation.NAMESPACE) -> Environment:
    enforced = ("no network", "host files hidden", "memory and processes limited", "one unprivileged user")
    return Environment(
        toolchain="python",
        runner="pytest",
        key="0b8d6c",
        settings=(),
        isolation=isolation,
        enforced=() if isolation is Isolation.NONE else enforced,
        collection=Collection(SUITE),
        baseline=ran(SUITE, isolation=isolation, wall_s=0.71),
        notes=("Installed from requirements-dev.txt.",),
        build_s=1.9,
    )


def suspects() -> tuple[Suspect, ...]:
    return (
        Suspect(
            "paperboy/dates.py",
            16,
            16,
            0.92,
            "add_months",
            ("The report's traceback ends here.", "Run by the failing test and by 9 of 23 passing ones."),
            ("E2", "E4"),
        ),
        Suspect("paperboy/subscriptions.py", 25, 25, 0.41, "Subscription.renewal", ("In the traceback.",), ("E2",)),
    )


def analysis() -> Analysis:
    said = Provenance("ISSUE.md", 3, 3)
    return Analysis(
        title="next_renewal crashes on the 31st",
        expectations=(Expectation(said, expected="'2024-02-29'", quote="I expected `'2024-02-29'`"),),
        versions=("paperboy 1.4.2",),
        named_symbols=("next_renewal",),
        signature=FailureSignature(exception_type="ValueError", message_part="day is out of range for month"),
        suspects=suspects(),
    )


def evidence() -> tuple[Evidence, ...]:
    return (
        Evidence(
            EvidenceKind.CLAIM,
            "The report expects '2024-02-29'.",
            Provenance("ISSUE.md", 3, 3, "ab" * 32),
            "I expected `'2024-02-29'`, got `ValueError`.",
            "readers.snippets",
            "E1",
        ),
        Evidence(
            EvidenceKind.FRAME,
            "The traceback ends in add_months.",
            Provenance("ISSUE.md", 26, 28),
            'File "/srv/app/paperboy/dates.py", line 16, in add_months',
            "readers.traces",
            "E2",
        ),
        Evidence(
            EvidenceKind.VERSION, "Seen with paperboy 1.4.2.", Provenance("ISSUE.md", 33), "", "readers.text", "E3"
        ),
        Evidence(
            EvidenceKind.CODE,
            "add_months asks for the days of the month it started in.",
            Provenance("paperboy/dates.py", 16, 16),
            "    return target.replace(day=min(start.day, days_in_month(start)))",
            "locators.spectrum",
            "E4",
        ),
    )


def failure() -> Failure:
    return Failure(
        "ValueError",
        "day is out of range for month",
        "call",
        (Frame("paperboy/dates.py", 16, "add_months", "return target.replace(…)"),),
        TRACEBACK,
    )


def reproduction(*, isolation: Isolation = Isolation.NAMESPACE, in_tree: bool = False) -> Reproduction:
    patch = None if in_tree else Patch((FileEdit("tests/test_dates.py", TEST_BEFORE, TEST_AFTER),))
    test = CandidateTest(
        (TEST_ID,), patch, analysis().signature, "snippet", "The report's snippet and what it expects."
    )
    red = ran((TEST_ID,), Outcome.FAILED, failure=failure(), isolation=isolation)
    return Reproduction(test, (red, red, red), (TEST_ID,), (Attempt("the snippet alone", "it raised ValueError"),))


def root_cause() -> RootCause:
    statement = (
        "add_months in paperboy/dates.py:16 counts the days of the month it starts in, not of the one it returns."
    )
    return RootCause(suspects(), statement)


def candidate(after: str = AFTER, *, rule: str = "wrong-variable", description: str = "") -> CandidatePatch:
    return CandidatePatch(
        Patch((FileEdit("paperboy/dates.py", BEFORE, after),)),
        rule,
        description or "use `target` instead of `start`",
        "paperboy/dates.py",
        16,
        0.2,
        "templates",
        0.92,
    )


def candidates() -> Candidates:
    gutted = candidate(
        BEFORE.replace("min(start.day, days_in_month(start))", "29"), rule="constant", description="returns 29"
    )
    return Candidates(
        survivors=(Screened(candidate(), True, "suite"),),
        refused=(Refusal(gutted, "It special-cases the value the test expects."),),
        generated=214,
        screened=61,
        suspects=suspects(),
    )


def validation(*, isolation: Isolation = Isolation.NAMESPACE, changes: tuple[SuiteChange, ...] = ()) -> Validation:
    fix = candidate().patch
    green = ran((TEST_ID,), isolation=isolation)
    return Validation(
        chosen=candidate(),
        fix=fix,
        green=(green, green, green),
        suite_after=ran((*SUITE, TEST_ID), isolation=isolation, wall_s=0.74),
        changes=changes,
        hunks=(JudgedHunk(fix.hunks()[0], Necessity.NECESSARY, f"Without it, {TEST_ID} fails with ValueError."),),
    )


STAGE_TIMES: tuple[tuple[StageName, float, float, str, tuple[tuple[str, float], ...]], ...] = (
    (StageName.GATHER, 0.0, 0.08, "1 report, 26 lines", (("texts", 1),)),
    (StageName.ENVIRONMENT, 0.08, 2.61, "pytest, 23 tests, all green", (("tests", 23), ("build_s", 1.9))),
    (StageName.ANALYSIS, 0.08, 0.31, "2 suspects; first: paperboy/dates.py:16 in add_months", (("suspects", 2),)),
    (StageName.REPRODUCTION, 2.69, 1.42, "red 3 of 3: ValueError", (("candidates", 2),)),
    (StageName.ROOT_CAUSE, 2.69, 0.05, "paperboy/dates.py:16 in add_months", ()),
    (StageName.FIX, 4.11, 2.33, "1 of 61 candidates survives", (("generated", 214), ("screened", 61))),
    (StageName.VALIDATION, 6.44, 3.05, "green 3 of 3, nothing else changed", (("hunks", 1),)),
    (StageName.PUBLICATION, 9.49, 0.02, "4 files written", ()),
)


def stages(*, last: StageName = StageName.VALIDATION, gave_up: bool = False) -> tuple[StageRecord, ...]:
    """Stage records up to `last`; the ones after it are skipped, publication runs always."""
    found, ended = [], False
    for name, begin_s, wall_s, finding, counters in STAGE_TIMES:
        if ended and name is not StageName.PUBLICATION:
            found.append(StageRecord(name, StageState.SKIPPED))
            continue
        state = StageState.GAVE_UP if gave_up and name is last else StageState.DONE
        at = START + timedelta(seconds=begin_s)
        found.append(StageRecord(name, state, 1, at, wall_s, "" if state is StageState.GAVE_UP else finding, counters))
        ended = ended or name is last
    return tuple(found)


def fixed_record(*, isolation: Isolation = Isolation.NAMESPACE) -> RunRecord:
    made: tuple[Artifact, ...] = (
        dossier(),
        environment(isolation=isolation),
        analysis(),
        reproduction(isolation=isolation),
        root_cause(),
        candidates(),
        validation(isolation=isolation),
    )
    return RunRecord(run(), stages(), made, evidence(), Verdict.FIXED)


def reproduced_record() -> RunRecord:
    made = (dossier(), environment(), analysis(), reproduction(), root_cause())
    return RunRecord(run(goal=Goal.REPRODUCE), stages(last=StageName.ROOT_CAUSE), made, evidence(), Verdict.REPRODUCED)


def explained_record() -> RunRecord:
    made = (dossier(), environment(), analysis(), root_cause())
    skipped = StageRecord(StageName.REPRODUCTION, StageState.SKIPPED)
    records = tuple(skipped if s.name is skipped.name else s for s in stages(last=StageName.ROOT_CAUSE))
    return RunRecord(run(goal=Goal.EXPLAIN), records, made, evidence(), Verdict.EXPLAINED)


# How each no-fix verdict comes about: the stage that gave up, and what it says.
NO_FIX: dict[Verdict, tuple[StageName, GiveUp]] = {
    give_up.verdict: (stage, give_up)
    for stage, give_up in (
        (
            StageName.REPRODUCTION,
            GiveUp(
                Verdict.ALREADY_FIXED,
                "The report's snippet already gives '2024-02-29' at 4f0c2a9; 91be02c changed it.",
                tried=("Ran the report's snippet at 4f0c2a9: it gave '2024-02-29'.",),
            ),
        ),
        (
            StageName.REPRODUCTION,
            GiveUp(
                Verdict.NOT_REPRODUCIBLE,
                "No test built from the report fails at 4f0c2a9.",
                ("Which timezone does the machine use?", "Does it happen on every call, or only sometimes?"),
                ("The report's snippet as a test: it passed 3 of 3.", "The named test: it passed 3 of 3."),
            ),
        ),
        (
            StageName.REPRODUCTION,
            GiveUp(Verdict.CAUSE_ELSEWHERE, "The failing frame lies in urllib3, not in this project."),
        ),
        (
            StageName.ANALYSIS,
            GiveUp(
                Verdict.NEEDS_INFORMATION,
                "The report names neither code to run nor a value to expect.",
                ("Which call goes wrong, with which arguments?", "What should it return?"),
            ),
        ),
        (StageName.FIX, GiveUp(Verdict.NO_FIX_FOUND, "None of 214 candidates passes.", tried=("214 single edits",))),
        (StageName.ENVIRONMENT, GiveUp(Verdict.CANNOT_RUN, "The project's dependencies do not install: no numpy 0.1.")),
        (StageName.FIX, GiveUp(Verdict.OUT_OF_TIME, "The 600 s ran out while candidates were screened.")),
        (StageName.FIX, GiveUp(Verdict.STOPPED, "You stopped the run.")),
        (StageName.ENVIRONMENT, GiveUp(Verdict.FAILED, "The sandbox went away 3 times; please report this.")),
    )
}


def no_fix_record(verdict: Verdict) -> RunRecord:
    stage, give_up = NO_FIX[verdict]
    late = (dossier(), environment(), analysis(), reproduction(), root_cause(), replace(candidates(), survivors=()))
    kept: tuple[Artifact, ...] = {
        StageName.ENVIRONMENT: (dossier(),),
        StageName.ANALYSIS: (dossier(),),
        StageName.REPRODUCTION: (dossier(), environment(), analysis()),
        StageName.FIX: late,
    }[stage]
    return RunRecord(run(), stages(last=stage, gave_up=True), kept, evidence()[:3], verdict, give_up)


def with_artifacts(record: RunRecord, *made: Artifact) -> RunRecord:
    """The record with these artifacts in the place of its own of the same types."""
    new = {type(artifact): artifact for artifact in made}
    kept = tuple(artifact for artifact in record.artifacts if type(artifact) not in new)
    return replace(record, artifacts=(*kept, *made))
