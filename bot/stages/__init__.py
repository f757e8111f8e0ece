"""The stages of a run, one file each. Adding one is a file and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.run import Goal, StageName
from bot.stages import (
    analysis,
    environment,
    fix,
    gather,
    judgement,
    publication,
    reproduction,
    root_cause,
    validation,
)
from bot.stages.base import Stage

STAGES: dict[StageName, Stage] = {
    stage.name: stage
    for stage in (
        gather.STAGE,
        environment.STAGE,
        analysis.STAGE,
        reproduction.STAGE,
        root_cause.STAGE,
        fix.STAGE,
        validation.STAGE,
        publication.STAGE,
    )
}


def stages_of(goal: Goal) -> Mapping[StageName, Stage]:
    """The stages as this goal runs them: validating a pull request judges it where a fix is proved."""
    return {**STAGES, StageName.VALIDATION: judgement.STAGE} if goal is Goal.VALIDATE else STAGES
