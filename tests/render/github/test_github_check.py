"""The check run: what it is called, how it stands, what can be pressed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.forge import CheckButton, CheckReport, CheckState
from bot.core.outcomes import RunRecord
from bot.core.run import Verdict
from bot.render.github.check import check_report
from bot.render.github.comment import run_comment
from bot.render.github.view import View
from builders import NO_FIX, explained_record, fixed_record, no_fix_record, reproduced_record
from forge_records import (
    asked,
    delivered,
    ended,
    judged_record,
    judgement,
    publishing_record,
    pull,
    running_record,
    view,
    waiting_record,
)

STOP = CheckButton("Stop", "Stop this run", "stop")
RETRY = CheckButton("Retry", "Run it again from the start", "retry")


def test_a_check_that_waits() -> None:
    assert check_report(waiting_record(), view(ahead=1)) == CheckReport(
        name="FixBugs",
        external_id="run-7f3a",
        state=CheckState.QUEUED,
        title="Waiting for its turn, 1 run ahead",
        summary="1 run is ahead of this one.\n\n"
        "<sub>Run `run-7f3a` · asked for by ada with a label · `/fixbugs stop` calls it off</sub>",
        buttons=(STOP,),
    )


@pytest.mark.parametrize(
    ("record", "seen", "state", "title"),
    [
        (running_record(), view(), CheckState.IN_PROGRESS, "Now: reproduce the bug"),
        (publishing_record(), view(), CheckState.IN_PROGRESS, "Fixed: In paperboy/dates.py:16, use `target` instead"),
        (publishing_record(), view(delivered()), CheckState.SUCCESS, "Fixed: In paperboy/dates.py:16, use `target`"),
        (asked(fixed_record()), view(delivered()), CheckState.SUCCESS, "Fixed: In paperboy/dates.py:16"),
        (asked(reproduced_record()), view(), CheckState.SUCCESS, "Reproduced: tests/test_dates.py::test_issue"),
        (asked(explained_record()), view(), CheckState.SUCCESS, "Explained: add_months in paperboy/dates.py:16"),
        (judged_record(), view(), CheckState.SUCCESS, "Validated: One of its tests fails on the base"),
        (judged_record(judgement("It adds no test.")), view(), CheckState.FAILURE, "Not validated: It adds no test."),
        (ended(Verdict.BAD_INPUT, "It is gone."), view(), CheckState.NEUTRAL, "Bad input: It is gone."),
    ],
)
def test_a_check_s_state_and_title(record: RunRecord, seen: View, state: CheckState, title: str) -> None:
    report = check_report(record, seen)
    assert report.state is state
    assert report.title.startswith(title)
    assert report.buttons == ((RETRY,) if state.ended else (STOP,))


@pytest.mark.parametrize("verdict", NO_FIX, ids=lambda verdict: verdict.value)
def test_a_repair_that_found_nothing_holds_nothing_up(verdict: Verdict) -> None:
    state = check_report(asked(no_fix_record(verdict), pull()), view()).state
    assert state is (CheckState.CANCELLED if verdict is Verdict.STOPPED else CheckState.NEUTRAL)


def test_a_judge_that_could_not_judge_passes_nothing() -> None:
    states = {v: check_report(replace(judged_record(), verdict=v), view()).state for v in Verdict}
    assert [v for v, state in states.items() if state in (CheckState.SUCCESS, CheckState.NEUTRAL)] == [
        Verdict.VALIDATED
    ]
    assert states[Verdict.OUT_OF_TIME] is CheckState.TIMED_OUT
    assert states[Verdict.STOPPED] is CheckState.CANCELLED


def test_a_check_says_what_the_comment_says() -> None:
    record, seen = asked(fixed_record(), pull()), view(delivered())
    assert run_comment(record, seen).endswith(check_report(record, seen).summary)


def test_buttons_keep_to_the_limits_of_github() -> None:
    for button in (STOP, RETRY):
        assert (len(button.label) <= 20, len(button.description) <= 40, len(button.identifier) <= 20) == (True,) * 3
