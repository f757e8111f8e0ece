"""Keeps what people see of a run up to date: its comment and its check runs, each edited in place and not too often.
What they say is `bot.render.github`'s; results are delivered elsewhere."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from bot.core.artifacts import Judgement
from bot.core.errors import Permanent, Transient
from bot.core.forge import Origin
from bot.core.outcomes import RunRecord, StageState
from bot.core.run import StageName, Verdict
from bot.ports import Clock, Forge, Register, Store
from bot.publishing.boards import Board, CheckBoard, CommentBoard
from bot.publishing.memory import Memory
from bot.publishing.new_pull import as_patch
from bot.render.github import obstacles
from bot.render.github.check import check_report, passed_over
from bot.render.github.comment import run_comment
from bot.render.github.parts import commit_of
from bot.render.github.view import Delivered, DeliveryKind, View

log = logging.getLogger(__name__)

LEASE_S = 20.0  # a live one takes a few seconds
PUSHED = (DeliveryKind.NEW_PULL, DeliveryKind.PUSHED, DeliveryKind.STACKED)


@dataclass(frozen=True)
class Notices:
    """`gap_s` is the least time between two edits of one run; a refresh that died keeps others out for `lease_s`."""

    forge: Forge
    store: Store
    register: Register
    clock: Clock
    gap_s: float = 3.0
    lease_s: float = LEASE_S

    async def refresh(self, run_id: str, *, at_once: bool = False) -> float | None:
        """Brings the forge up to date with the run's record. Seconds to wait when it is too early for that (never when
        `at_once`), None when all is up to date or the forge will not have it.

        May be called at any time, from anywhere, side by side: the record is read while nobody else writes, so an
        older text never replaces a newer one. Raises Transient when the forge or the store does not answer; Permanent
        when there is no such run.
        """
        async with self.register.alone(f"notice:{run_id}", self.lease_s):
            record = await self.store.load(run_id)
            if record.run.origin is None:
                return None
            memory = Memory(self.store, run_id)
            try:
                boards = await self._boards(record, record.run.origin, memory)
            except Permanent as exc:
                log.warning("notice_refused run=%s what=repository error=%s", run_id, exc)
                return None
            return await self._show(boards, memory, at_once=at_once)

    async def _boards(self, record: RunRecord, origin: Origin, memory: Memory) -> tuple[Board, ...]:
        delivered = await memory.delivered() or await _lost(record, memory)
        view = View(
            web_url=await self._web_url(origin, memory),
            now=self.clock.now(),
            ahead=await self.register.ahead(record.run.id) if record.verdict is None else None,
            delivered=delivered,
        )
        found: list[Board] = []
        if origin.number is not None:
            over = delivered is not None or record.finished
            body = run_comment(record, view)
            found.append(CommentBoard(self.forge, memory, origin.place, origin.number, body, over))
        worked_on = commit_of(record)
        for sha in checked_commits(record, origin, delivered):
            moved = sha == origin.head_sha and worked_on not in ("", sha)
            report = passed_over(record, view, worked_on) if moved else check_report(record, view)
            found.append(CheckBoard(self.forge, memory, origin.place, sha, report))
        return tuple(found)

    async def _web_url(self, origin: Origin, memory: Memory) -> str:
        async def asked() -> str:
            return (await self.forge.repository(origin.place)).web_url

        return await memory.once("web_url", asked)

    async def _show(self, boards: tuple[Board, ...], memory: Memory, *, at_once: bool) -> float | None:
        stale = [(board, shown) for board in boards if (shown := await _shown(board, memory)) != board.digest]
        if not stale:
            return None
        wait_s = 0.0 if at_once else await self._early_s(memory)
        if wait_s > 0:
            return wait_s
        await memory.remember("noticed_at", self.clock.now().isoformat())
        later: float | None = None
        failed: Transient | None = None
        for board, before in stale:
            try:
                await board.show()
            except Transient as exc:
                failed = exc  # the other board is worth its try
                continue
            except Permanent as exc:
                log.warning("notice_refused run=%s what=%s error=%s", memory.run_id, board.name, exc)
                continue
            overtaken = await _shown(board, memory) != before  # our lease ran out while the forge was slow
            await memory.remember(_key(board), "" if overtaken else board.digest)
            later = self.gap_s if overtaken else later
        if failed is not None:
            raise failed
        return later

    async def _early_s(self, memory: Memory) -> float:
        last = await memory.recall("noticed_at")
        if not last:
            return 0.0
        since_s = (self.clock.now() - datetime.fromisoformat(last)).total_seconds()
        return self.gap_s - since_s if 0 <= since_s < self.gap_s else 0.0


async def _lost(record: RunRecord, memory: Memory) -> Delivered | None:
    """A fix whose publication failed for good: people get it as a patch all the same."""
    publication = record.stage(StageName.PUBLICATION)
    if record.verdict is not Verdict.FIXED or publication.state is not StageState.FAILED:
        return None
    return await as_patch(memory, obstacles.not_written(publication.error))


def checked_commits(record: RunRecord, origin: Origin, delivered: Delivered | None) -> tuple[str, ...]:
    """The commits that carry the run's check: the one it was asked about, the one that was judged, and the one with the
    fix. A run about an issue has none before there is a fix."""
    about_commit = origin.is_pull_request or origin.number is None
    judgement = record.artifact(Judgement)
    found = (
        origin.head_sha if about_commit else "",
        judgement.head.sha if judgement else "",
        delivered.fix_commit if delivered and delivered.kind in PUSHED else "",
    )
    return tuple(dict.fromkeys(sha for sha in found if sha))


def _key(board: Board) -> str:
    return f"{board.name}_shown"


async def _shown(board: Board, memory: Memory) -> str:
    return await memory.recall(_key(board))
