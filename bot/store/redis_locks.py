"""A lock in Redis that its holder renews and a dead holder loses. What it guards is the caller's."""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis

from bot.core.errors import FixbugsError
from bot.store.redis_client import answering

log = logging.getLogger(__name__)

PAUSE_S = (0.01, 0.05)  # between two tries to get it

# Only who holds it renews or frees it: after its lease ran out it may be somebody else's.
RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) else return 0 end"
FREE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end"


@asynccontextmanager
async def alone(client: redis.Redis, key: str, lease_s: float) -> AsyncIterator[None]:
    """Waits for the lock, then holds it until the block ends. Raises Transient when Redis does not answer; a Redis that
    goes away after the block has begun does not end it."""
    lock = _Lock(client, key, lease_s)
    while not await lock.taken():  # noqa: ASYNC110 (another process frees it: there is no event to wait for)
        await asyncio.sleep(random.uniform(*PAUSE_S))  # noqa: S311 (spreads out, hides nothing)
    keeper = asyncio.create_task(lock.keep())
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await asyncio.shield(asyncio.to_thread(lock.free))


class _Lock:
    def __init__(self, client: redis.Redis, key: str, lease_s: float) -> None:
        self._client = client
        self._key = key
        self._lease_s = lease_s
        self._lease_ms = max(1, round(lease_s * 1000))
        self._token = uuid.uuid4().hex
        self._renew = client.register_script(RENEW)
        self._free = client.register_script(FREE)

    async def taken(self) -> bool:
        """Tries once; one that is cancelled meanwhile leaves no lock behind."""
        trying = asyncio.ensure_future(asyncio.to_thread(self._take))
        try:
            return await asyncio.shield(trying)
        except asyncio.CancelledError:
            await asyncio.gather(trying, return_exceptions=True)
            await asyncio.to_thread(self.free)
            raise

    async def keep(self) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            try:
                held = await asyncio.to_thread(self._renewed)
            except FixbugsError as exc:
                log.warning("lock_not_renewed key=%s why=%s", self._key, exc)
                continue
            if not held:
                log.warning("lock_lost key=%s", self._key)
                return

    def _take(self) -> bool:
        with answering():
            return bool(self._client.set(self._key, self._token, nx=True, px=self._lease_ms))

    def _renewed(self) -> bool:
        with answering():
            return bool(self._renew(keys=[self._key], args=[self._token, self._lease_ms]))

    def free(self) -> None:
        try:
            with answering():
                self._free(keys=[self._key], args=[self._token])
        except FixbugsError as exc:  # it frees itself when its lease ends
            log.warning("lock_not_freed key=%s why=%s", self._key, exc)
