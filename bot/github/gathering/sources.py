"""Asks many sources side by side: what is needed raises, what is only useful becomes a notice. Asks nothing itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TypeVar

from bot.core.errors import FixbugsError, InputError, Transient, Unauthorized

T = TypeVar("T")
log = logging.getLogger(__name__)

AT_ONCE = 6
LIMIT_S = 60.0


@dataclass
class Sources:
    """The sources of one report, at most `at_once` asked at a time, each for `limit_s` at most. `notices` says what
    could not be had; `failures` are the errors behind them. Lives in one event loop."""

    limit_s: float = LIMIT_S
    at_once: int = AT_ONCE
    notices: list[str] = field(default_factory=list)
    failures: list[FixbugsError] = field(default_factory=list)
    _gate: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._gate = asyncio.Semaphore(self.at_once)

    async def useful(self, asking: Coroutine[object, object, T], what: str, *, again: bool = False) -> T | None:
        """What it says; None, and a notice, when it fails. `what` begins a sentence: "The diff of #12". `again`: what
        may pass is raised, so that the whole is tried again. A key that nobody takes is always raised. Must not be
        nested."""
        try:
            async with self._gate:
                return await self._bounded(asking, what)
        except (InputError, Unauthorized):
            raise
        except FixbugsError as exc:
            if again and isinstance(exc, Transient):
                raise
            log.info("source_failed what=%r error=%s", what, type(exc).__name__)
            self.failures.append(exc)
            self.notices.append(f"{what} could not be read: {exc}")
            return None
        finally:
            asking.close()  # where it never started

    async def _bounded(self, asking: Coroutine[object, object, T], what: str) -> T | None:
        try:
            async with asyncio.timeout(self.limit_s) as limit:
                return await asking
        except TimeoutError:
            if not limit.expired():
                raise
            self.notices.append(f"{what} could not be read within {self.limit_s:.0f} s.")
            return None


async def together(*askings: Coroutine[object, object, object]) -> None:
    """Runs them side by side. When one raises, the others are cancelled and its error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for asking in askings:
                group.create_task(asking)
    except BaseExceptionGroup as exc:
        raise _first(exc) from exc


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
