"""Publication: writes the result where the person asked. Runs last, whatever happened before."""

from __future__ import annotations

from bot.core.artifacts import Publication
from bot.core.outcomes import Advance, StageOutcome
from bot.core.run import StageName
from bot.stages.base import Stage, StageContext


async def publish(context: StageContext) -> StageOutcome:
    return Advance(await context.deps.publisher.publish(context.record))


STAGE = Stage(StageName.PUBLICATION, (), Publication, publish)
