"""The Reports port of the command line: the report is what the person handed in."""

from __future__ import annotations

from bot.core.run import Run
from bot.ports import Gathered


class HandedIn:
    """The run's own report, as it is."""

    async def report(self, run: Run) -> Gathered:
        return Gathered(run.report)
