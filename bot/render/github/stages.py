"""How far a run is, stage by stage: marks, times, findings, costs; and the last line, that says whose run it is."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.core.outcomes import ENDED, RunRecord, StageRecord, StageState
from bot.core.run import Goal, StageName, TriggerKind
from bot.core.testing import Isolation
from bot.render.github.markdown import code, commit_link, prose, table, text
from bot.render.github.parts import commit_of
from bot.render.github.view import View
from bot.render.wording import duration, isolation_of, isolation_sentence

COST_COUNTER = "cost_usd"  # what a stage counts its models' bills under

_WHAT = {
    StageName.GATHER: "Gather what was said",
    StageName.ENVIRONMENT: "Build the project",
    StageName.ANALYSIS: "Read the report",
    StageName.REPRODUCTION: "Reproduce the bug",
    StageName.ROOT_CAUSE: "Find the cause",
    StageName.FIX: "Look for a fix",
    StageName.VALIDATION: "Prove the fix",
    StageName.PUBLICATION: "Write the result",
}
_MARKS = {
    StageState.WAITING: "⬜",
    StageState.RUNNING: "⏳",
    StageState.DONE: "✅",
    StageState.GAVE_UP: "⏹️",
    StageState.FAILED: "❌",
    StageState.SKIPPED: "➖",
}


def begun(record: RunRecord) -> bool:
    """Something of it has run, or may run now."""
    return record.started_at is not None or any(stage.started_at for stage in record.stages)


def over(record: RunRecord, view: View) -> bool:
    """Its verdict is certain, and if that is a fix, the fix has been delivered or will not be."""
    if record.verdict is None:
        return False
    return not record.verdict.reached_goal or record.run.goal is not Goal.FIX or bool(view.delivered) or record.finished


def checklist(record: RunRecord, view: View) -> str:
    """The goal's stages while the run goes on."""
    rows = [(_MARKS[s.state], what(record, s.name), _when(s, view), _finding(s)) for s in record.stages]
    return table(("", "Stage", "Time", "Found"), rows, right=(2,))


def times(record: RunRecord) -> str:
    """The stages that ran, with their times and costs, once the run is over."""
    ran = [s for s in record.stages if s.started_at is not None and s.name is not StageName.PUBLICATION]
    costs = any(cost_usd(s) for s in ran)
    rows = [
        (
            _MARKS[s.state],
            what(record, s.name),
            duration(s.wall_s),
            *((f"${cost_usd(s):.3f}",) if costs else ()),
            _finding(s),
        )
        for s in ran
    ]
    if not rows:
        return ""
    head = ("", "Stage", "Time", *(("Cost",) if costs else ()), "Found")
    return table(head, rows, right=(2, 3) if costs else (2,))


def cost_usd(stage: StageRecord) -> float:
    return dict(stage.counters).get(COST_COUNTER, 0.0)


def total(record: RunRecord) -> str:
    """ "9.5 s, $0.012": the whole run's time from its first stage's start to its last one's end, and its cost."""
    ran = [(s, s.started_at) for s in record.stages if s.started_at is not None and s.name is not StageName.PUBLICATION]
    if not ran:
        return ""
    begin = min(at for _, at in ran)
    took_s = max((at - begin).total_seconds() + s.wall_s for s, at in ran)
    cost = sum(cost_usd(s) for s in record.stages)
    return duration(took_s) + (f", ${cost:.3f}" if cost else ", no paid model")


def isolated(record: RunRecord) -> str:
    """What the project's code ran in; "" when no code ran, and without isolation, which is said louder elsewhere."""
    level = isolation_of(record)
    return "" if level in (None, Isolation.NONE) else prose(isolation_sentence(record), 400)


def footer(record: RunRecord, view: View, *, how: str = "") -> str:
    """Whose run it is and what can be said to it."""
    sha = commit_of(record)
    parts = [f"Run {code(record.run.id, 80)}", asked(record)]
    if sha:
        parts.append(f"at {commit_link(view.web_url, sha)}")
    return f"<sub>{' · '.join(parts + ([how] if how else []))}</sub>"


def again(record: RunRecord) -> str:
    """What starts it anew; a run without a thread has only its check's buttons."""
    in_thread = record.run.origin is None or record.run.origin.number is not None
    return "`/fixbugs retry`" if in_thread else "the check’s *Retry* button"


def stop(record: RunRecord) -> str:
    in_thread = record.run.origin is None or record.run.origin.number is not None
    return "`/fixbugs stop`" if in_thread else "the check’s *Stop* button"


def asked(record: RunRecord) -> str:
    """Who or what started the run."""
    who, kind = text(record.run.trigger.actor, 60), record.run.trigger.kind
    return {
        TriggerKind.LABEL: f"asked for by {who} with a label",
        TriggerKind.FAILED_CHECK: "started by a failed check",
        TriggerKind.REVIEW: f"asked for in {who}’s review",
        TriggerKind.BUTTON: f"started by {who} with a button",
    }.get(kind, f"asked for by {who}")


def clock(at: datetime, now: datetime) -> str:
    """ "10:02:03 UTC", with the day when that is another one."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    day = "" if at.date() == now.date() else f"{at:%Y-%m-%d} "
    return f"{day}{at:%H:%M:%S} UTC"


def what(record: RunRecord, name: StageName) -> str:
    """What a stage does, as an instruction."""
    if record.run.goal is Goal.VALIDATE and name is StageName.VALIDATION:
        return "Judge the change"
    return _WHAT[name]


def _when(stage: StageRecord, view: View) -> str:
    if stage.state is StageState.RUNNING and stage.started_at:
        return f"since {clock(stage.started_at, view.now)}"
    return duration(stage.wall_s) if stage.started_at and stage.state in ENDED else ""


def _finding(stage: StageRecord) -> str:
    if stage.state is StageState.RUNNING and stage.attempts > 1 and not stage.finding:
        return f"attempt {stage.attempts}"
    return prose(stage.error if stage.state is StageState.FAILED else stage.finding, 160)
