"""Keeps a claim alive while its stage runs, and ends the stage when there is a reason to.

It lives in a thread of its own, so that a stage that keeps its event loop busy for a while loses nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import Self

from bot.core.errors import FixbugsError, Transient
from bot.core.run import StageName, Verdict
from bot.driver.attempt import GRACE_S
from bot.ports import Claim, Store

log = logging.getLogger(__name__)
LOOK_S = 1.0


class Why(Enum):
    """Why a stage was ended from outside."""

    VERDICT = "verdict"  # the run was stopped, or another stage ended it
    LOST = "lost"  # somebody else has the claim, or the run is gone
    LEAVING = "leaving"  # this worker is going away


class Leaving:
    """Says that a worker goes away. What runs gets `grace_s` seconds from then on."""

    def __init__(self, grace_s: float = 3.0) -> None:
        self._grace_s = grace_s
        self._since: float | None = None

    def announce(self) -> None:
        if self._since is None:
            self._since = time.monotonic()

    @property
    def due(self) -> bool:
        """The grace is over."""
        return self._since is not None and time.monotonic() - self._since >= self._grace_s


class Watch:
    """A context manager around one claimed stage. `why` says why it cancelled the stage's task, if it did."""

    def __init__(
        self, store: Store, claim: Claim, lease_s: float, leaving: Leaving, task: asyncio.Task[object]
    ) -> None:
        self._store, self._claim, self._lease_s, self._leaving = store, claim, lease_s, leaving
        self._task, self._loop = task, task.get_loop()
        self._renew_at = time.monotonic() + lease_s / 3
        self._end_at: float | None = None  # because the verdict is certain
        self._over = threading.Event()
        self.why: Why | None = None

    def __enter__(self) -> Self:
        name = f"watch {self._claim.run_id} {self._claim.stage.value}"
        threading.Thread(target=self._run, name=name, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(min(LOOK_S, self._lease_s / 3)):
            try:
                why = asyncio.run(self._look())
            except Transient:
                continue  # the store is away; the claim may still be ours when it is back
            except FixbugsError:
                why = Why.LOST
            except Exception:
                log.exception("watch_failed run=%s stage=%s", self._claim.run_id, self._claim.stage.value)
                continue
            if why is not None and self.why is None:
                log.info("stage_ending run=%s stage=%s why=%s", self._claim.run_id, self._claim.stage.value, why.value)
                self._cancel(why)

    def _cancel(self, why: Why) -> None:
        if not self._over.is_set():
            self.why = why
            with suppress(RuntimeError):  # the loop has ended: so has the stage
                self._loop.call_soon_threadsafe(self._task.cancel)

    async def _look(self) -> Why | None:
        now = time.monotonic()
        if now >= self._renew_at:
            if not await self._store.renew(self._claim, self._lease_s):
                return Why.LOST
            self._renew_at = now + self._lease_s / 3
        if self._leaving.due:
            return Why.LEAVING
        if self._claim.stage is not StageName.PUBLICATION and self._end_at is None:
            self._end_at = await self._ending(now)
        return Why.VERDICT if self._end_at is not None and time.monotonic() >= self._end_at else None

    async def _ending(self, now: float) -> float | None:
        """When the stage has to end because the run's verdict is certain: at once where a person stopped it, else with
        some time to say what it found."""
        if not await self._store.stopped(self._claim.run_id):
            return None
        record = await self._store.load(self._claim.run_id)
        return now if record.verdict is Verdict.STOPPED else now + GRACE_S
