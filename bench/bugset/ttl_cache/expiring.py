"""Session values that expire. Time comes from the caller's clock, in seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Entry:
    value: Any
    expires_at: float


class ExpiringStore:
    """Each value lives for its time to live: until just before `ttl_s` seconds after it was put."""

    def __init__(self, ttl_s: float, clock: Callable[[], float]) -> None:
        if ttl_s <= 0:
            raise ValueError("the time to live must be positive")
        self.ttl_s = ttl_s
        self._clock = clock
        self._entries: dict[str, Entry] = {}

    def put(self, key: str, value: Any, ttl_s: float | None = None) -> None:
        lifetime_s = self.ttl_s if ttl_s is None else ttl_s
        self._entries[key] = Entry(value, self._clock() + lifetime_s)

    def get(self, key: str, default: Any = None) -> Any:
        entry = self._entries.get(key)
        if entry is None:
            return default
        if self._clock() > entry.expires_at:
            del self._entries[key]
            return default
        return entry.value

    def touch(self, key: str) -> bool:
        """Let a live value live for the standard time from now on; False when there is none."""
        missing = object()
        value = self.get(key, missing)
        if value is missing:
            return False
        self.put(key, value)
        return True

    def purge(self) -> int:
        """Drop what has expired; gives how many that were."""
        now = self._clock()
        expired = [key for key, entry in self._entries.items() if entry.expires_at < now]
        for key in expired:
            del self._entries[key]
        return len(expired)

    def __len__(self) -> int:
        """Live values only."""
        self.purge()
        return len(self._entries)
