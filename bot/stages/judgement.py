"""Judgement: holds somebody's pull request to the proof that a fix of ours must pass. Changes nothing of it."""

from __future__ import annotations

from bot.core.artifacts import Dossier, Environment, Judgement
from bot.core.errors import InputError
from bot.core.outcomes import StageOutcome
from bot.core.run import StageName
from bot.stages.base import Stage, StageContext


async def judge(context: StageContext) -> StageOutcome:
    """The Judgement."""
    raise InputError("Judging a pull request cannot be done yet.")


STAGE = Stage(StageName.VALIDATION, (Dossier, Environment), Judgement, judge, attempts=1)
