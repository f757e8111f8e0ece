"""The two things that show how a run stands, each edited in place: a comment in the thread and check runs on commits.
When to write, and what, is decided elsewhere."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from bot.core.errors import Absent
from bot.core.forge import CheckReport, Place
from bot.ports import Forge
from bot.publishing.memory import Memory, digest
from bot.render.github.markers import marker

log = logging.getLogger(__name__)


class Board(Protocol):
    """One place that shows one text. `name` tells a run's boards apart in its memory."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str:
        """Of what it shall show."""

    async def show(self) -> None:
        """Writes it, over what is there. Raises what the forge raises."""


@dataclass(frozen=True)
class CommentBoard:
    """The run's one comment. One that somebody deleted is left alone, and written once more when the run is over."""

    forge: Forge
    memory: Memory
    place: Place
    number: int
    body: str
    over: bool
    name: str = "comment"

    @property
    def digest(self) -> str:
        return digest(self.body)

    async def show(self) -> None:
        known, removals = await self.memory.recall(self.name), await self.memory.recall("comment_removed")
        if known and not removals:
            if await self._edited(int(known)):
                return
            removals = "once"
            await self.memory.remember("comment_removed", removals)
        if removals == "once":
            if self.over:
                await self._written("comment_again")
                await self.memory.remember("comment_removed", "rewritten")
        elif removals == "rewritten":
            if not await self._edited(int(known)):
                await self.memory.remember("comment_removed", "for good")
        elif not removals:
            await self._written(self.name)

    async def _edited(self, comment_id: int) -> bool:
        """False when the comment is gone."""
        try:
            await self.forge.edit_comment(self.place, comment_id, self.body)
        except Absent:
            log.info("comment_removed run=%s comment=%s", self.memory.run_id, comment_id)
            return False
        return True

    async def _written(self, step: str) -> None:
        """Finds the comment if it may have been written without being remembered; else writes it."""
        found = None
        if await self.memory.begun(step):
            found = await self.forge.find_comment(self.place, self.number, marker(self.memory.run_id))
        if found is not None and not await self._edited(found):
            found = None
        if found is None:
            found = await self.forge.comment(self.place, self.number, self.body)
        await self.memory.remember(self.name, str(found))


@dataclass(frozen=True)
class CheckBoard:
    """The run's check run on one commit."""

    forge: Forge
    memory: Memory
    place: Place
    sha: str
    report: CheckReport

    @property
    def name(self) -> str:
        return f"check:{self.sha}"

    @property
    def digest(self) -> str:
        return digest(repr(self.report))

    async def show(self) -> None:
        known = await self.memory.recall(self.name)
        check_id = int(known) if known else None
        if check_id is None and await self.memory.begun(self.name):
            check_id = await self.forge.find_check(self.place, self.sha, self.report.external_id)
        shown = await self.forge.put_check(self.place, self.sha, self.report, check_id)
        if str(shown) != known:
            await self.memory.remember(self.name, str(shown))
