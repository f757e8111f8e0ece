"""Which stages a goal takes, and which may start now. Pure; knows the stages' needs, not what they do."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.outcomes import RunRecord, StageState
from bot.core.run import Goal, StageName
from bot.stages.base import Stage

GOAL_STAGES: Mapping[Goal, tuple[StageName, ...]] = {
    Goal.EXPLAIN: (
        StageName.GATHER,
        StageName.ENVIRONMENT,
        StageName.ANALYSIS,
        StageName.ROOT_CAUSE,
        StageName.PUBLICATION,
    ),
    Goal.REPRODUCE: (
        StageName.GATHER,
        StageName.ENVIRONMENT,
        StageName.ANALYSIS,
        StageName.REPRODUCTION,
        StageName.PUBLICATION,
    ),
    Goal.FIX: tuple(StageName),
    Goal.VALIDATE: (StageName.GATHER, StageName.ENVIRONMENT, StageName.VALIDATION, StageName.PUBLICATION),
}


def ready(record: RunRecord, stages: Mapping[StageName, Stage]) -> tuple[StageName, ...]:
    """The stages that may start now. After a verdict that is publication alone, once nothing else is running."""
    states = {stage.name: stage.state for stage in record.stages}
    if states[StageName.PUBLICATION] is not StageState.WAITING:
        return ()
    if record.verdict is not None:
        running = any(state is StageState.RUNNING for state in states.values())
        return () if running else (StageName.PUBLICATION,)
    made = {type(artifact) for artifact in record.artifacts}
    return tuple(
        name
        for name, state in states.items()
        if state is StageState.WAITING and name is not StageName.PUBLICATION and made.issuperset(stages[name].needs)
    )
