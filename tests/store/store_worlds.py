"""Both stores with a time that tests can move, so that one set of tests holds for each. No assertions here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import redis

from bench import instant
from bot.ports import Store
from bot.store.memory import MemoryStore
from bot.store.redis_client import Keys, raw
from bot.store.redis_records import fields_of, state_of
from bot.store.redis_store import RedisStore


class WatchedStore(Store, Protocol):
    """A store that knows which runs nobody looks after."""

    async def overdue(self) -> tuple[str, ...]: ...


class World(Protocol):
    store: WatchedStore

    def pass_s(self, seconds: float) -> None: ...


@dataclass
class StoppedClock:
    seconds: float = 100.0

    def now(self) -> datetime:
        return instant.START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class MemoryWorld:
    clock: StoppedClock = field(default_factory=StoppedClock)

    def __post_init__(self) -> None:
        self.store: WatchedStore = MemoryStore(self.clock)

    def pass_s(self, seconds: float) -> None:
        self.clock.seconds += seconds


@dataclass
class RedisWorld:
    client: redis.Redis

    def __post_init__(self) -> None:
        self.store: WatchedStore = RedisStore(self.client)

    def pass_s(self, seconds: float) -> None:
        """The server's clock cannot be moved, so every time that was kept moves into the past."""
        keys = Keys("fixbugs")
        for key in self._names(keys.run("*")):
            run_id = key.rsplit(":", 1)[1]
            state = state_of(raw(self.client.hgetall(key)), run_id)
            leases = {
                stage: replace(lease, ends_s=max(lease.ends_s - seconds, 0.000001) if lease.ends_s else 0.0)
                for stage, lease in state.leases.items()
            }
            moved = replace(state, leases=leases, look_s=state.look_s - seconds)
            self.client.hset(key, mapping=fields_of(moved, state))
            if self.client.zscore(keys.due, run_id) is not None:
                self.client.zincrby(keys.due, -seconds, run_id)

    def _names(self, pattern: str) -> Sequence[str]:
        return [key.decode() if isinstance(key, bytes) else key for key in self.client.scan_iter(pattern)]
