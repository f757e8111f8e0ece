"""Calls something unreliable again until it works, with growing pauses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class GaveUp(Exception):
    """Every attempt failed; the last error is the cause."""

    def __init__(self, attempts: int) -> None:
        super().__init__(f"gave up after {attempts} attempts")
        self.attempts = attempts


@dataclass(frozen=True)
class Policy:
    """Up to `attempts` calls. The first pause lasts `base_s` seconds and each next one `factor` times as long,
    but none longer than `limit_s`."""

    attempts: int = 4
    base_s: float = 0.5
    factor: float = 2.0
    limit_s: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("at least one attempt is needed")

    def pause_s(self, failures: int) -> float:
        """The pause after that many failures, the first failure being 1."""
        return min(self.limit_s, self.base_s * self.factor**failures)


def call(
    action: Callable[[], T],
    policy: Policy,
    sleep: Callable[[float], None],
    retry_on: tuple[type[Exception], ...] = (OSError,),
) -> T:
    """The action's result. Errors other than `retry_on` pass through at once."""
    for attempt in range(1, policy.attempts):
        try:
            return action()
        except retry_on as error:
            last = error
        if attempt < policy.attempts:
            sleep(policy.pause_s(attempt))
    raise GaveUp(policy.attempts) from last
