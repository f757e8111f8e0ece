"""How a stage ends, and what a run's record holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import TypeVar

from bot.core.artifacts import Artifact, Judgement, SourceText
from bot.core.evidence import Evidence
from bot.core.run import GOAL_VERDICT, Run, StageName, Verdict

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Advance:
    """The stage made its artifact."""

    artifact: Artifact


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The run ends here, honestly. `detail` is for people; `questions` are what we would need to know;
    `tried` is what was done before giving up."""

    verdict: Verdict
    detail: str
    questions: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()


StageOutcome = Advance | GiveUp


class StageState(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    GAVE_UP = "gave up"
    FAILED = "failed"
    SKIPPED = "skipped"  # never became ready, or the run ended before


ENDED = frozenset({StageState.DONE, StageState.GAVE_UP, StageState.FAILED, StageState.SKIPPED})


@dataclass(frozen=True, slots=True)
class StageRecord:
    """One stage of one run: its state, times, counters and the first useful thing it found."""

    name: StageName
    state: StageState = StageState.WAITING
    attempts: int = 0
    started_at: datetime | None = None
    wall_s: float = 0.0
    finding: str = ""
    counters: tuple[tuple[str, float], ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All that is known of a run.

    `started_at` is when it was let in: its time limit counts from there. `handed_in` is what was said about the bug
    since the run gathered its report.
    """

    run: Run
    stages: tuple[StageRecord, ...]
    artifacts: tuple[Artifact, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    verdict: Verdict | None = None
    give_up: GiveUp | None = None
    started_at: datetime | None = None
    handed_in: tuple[SourceText, ...] = ()

    def stage(self, name: StageName) -> StageRecord:
        return next(record for record in self.stages if record.name is name)

    def artifact(self, kind: type[T]) -> T | None:
        return next((a for a in self.artifacts if isinstance(a, kind)), None)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do: publication has ended, one way or the other (every stage, where there is no
        publication)."""
        last = [stage for stage in self.stages if stage.name is StageName.PUBLICATION] or self.stages
        return all(stage.state in ENDED for stage in last)


def conclude(record: RunRecord) -> RunRecord:
    """The record with its verdict, once that is certain: a stage gave up or failed for good, or all that the goal asks
    for is done. Publication is not part of the verdict."""
    if record.verdict is not None:
        return record
    working = [stage for stage in record.stages if stage.name is not StageName.PUBLICATION]
    if record.give_up is not None:
        return replace(record, verdict=record.give_up.verdict)
    if any(stage.state is StageState.FAILED for stage in working):
        return replace(record, verdict=Verdict.FAILED)
    if all(stage.state is StageState.DONE for stage in working):
        judgement = record.artifact(Judgement)
        unsound = judgement is not None and not judgement.sound
        return replace(record, verdict=Verdict.NOT_VALIDATED if unsound else GOAL_VERDICT[record.run.goal])
    return record
