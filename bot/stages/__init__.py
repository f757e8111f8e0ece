"""The stages of a run, one file each. Adding one is a file and a line here."""

from __future__ import annotations

from bot.core.run import StageName
from bot.stages import (
    analysis,
    environment,
    fix,
    gather,
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
