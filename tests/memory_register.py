"""The Register port in this process's memory, for tests: all that the port says, over any Store that can load a run.
For one event loop at a time; nothing survives the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from bot.core.forge import Place
from bot.core.run import Run, StageName
from bot.ports import Clock, Opened, Opening, Store

WAIT_S = 0.002  # between two looks at a block that somebody else is inside of


@dataclass
class MemoryRegister:
    """At most `active` runs are active in all, and `per_repository` of one repository."""

    store: Store
    clock: Clock
    active: int = 4
    per_repository: int = 2
    runs: dict[str, Run] = field(default_factory=dict)  # oldest first
    waiting: list[str] = field(default_factory=list)  # oldest first
    meanings: dict[str, str] = field(default_factory=dict)
    pulls: dict[tuple[str, int], str] = field(default_factory=dict)
    outcomes: dict[tuple[str, int], bool] = field(default_factory=dict)
    counts: dict[str, tuple[int, float]] = field(default_factory=dict)  # so far, until when
    holders: dict[str, tuple[object, float]] = field(default_factory=dict)  # who, until when
    present: dict[int, bool] = field(default_factory=dict)  # installations
    repositories: dict[int, set[str]] = field(default_factory=dict)

    async def open(self, run: Run, stages: Sequence[StageName], *, meaning: str) -> Opened:
        async with self.alone("register", 10.0):
            if run.id in self.runs:
                return Opened(run.id, Opening.CREATED)
            thread = run.origin.thread if run.origin else ""
            if thread and (going_on := await self.current(thread)):
                return Opened(going_on, Opening.JOINED)
            if meaning and meaning in self.meanings:
                return Opened(self.meanings[meaning], Opening.REPEATED)
            await self.store.create(run, stages)
            self.runs[run.id] = run
            self.waiting.append(run.id)
            if meaning:
                self.meanings[meaning] = run.id
            return Opened(run.id, Opening.CREATED)

    async def admit(self) -> tuple[str, ...]:
        async with self.alone("register", 10.0):
            self.waiting = [run_id for run_id in self.waiting if not await self._ended(run_id)]
            started = [run_id for run_id in self.runs if run_id not in self.waiting and not await self._ended(run_id)]
            admitted: list[str] = []
            while len(started) < self.active and (chosen := self._next(started)):
                self.waiting.remove(chosen)
                started.append(chosen)
                admitted.append(chosen)
            return tuple(admitted)

    def _next(self, started: Sequence[str]) -> str | None:
        places = [_place(self.runs[run_id]) for run_id in started]
        repositories = [_key(place) for place in places]
        installations = [place.installation_id for place in places]
        may = [r for r in self.waiting if repositories.count(_key(_place(self.runs[r]))) < self.per_repository]

        def rank(run_id: str) -> tuple[int, int]:  # `min` keeps the oldest of equals
            place = _place(self.runs[run_id])
            return installations.count(place.installation_id), repositories.count(_key(place))

        return min(may, key=rank, default=None)

    async def ahead(self, run_id: str) -> int | None:
        return self.waiting.index(run_id) if run_id in self.waiting else None

    async def current(self, thread: str) -> str | None:
        latest = await self.latest(thread)
        return None if latest is None or await self._ended(latest) else latest

    async def latest(self, thread: str) -> str | None:
        found = [run_id for run_id, run in self.runs.items() if run.origin and run.origin.thread == thread]
        return found[-1] if found else None

    async def going_on(self, installation_id: int, repositories: Sequence[str] = ()) -> tuple[str, ...]:
        wanted = {name.lower() for name in repositories}
        found = [
            run_id
            for run_id, run in self.runs.items()
            if run.origin and run.origin.place.installation_id == installation_id
            if not wanted or run.origin.place.repository.lower() in wanted
        ]
        return tuple([run_id for run_id in found if not await self._ended(run_id)])

    async def set_pull(self, run_id: str, place: Place, number: int) -> None:
        self.pulls[_key(place), number] = run_id

    async def run_of_pull(self, place: Place, number: int) -> str | None:
        return self.pulls.get((_key(place), number))

    async def set_outcome(self, place: Place, number: int, *, accepted: bool) -> None:
        self.outcomes[_key(place), number] = accepted

    async def first(self, key: str, within_s: float) -> bool:
        return await self.count(f"first:{key}", within_s) == 1

    async def count(self, key: str, within_s: float) -> int:
        now = self.clock.monotonic()
        so_far, until = self.counts.get(key, (0, 0.0))
        self.counts[key] = (so_far + 1, until) if until > now else (1, now + within_s)
        return self.counts[key][0]

    def alone(self, key: str, lease_s: float) -> AbstractAsyncContextManager[None]:
        return self._alone(key, lease_s)

    @asynccontextmanager
    async def _alone(self, key: str, lease_s: float) -> AsyncGenerator[None, None]:
        while self.holders.get(key, (None, 0.0))[1] > self.clock.monotonic():  # noqa: ASYNC110 - a dead holder sets none
            await asyncio.sleep(WAIT_S)
        me = object()
        self.holders[key] = (me, self.clock.monotonic() + lease_s)
        try:
            yield
        finally:
            if self.holders.get(key, (None, 0.0))[0] is me:
                del self.holders[key]

    async def set_installed(self, installation_id: int, repositories: Sequence[str], *, installed: bool) -> None:
        names = {name.lower() for name in repositories}
        known = self.repositories.setdefault(installation_id, set())
        if installed or not names:
            self.present[installation_id] = installed
        if installed:
            known |= names
        else:
            known -= names or set(known)

    async def installed(self, installation_id: int) -> bool | None:
        return self.present.get(installation_id)

    async def _ended(self, run_id: str) -> bool:
        return (await self.store.load(run_id)).finished


def _place(run: Run) -> Place:
    return run.origin.place if run.origin else Place(0, run.repository)


def _key(place: Place) -> str:
    return place.repository.lower()
