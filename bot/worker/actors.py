"""What the messages of each queue make a worker do. Each runs in an event loop of its own; none raises: a message is
never tried again by the queue, but rung again from here or by the sweeper."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import dramatiq

from bot.core.errors import FixbugsError, Transient
from bot.core.run import StageName
from bot.driver import Advanced, Leaving, advance, worth_ringing
from bot.driver.retries import Retry, pause_s
from bot.ports import Deps, Progress
from bot.queue.broker import StageBroker
from bot.queue.names import DELIVERY, NOTICE
from bot.worker.server import Server

log = logging.getLogger(__name__)
T = TypeVar("T")

SHORT_S = 50.0  # a command or a refresh takes no longer; the inbox gives one to somebody else after a minute
STORE_AWAY_S = 5.0
DELIVERY_ATTEMPTS, UNFORESEEN_ATTEMPTS = 24, 3
NOTICE_ATTEMPTS, NOTICE_WINDOW_S = 20, 1800.0
DELIVERIES, NOTICES = Retry(DELIVERY_ATTEMPTS, 2.0, 300.0), Retry(NOTICE_ATTEMPTS, 2.0, 300.0)
LAST_WORD_S = 5.0  # the notice of a run's end is rung for beforehand, in case its worker dies between end and ring


class Actors:
    """The bodies of all actors, for one worker process."""

    def __init__(self, server: Server, progress: Progress, leaving: Leaving) -> None:
        self._server, self._leaving = server, leaving
        self._deps: Deps = replace(server.deps, progress=progress)

    # ------------------------------------------------------------ stages

    def stage(self, name: StageName, run_id: str) -> None:
        """Runs one stage of one run, and rings for what may start after it."""
        doorbell = self._server.doorbell
        try:
            if name is StageName.PUBLICATION:
                doorbell.notice(run_id, LAST_WORD_S)
            advanced = asyncio.run(
                advance(self._deps, run_id, name, lease_s=self._server.settings.lease_s, leaving=self._leaving)
            )
            self._ring(run_id, name, advanced)
            if advanced.finished:
                asyncio.run(self.admit())
        except Transient as exc:
            log.warning("stage_delayed run=%s stage=%s error=%s", run_id, name.value, exc)
            self._again(partial(doorbell.stage, run_id, name), STORE_AWAY_S)
        except FixbugsError as exc:
            log.warning("stage_dropped run=%s stage=%s error=%s", run_id, name.value, exc)
        except Exception:
            log.exception("stage_dropped run=%s stage=%s", run_id, name.value)

    def _ring(self, run_id: str, name: StageName, advanced: Advanced) -> None:
        for stage in advanced.ready:
            self._server.doorbell.stage(run_id, stage)
        if advanced.again_s is not None:
            self._server.doorbell.stage(run_id, name, advanced.again_s)

    async def admit(self) -> None:
        """Lets in the runs that may start now, and rings for their first stages."""
        for run_id in await self._server.register.admit():
            log.info("run_admitted run=%s", run_id)
            await self.ring_for(run_id)
            self._server.doorbell.notice(run_id)

    async def ring_for(self, run_id: str) -> None:
        """Rings for everything that this run may need."""
        for stage in worth_ringing(await self._server.store.load(run_id)):
            self._server.doorbell.stage(run_id, stage)

    # ---------------------------------------------------------- commands

    def delivery(self, delivery_id: str) -> None:
        """Carries out one command out of the inbox."""
        inbox = self._server.inbox
        try:
            delivery = inbox.take(delivery_id)
            if delivery is None:
                return
            kind = type(delivery.command).__name__
            wait_s = self._carry_out(self._server.desk.carry_out(delivery.command), delivery_id, delivery.attempts)
            if wait_s is None:
                inbox.done(delivery_id)
                log.info("command_done delivery=%s command=%s attempts=%d", delivery_id, kind, delivery.attempts)
                return
            inbox.give_back(delivery_id, wait_s)
            self._server.doorbell.delivery(delivery_id, wait_s)
        except Transient as exc:  # of the inbox or the doorbell: the sweeper rings again
            log.warning("command_delayed delivery=%s error=%s", delivery_id, exc)
        except FixbugsError as exc:  # what the inbox keeps cannot be read
            log.warning("command_dropped delivery=%s error=%s", delivery_id, exc)
            self._drop(delivery_id)

    def _carry_out(self, work: Coroutine[object, object, None], delivery_id: str, attempts: int) -> float | None:
        """Seconds to wait before it is tried again; None when there is nothing left to do."""
        try:
            asyncio.run(_limited(work))
        except (Transient, TimeoutError) as exc:
            if attempts < DELIVERY_ATTEMPTS:
                log.warning(
                    "command_delayed delivery=%s attempts=%d error=%s", delivery_id, attempts, exc or "time-out"
                )
                return pause_s(DELIVERIES, attempts, exc)
            log.warning("command_dropped delivery=%s attempts=%d error=%s", delivery_id, attempts, exc)
        except FixbugsError as exc:
            log.warning("command_dropped delivery=%s error=%s", delivery_id, exc)
        except Exception:
            log.exception("command_failed delivery=%s attempts=%d", delivery_id, attempts)
            if attempts < UNFORESEEN_ATTEMPTS:
                return pause_s(DELIVERIES, attempts)
        return None

    def _drop(self, delivery_id: str) -> None:
        try:
            self._server.inbox.done(delivery_id)
        except FixbugsError as exc:
            log.warning("command_kept delivery=%s error=%s", delivery_id, exc)

    # ----------------------------------------------------------- notices

    def notice(self, run_id: str) -> None:
        """Brings what people see of a run up to date, now or as soon as it may be edited again."""
        again = partial(self._server.doorbell.notice, run_id)
        try:
            wait_s = asyncio.run(_limited(self._server.notices.refresh(run_id)))
            if wait_s is not None:
                self._again(again, wait_s)
        except (Transient, TimeoutError) as exc:
            tries = self._notice_tries(run_id)
            log.warning("notice_delayed run=%s tries=%d error=%s", run_id, tries, exc or "time-out")
            if tries <= NOTICE_ATTEMPTS:
                self._again(again, pause_s(NOTICES, tries, exc))
        except FixbugsError as exc:
            log.warning("notice_dropped run=%s error=%s", run_id, exc)
        except Exception:
            log.exception("notice_dropped run=%s", run_id)

    def _notice_tries(self, run_id: str) -> int:
        try:
            return asyncio.run(self._server.register.count(f"notice-tries:{run_id}", NOTICE_WINDOW_S))
        except FixbugsError:
            return NOTICE_ATTEMPTS // 2  # the register is away too: wait for long

    def _again(self, ring: partial[None], delay_s: float) -> None:
        try:
            ring(delay_s)
        except Transient as exc:
            log.warning("ring_lost error=%s", exc)  # the sweeper rings for stages; a notice comes with the next change


async def _limited(work: Coroutine[object, object, T]) -> T:
    async with asyncio.timeout(SHORT_S):
        return await work


def declare_actors(broker: StageBroker, actors: Actors, queues: Sequence[str]) -> None:
    """Makes a worker on this broker answer to these queues."""
    bodies: dict[str, Callable[[str], None]] = {
        DELIVERY: actors.delivery,
        NOTICE: actors.notice,
        **{name.value: partial(actors.stage, name) for name in StageName},
    }
    for queue in queues:
        dramatiq.actor(actor_name=queue, queue_name=queue, broker=broker)(bodies[queue])
