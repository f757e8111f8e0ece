"""The Publisher on a forge: brings a proved fix to the repository in the best way that it allows, and shows the result
in the run's comment and check. The ways are their own files; what is said is `bot.render.github`'s."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from bot.core.artifacts import Publication
from bot.core.errors import InputError, Permanent
from bot.core.forge import Origin
from bot.core.outcomes import RunRecord
from bot.core.run import Verdict
from bot.ports import Clock, Code, Forge, Register, Store
from bot.publishing.errand import errand
from bot.publishing.memory import DELIVERED, Memory, delivered_text
from bot.publishing.new_pull import FIX_ADDED, as_patch, open_pull
from bot.publishing.notices import Notices
from bot.publishing.push import push
from bot.render.github.delivery import without_fix
from bot.render.github.view import Delivered, DeliveryKind

log = logging.getLogger(__name__)

LEASE_S = 20.0  # how long a publication that died keeps the next one waiting; the stage's own lease is the real guard
SHOWN_AT_MOST = 3  # times that the last state is written when somebody slow wrote over it


@dataclass(frozen=True)
class ForgePublisher:
    """May be killed at any line and called again: there will be one pull request with the same commits."""

    forge: Forge
    code: Code
    store: Store
    register: Register
    notices: Notices
    clock: Clock
    lease_s: float = LEASE_S

    async def publish(self, record: RunRecord) -> Publication:
        """Raises Transient when the forge, the store or the repository does not answer. Whatever the forge refuses is
        told in the comment, with the patch."""
        origin, run_id = record.run.origin, record.run.id
        if origin is None:
            raise Permanent(f"Run {run_id} was not asked for on a forge, so its result cannot be written there.")
        memory = Memory(self.store, run_id)
        async with self.register.alone(f"publication:{run_id}", self.lease_s):
            delivered = await memory.delivered()
            if delivered is None:
                delivered = await self._deliver(record, origin, memory)
                await memory.remember(DELIVERED, delivered_text(delivered))
                log.info("delivered run=%s kind=%s", run_id, delivered.kind.value)
        for _ in range(SHOWN_AT_MOST):
            wait_s = await self.notices.refresh(run_id, at_once=True)
            if wait_s is None:
                break
            await asyncio.sleep(wait_s)
        return Publication(await self._places(origin, memory, delivered))

    async def _deliver(self, record: RunRecord, origin: Origin, memory: Memory) -> Delivered:
        if record.verdict is not Verdict.FIXED:
            return Delivered(DeliveryKind.NONE)
        try:
            about = await errand(
                self.forge, self.code, self.register, memory, record=record, origin=origin, now=self.clock.now()
            )
            if about.thread is not None and about.thread.pull is not None:
                return await push(about, about.thread, about.thread.pull)
            return await open_pull(about, DeliveryKind.NEW_PULL, origin.branch or about.default_branch)
        except (Permanent, InputError) as exc:
            log.warning("delivery_refused run=%s error=%s", record.run.id, exc)
            delivered = await as_patch(memory, str(exc))
            await self._take_back(record, origin, memory, delivered, str(exc))
            return delivered

    async def _take_back(
        self, record: RunRecord, origin: Origin, memory: Memory, delivered: Delivered, why: str
    ) -> None:
        """A pull request that was opened before its fix was refused must not say that it has it."""
        if delivered.pull is None or await memory.recall(FIX_ADDED):
            return
        try:
            await self.forge.edit_pull(origin.place, delivered.pull.number, body=without_fix(record, why))
        except Permanent as exc:
            log.warning("text_not_taken_back run=%s number=%d error=%s", record.run.id, delivered.pull.number, exc)

    async def _places(self, origin: Origin, memory: Memory, delivered: Delivered) -> tuple[tuple[str, str], ...]:
        found = [("pull_request", delivered.pull.web_url)] if delivered.pull else []
        comment_id = await memory.recall("comment")
        if comment_id and origin.number is not None:
            found.append(("comment", self.forge.comment_url(origin.place, origin.number, int(comment_id))))
        return tuple(found)
