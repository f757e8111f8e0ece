"""The check run of a run: its state, one line, and the same texts as the comment."""

from __future__ import annotations

from dataclasses import replace

from bot.core.commands import Button
from bot.core.forge import CheckButton, CheckReport, CheckState
from bot.core.outcomes import RunRecord, StageState
from bot.core.run import Goal, Verdict
from bot.render.github.comment import blocks
from bot.render.github.markdown import commit_link, fitted
from bot.render.github.plain import plain
from bot.render.github.stages import begun, over, what
from bot.render.github.view import View
from bot.render.wording import counted, sentence, verdict_words

NAME = "FixBugs"
TITLE_CHARS = 140

_STOP = CheckButton("Stop", "Stop this run", Button.STOP.value)
_RETRY = CheckButton("Retry", "Run it again from the start", Button.RETRY.value)
# A judge that could not judge must not let a pull request pass; a repair that found nothing must not hold one up.
_JUDGED = {
    Verdict.VALIDATED: CheckState.SUCCESS,
    Verdict.STOPPED: CheckState.CANCELLED,
    Verdict.OUT_OF_TIME: CheckState.TIMED_OUT,
}


def check_report(record: RunRecord, view: View) -> CheckReport:
    """The check as it should show now."""
    state = check_state(record, view)
    return CheckReport(
        name=NAME,
        external_id=record.run.id,
        state=state,
        title=_title(record, view),
        summary=fitted(blocks(record, view)),
        buttons=(_RETRY if state.ended else _STOP,),
    )


def passed_over(record: RunRecord, view: View, worked_on: str) -> CheckReport:
    """The check on the commit that the run was asked about, when it worked on another one, whose result says nothing of
    this. `worked_on` is that one's full hash."""
    report = check_report(record, view)
    if not report.state.ended:
        return report
    title = f"This commit was not looked at: the branch had moved on to {worked_on[:7]}"
    said = f"The branch had moved when the run began, so it worked on {commit_link(view.web_url, worked_on)}."
    return replace(report, state=CheckState.NEUTRAL, title=title, summary=f"{said} The result is there.")


def check_state(record: RunRecord, view: View) -> CheckState:
    if not over(record, view) or record.verdict is None:
        return CheckState.IN_PROGRESS if begun(record) else CheckState.QUEUED
    if record.run.goal is Goal.VALIDATE:
        return _JUDGED.get(record.verdict, CheckState.FAILURE)
    if record.verdict.reached_goal:
        return CheckState.SUCCESS
    return CheckState.CANCELLED if record.verdict is Verdict.STOPPED else CheckState.NEUTRAL


def _title(record: RunRecord, view: View) -> str:
    """What goes on, or the verdict; GitHub shows it without Markdown."""
    if record.verdict is not None:
        return plain(f"{verdict_words(record).title}: {sentence(record)}", TITLE_CHARS)
    if not begun(record):
        return f"Waiting for its turn, {counted(view.ahead, 'run')} ahead" if view.ahead else "Waiting for its turn"
    now = [what(record, stage.name).lower() for stage in record.stages if stage.state is StageState.RUNNING]
    return f"Now: {' and '.join(now)}" if now else "Running"
