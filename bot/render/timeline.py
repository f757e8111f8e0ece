"""When each stage ran, as bars on one scale, so that a reader sees which ran side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.outcomes import RunRecord, StageRecord, StageState
from bot.core.run import StageName
from bot.render.wording import duration, one_line, stage_label


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage: where its bar begins and how wide it is (per cent of the whole), and what it found."""

    label: str
    state: StageState
    begin_percent: float
    width_percent: float
    begin: str
    took: str
    finding: str


@dataclass(frozen=True, slots=True)
class Timeline:
    total_s: float
    bars: tuple[Bar, ...]
    skipped: tuple[str, ...]

    @property
    def total(self) -> str:
        return duration(self.total_s)


def timeline(record: RunRecord) -> Timeline:
    """The stages that ran, in the order they began. Publication is left out: it is writing this very report."""
    ran = [
        (stage, stage.started_at)
        for stage in record.stages
        if stage.started_at is not None
        and stage.state is not StageState.WAITING
        and stage.name is not StageName.PUBLICATION
    ]
    skipped = tuple(stage_label(s.name) for s in record.stages if s.state is StageState.SKIPPED and not s.started_at)
    if not ran:
        return Timeline(0.0, (), skipped)
    origin = min(at for _, at in ran)
    total_s = max(0.001, *((at - origin).total_seconds() + stage.wall_s for stage, at in ran))
    order = {stage.name: place for place, stage in enumerate(record.stages)}
    ran.sort(key=lambda pair: (pair[1], order[pair[0].name]))
    return Timeline(total_s, tuple(_bar(stage, at, origin, total_s) for stage, at in ran), skipped)


def _bar(stage: StageRecord, at: datetime, origin: datetime, total_s: float) -> Bar:
    begin_s = (at - origin).total_seconds()
    return Bar(
        label=stage_label(stage.name),
        state=stage.state,
        begin_percent=round(100 * begin_s / total_s, 2),
        width_percent=round(100 * stage.wall_s / total_s, 2),
        begin=duration(begin_s),
        took=duration(stage.wall_s),
        finding=one_line(stage.error or stage.finding, 300),
    )
