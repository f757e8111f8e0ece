"""Rings again for what was forgotten: runs whose worker died, commands whose time has come, runs that may start now,
webhooks that never arrived. One worker at a time does it; each says that it lives."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine

from bot.core.errors import FixbugsError
from bot.worker.actors import Actors
from bot.worker.server import Server

log = logging.getLogger(__name__)

LEAST_BEAT_S = 15.0
REDELIVERY_LIMIT_S = 240.0


class Timer:
    """Calls a coroutine function every `every_s` seconds in a thread of its own, until it is stopped."""

    def __init__(self, name: str, every_s: float, body: Callable[[], Coroutine[object, object, None]]) -> None:
        self._name, self._every_s, self._body = name, every_s, body
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience_s: float) -> None:
        self._over.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        while True:
            try:
                asyncio.run(self._body())
            except FixbugsError as exc:
                log.warning("%s_failed error=%s", self._name, exc)
            except Exception:
                log.exception("%s_failed", self._name)
            if self._over.wait(self._every_s):
                return


class Sweeper:
    """What the timers do."""

    def __init__(self, server: Server, actors: Actors, worker_id: str) -> None:
        self._server, self._actors, self._worker_id = server, actors, worker_id

    def timers(self) -> tuple[Timer, ...]:
        settings = self._server.settings
        sweeping = Timer("sweep", settings.sweep_s, self.sweep)
        if self._server.redelivery is None:
            return (sweeping,)
        return (sweeping, Timer("redeliver", min(settings.redeliver_s, 60.0), self.redeliver))

    async def sweep(self) -> None:
        """Raises Transient when Redis does not answer."""
        server = self._server
        every_s = server.settings.sweep_s
        await server.store.beat(self._worker_id, max(LEAST_BEAT_S, 3 * every_s))
        if not await server.register.first("sweep", every_s * 0.8):
            return  # another worker has just done it
        for run_id in await server.store.overdue():
            await self._ring_for(run_id)
        for delivery_id in await asyncio.to_thread(server.inbox.due):
            server.doorbell.delivery(delivery_id)
        await self._actors.admit()

    async def _ring_for(self, run_id: str) -> None:
        try:
            await self._actors.ring_for(run_id)
        except FixbugsError as exc:  # one run that cannot be read must not keep the others waiting
            log.warning("sweep_skipped run=%s error=%s", run_id, exc)

    async def redeliver(self) -> None:
        """Takes in what the forge could not deliver."""
        server = self._server
        if server.redelivery is None or not await server.register.first("redeliver", server.settings.redeliver_s * 0.9):
            return
        async with asyncio.timeout(REDELIVERY_LIMIT_S):
            taken = await server.redelivery.take_in()
        if taken:
            log.info("redelivered count=%d", taken)
