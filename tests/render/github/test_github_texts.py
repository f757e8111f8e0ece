"""Comments, checks and pull requests, each asserted whole against the file beside this one that shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.outcomes import GiveUp, RunRecord, StageState
from bot.core.run import StageName, TriggerKind, Verdict
from bot.core.testing import Isolation
from bot.render.github import pull_request
from bot.render.github.comment import run_comment
from bot.render.github.view import DeliveryKind, View
from builders import (
    NO_FIX,
    environment,
    explained_record,
    fixed_record,
    no_fix_record,
    reproduced_record,
    with_artifacts,
)
from forge_records import (
    asked,
    branch,
    delivered,
    ended,
    judged_record,
    judgement,
    late,
    publishing_record,
    pull,
    rebased_record,
    running_record,
    view,
    waiting_record,
)

EXPECTED = Path(__file__).parent / "expected"
REFUSED = "`main` takes no push from FixBugs. Protected branch."


def cannot_run() -> RunRecord:
    printed = "Collecting numpy==0.1\nERROR: No matching distribution found for numpy==0.1\n"
    detail = "The project's dependencies do not install. Make them install, or name another commit with --ref."
    give_up = GiveUp(Verdict.CANNOT_RUN, detail, (), (printed,))
    return replace(asked(no_fix_record(Verdict.CANNOT_RUN)), give_up=give_up)


def unpublished() -> RunRecord:
    record = publishing_record()
    last = replace(record.stages[-1], state=StageState.FAILED, error="GitHub did not answer 5 times.")
    return replace(record, stages=(*record.stages[:-1], last))


def without_isolation() -> RunRecord:
    bare = replace(environment(isolation=Isolation.NONE), baseline=None, baseline_skipped="it takes too long.")
    flaky = replace(bare, flaky=("tests/test_web.py::test_socket",))
    return with_artifacts(asked(fixed_record(isolation=Isolation.NONE), branch(), TriggerKind.FAILED_CHECK), flaky)


def paid() -> RunRecord:
    record = asked(fixed_record())
    stages = tuple(
        replace(s, counters=(("cost_usd", 0.0312),)) if s.name is StageName.FIX else s for s in record.stages
    )
    return replace(record, stages=stages)


COMMENTS: dict[str, tuple[RunRecord, View]] = {
    "waiting": (waiting_record(), view(ahead=2)),
    "waiting-next": (waiting_record(), view(ahead=0)),
    "running": (running_record(), view()),
    "publishing": (publishing_record(), view()),
    "fixed": (late(asked(fixed_record())), view(delivered())),
    "fixed-by-push": (asked(fixed_record(), pull()), view(delivered(DeliveryKind.PUSHED))),
    "fixed-stacked": (asked(fixed_record(), pull()), view(delivered(DeliveryKind.STACKED, note=REFUSED))),
    "fixed-as-patch": (rebased_record(), view(delivered(DeliveryKind.PATCH, note=REFUSED))),
    "fixed-not-pushed": (asked(fixed_record(), pull()), view(delivered(DeliveryKind.NONE, note="It moved on."))),
    "fixed-unpublished": (unpublished(), view()),
    "fixed-and-paid": (paid(), view(delivered())),
    "reproduced": (asked(reproduced_record()), view()),
    "explained": (asked(explained_record()), view()),
    "validated": (judged_record(), view()),
    "not-validated": (judged_record(judgement("It adds no test.", "Its change is not needed.", unneeded=True)), view()),
    "cannot-run-with-output": (cannot_run(), view()),
    "bad-input": (ended(Verdict.BAD_INPUT, "Issue 12 is gone, so there is nothing to go by."), view()),
    "check-on-a-branch": (without_isolation(), view(delivered())),
    **{v.value.replace(" ", "-"): (asked(no_fix_record(v)), view()) for v in NO_FIX},
}
BODIES: dict[str, tuple[RunRecord, View]] = {
    "pull-for-an-issue": (asked(fixed_record()), view(delivered())),
    "pull-onto-a-pull": (asked(fixed_record(), pull()), view(delivered(DeliveryKind.STACKED))),
    "pull-for-a-check": (without_isolation(), view(delivered())),
    "pull-rebased": (rebased_record(), view(delivered())),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_the_comment_reads(name: str) -> None:
    assert run_comment(*COMMENTS[name]) == (EXPECTED / f"{name}.md").read_text(encoding="utf-8").removesuffix("\n")


@pytest.mark.parametrize("name", BODIES)
def test_the_pull_request_reads(name: str) -> None:
    expected = (EXPECTED / f"{name}.md").read_text(encoding="utf-8").removesuffix("\n")
    assert pull_request.pull_body(*BODIES[name]) == expected


def test_a_revision_reads() -> None:
    record = asked(fixed_record(), pull(), TriggerKind.REVIEW)
    record = replace(record, run=replace(record.run, guidance="@bo: keep `start`, see #9"))
    note = pull_request.revision_note(record, view(delivered(DeliveryKind.PUSHED)))
    assert note == (EXPECTED / "revision.md").read_text(encoding="utf-8").removesuffix("\n")


def test_a_revision_that_was_asked_for_in_many_lines_quotes_them_as_they_are() -> None:
    record = asked(fixed_record(), pull(), TriggerKind.REVIEW)
    record = replace(record, run=replace(record.run, guidance="Also:\n\n```python\nadd(1)\n```"))
    note = pull_request.revision_note(record, view(delivered(DeliveryKind.PUSHED)))
    assert "What was asked for:\n\n````text\nAlso:\n\n```python\nadd(1)\n```\n````\n\n" in note


def test_every_expected_text_is_held_by_a_test() -> None:
    assert {path.stem for path in EXPECTED.glob("*.md")} == {*COMMENTS, *BODIES, "revision"}


def test_every_verdict_has_its_comment() -> None:
    assert {record.verdict for record, _ in COMMENTS.values()} == {*Verdict, None}


def test_a_run_that_has_no_thread_speaks_of_buttons() -> None:
    texts = [run_comment(record, shown) for record, shown in (COMMENTS["check-on-a-branch"], (on_a_branch(), view()))]
    assert not any("/fixbugs" in text for text in texts)
    assert "the check’s *Retry* button" in texts[0]
    assert "the check’s *Stop* button" in texts[1]


def on_a_branch() -> RunRecord:
    return replace(running_record(), run=replace(running_record().run, origin=branch()))


def test_the_day_is_said_when_a_stage_began_on_another_one() -> None:
    later = replace(view(), now=view().now + timedelta(days=1))
    assert "since 2026-03-09 10:00:02 UTC" in run_comment(running_record(), later)
