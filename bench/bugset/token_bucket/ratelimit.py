"""Rate limiting by token bucket, one bucket per client. Time comes from the caller's clock, in seconds."""

from __future__ import annotations

from collections.abc import Callable


class TokenBucket:
    """Holds at most `capacity` tokens and gains `rate_per_s` of them each second. It starts full."""

    def __init__(self, capacity: float, rate_per_s: float, clock: Callable[[], float]) -> None:
        if capacity <= 0 or rate_per_s <= 0:
            raise ValueError("capacity and rate must be positive")
        self.capacity = capacity
        self.rate_per_s = rate_per_s
        self._clock = clock
        self._tokens = capacity
        self._updated = clock()

    def allow(self, cost: float = 1.0) -> bool:
        """Take `cost` tokens if there are that many."""
        self._refill()
        if cost > self._tokens:
            return False
        self._tokens -= cost
        return True

    def wait_s(self, cost: float = 1.0) -> float:
        """Seconds until `allow(cost)` would succeed; infinite when it never can."""
        if cost > self.capacity:
            return float("inf")
        self._refill()
        return max(0.0, (cost - self._tokens) / self.rate_per_s)

    @property
    def available(self) -> float:
        self._refill()
        return self._tokens

    def _refill(self) -> None:
        now = self._clock()
        elapsed = max(0.0, now - self._updated)
        self._tokens = self._tokens + elapsed * self.rate_per_s
        self._updated = now


class ClientLimiter:
    def __init__(self, capacity: float, rate_per_s: float, clock: Callable[[], float]) -> None:
        self._settings = (capacity, rate_per_s, clock)
        self._buckets: dict[str, TokenBucket] = {}

    def allow(self, client: str) -> bool:
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = TokenBucket(*self._settings)
        return bucket.allow()
