"""Builders of run records as a forge's runs have them: asked for in a thread, judged, delivered. No assertions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.artifacts import (
    Artifact,
    Dossier,
    JudgedHunk,
    Judgement,
    Necessity,
    Rebased,
    SourceText,
    SuiteChange,
    Validation,
)
from bot.core.forge import Origin, Place, PullRequest
from bot.core.outcomes import GiveUp, RunRecord, StageRecord, StageState, conclude
from bot.core.patch import FileEdit, Patch
from bot.core.run import Commit, Goal, StageName, Trigger, TriggerKind, Verdict
from bot.core.testing import Outcome
from bot.render.github.view import Delivered, DeliveryKind, View
from builders import (
    AFTER,
    BEFORE,
    START,
    SUITE,
    TEST_ID,
    analysis,
    dossier,
    environment,
    failure,
    fixed_record,
    ran,
    reproduction,
    root_cause,
    run,
    stages,
    with_artifacts,
)

WEB = "https://github.com/acme/paperboy"
BASE_SHA = dossier().commit.sha
HEAD_SHA = "9e8d7c6b5a49382716050f1e2d3c4b5a69788796"
NEWER_SHA = "c0ffee6b5a49382716050f1e2d3c4b5a69788796"
TEST_SHA = "1234567890abcdef1234567890abcdef12345678"
FIX_SHA = "89abcdef0123456789abcdef0123456789abcdef"
PLACE = Place(7, "acme/paperboy")


def issue(number: int = 12) -> Origin:
    return Origin(PLACE, number)


def pull(number: int = 34) -> Origin:
    return Origin(PLACE, number, is_pull_request=True, head_sha=HEAD_SHA)


def branch(name: str = "main") -> Origin:
    return Origin(PLACE, None, head_sha=HEAD_SHA, branch=name)


def asked(record: RunRecord, origin: Origin | None = None, kind: TriggerKind = TriggerKind.LABEL) -> RunRecord:
    """The same run, asked for on the forge, and let in."""
    trigger = Trigger(kind, "ada", START)
    forge_run = replace(record.run, origin=origin or issue(), trigger=trigger, repository=f"{WEB}.git")
    return replace(record, run=forge_run, started_at=START)


def view(delivered: Delivered | None = None, *, ahead: int | None = None) -> View:
    return View(WEB, START + timedelta(seconds=10), ahead, delivered)


def delivered(kind: DeliveryKind = DeliveryKind.NEW_PULL, *, note: str = "") -> Delivered:
    opened = PullRequest(40, f"{WEB}/pull/40", True, FIX_SHA, draft=True)
    if kind in (DeliveryKind.PATCH, DeliveryKind.NONE):
        return Delivered(kind, note=note)
    shown = replace(opened, number=34, web_url=f"{WEB}/pull/34") if kind is DeliveryKind.PUSHED else opened
    name = "ada/renewals" if kind is DeliveryKind.PUSHED else "fixbugs/issue-12-renewal"
    return Delivered(kind, shown, name, TEST_SHA, FIX_SHA, note)


def waiting_record(goal: Goal = Goal.FIX) -> RunRecord:
    names = tuple(StageName) if goal is Goal.FIX else (StageName.GATHER, StageName.ENVIRONMENT, StageName.PUBLICATION)
    record = asked(RunRecord(run(goal=goal), tuple(StageRecord(name) for name in names)))
    return replace(record, started_at=None)


def running_record() -> RunRecord:
    """Reproduction goes on; the cause is known."""
    shown = {s.name: s for s in stages()}
    reproducing = replace(shown[StageName.REPRODUCTION], state=StageState.RUNNING, wall_s=0.0, finding="")
    later = (StageName.FIX, StageName.VALIDATION, StageName.PUBLICATION)
    records = tuple(
        StageRecord(name) if name in later else reproducing if name is reproducing.name else record
        for name, record in shown.items()
    )
    return asked(RunRecord(run(), records, (dossier(), environment(), analysis(), root_cause())))


def publishing_record() -> RunRecord:
    """Proved; the pull request is being made."""
    record = asked(fixed_record())
    last = replace(record.stage(StageName.PUBLICATION), state=StageState.RUNNING, wall_s=0.0, finding="")
    return replace(record, stages=(*record.stages[:-1], last))


def rebased_record() -> RunRecord:
    record = asked(fixed_record())
    validation = record.artifact(Validation)
    assert validation is not None
    test, red, green = reproduction().test.patch, reproduction().red, validation.green
    commit = Commit(NEWER_SHA, "Rename a file", "Bo", START)
    rebased = Rebased(commit, test, validation.fix, red, green, validation.suite_after, ())
    return with_artifacts(record, replace(validation, rebased=rebased))


def judgement(*findings: str, changes: tuple[SuiteChange, ...] = (), unneeded: bool = False) -> Judgement:
    fix = Patch((FileEdit("paperboy/dates.py", BEFORE, AFTER),)).hunks()[0]
    hunks = [JudgedHunk(fix, Necessity.NECESSARY, f"{TEST_ID} failed: ValueError: day is out of range for month")]
    if unneeded:
        other = Patch((FileEdit("paperboy/log.py", "level = 1\n", "level = 2\n"),)).hunks()[0]
        hunks.append(JudgedHunk(other, Necessity.UNNEEDED, "every test ends alike"))
    red, green = ran((TEST_ID,), Outcome.FAILED, failure=failure()), ran((TEST_ID,))
    head = Commit(HEAD_SHA, "Renew on the last day", "Bo", START)
    after = ran((*SUITE, TEST_ID), wall_s=0.74)
    return Judgement(
        dossier().commit,
        head,
        (TEST_ID,),
        (TEST_ID,),
        (red, red, red),
        (green, green, green),
        ran(SUITE),
        after,
        changes,
        tuple(hunks),
        findings,
        ("Not judged, because no test run can tell: CHANGES.md.",),
    )


def judged_record(judged: Judgement | None = None) -> RunRecord:
    """A pull request held to the proof; sound unless the judgement says otherwise."""
    made: tuple[Artifact, ...] = (
        Dossier(Commit(HEAD_SHA, "Renew on the last day", "Bo", START), (), ()),
        environment(),
        judged or judgement(),
    )
    names = (StageName.GATHER, StageName.ENVIRONMENT, StageName.VALIDATION, StageName.PUBLICATION)
    records = tuple(s for s in stages() if s.name in names)
    started = asked(RunRecord(run(goal=Goal.VALIDATE), records, made), pull(), TriggerKind.COMMENT)
    return conclude(started)


def late(record: RunRecord) -> RunRecord:
    """Two comments were handed in; the analysis read the first."""
    read = SourceText("comment by @bo", "comment", "It is in dates.py.", address=f"{WEB}/issues/12#issuecomment-1")
    unread = SourceText("comment by @eve", "comment", "Also on leap days.", address=f"{WEB}/issues/12#issuecomment-2")
    return replace(
        with_artifacts(record, replace(analysis(), heard=(read,))),
        handed_in=(read, unread),
    )


def ended(verdict: Verdict, detail: str) -> RunRecord:
    """A run that ended before anything was known."""
    record = asked(RunRecord(run(), stages(last=StageName.GATHER, gave_up=True)))
    return replace(record, verdict=verdict, give_up=GiveUp(verdict, detail))
