"""How many sandboxes run at once on one host, shared by all its processes: slots that are locks on files, so that one
whose process died is free at once. Starting sandboxes does not belong here.

    <folder>/door           held for the moment in which somebody looks around and decides
    <folder>/slot-<n>       held as long as a sandbox runs; its text is the holder
    <folder>/wait/<ticket>  held by somebody who waits; its name says since when, its text for whom
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.core.testing import Isolation
from bot.ports import Built, Recipe, Sandbox, Sandboxes
from sandbox.environments import disk_errors

POLL_S, FAR_POLL_S = 0.05, 0.25  # between two looks: of one whose turn may come next, and of those far behind
DOOR_S = 0.02
HOLDER_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Capacity:
    """`slots` are all that this host has, below a folder that all who share it name. Works over any number of event
    loops, threads and processes; `folder` must lie on a local disk.

    Who waits is served in the order of coming, except that a holder (a run, a repository) with fewer slots goes first.
    """

    folder: Path
    slots: int

    @asynccontextmanager
    async def slot(self, holder: str) -> AsyncIterator[None]:
        """Waits for a slot and keeps it. Raises Permanent when the folder cannot be written."""
        with disk_errors(self.folder):
            taken = await self._taken(holder)
        try:
            yield
        finally:
            os.close(taken)  # which gives the slot up

    def holders(self) -> tuple[str, ...]:
        """Whose sandboxes run now, one entry each."""
        with suppress(OSError):
            return tuple(name for name in map(_busy, self._slot_files()) if name is not None)
        return ()

    async def _taken(self, holder: str) -> int:
        """A descriptor that holds a slot."""
        (self.folder / "wait").mkdir(parents=True, exist_ok=True)
        ticket: _Ticket | None = None
        try:
            while True:
                pause_s = DOOR_S
                with self._door() as entered:
                    if entered:
                        ticket = ticket or _Ticket.draw(self.folder / "wait", holder)
                        found, pause_s = self._look(ticket)
                        if found is not None:
                            return found
                await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311 (so that not all come at once)
        finally:
            if ticket is not None:
                ticket.give_back()

    @contextmanager
    def _door(self) -> Iterator[bool]:
        handle = os.open(self.folder / "door", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _locked(handle)
        finally:
            os.close(handle)

    def _look(self, ticket: _Ticket) -> tuple[int | None, float]:
        """Inside the door: a slot when it is this ticket's turn; else None, and when to look again, in seconds."""
        held: Counter[str] = Counter()
        free: list[Path] = []
        for file in self._slot_files():
            busy = _busy(file)
            if busy is None:
                free.append(file)
            else:
                held[busy] += 1
        waiting = [ticket, *(other for other in _tickets(self.folder / "wait") if other.path != ticket.path)]
        if any(turn.path == ticket.path for turn in _turns(waiting, held, len(free))):
            for file in free:
                with suppress(BlockingIOError):  # somebody looks whether it is free, just now
                    return _take(file, ticket.holder), 0.0
        near = any(turn.path == ticket.path for turn in _turns(waiting, held, self.slots))
        return None, POLL_S if near else FAR_POLL_S

    def _slot_files(self) -> list[Path]:
        return [self.folder / f"slot-{number}" for number in range(max(1, self.slots))]


@dataclass(frozen=True, slots=True)
class Shared:
    """Implements `bot.ports.Sandboxes`: another's sandboxes, each of which takes one of the host's slots while it is
    there, on account of its environment's key (and so of its repository)."""

    sandboxes: Sandboxes
    capacity: Capacity

    @property
    def isolation(self) -> Isolation:
        return self.sandboxes.isolation

    @property
    def enforced(self) -> tuple[str, ...]:
        return self.sandboxes.enforced

    async def build(self, recipe: Recipe) -> Built:
        """Takes no slot: a build mostly waits for the network, and one that is cached does nothing."""
        return await self.sandboxes.build(recipe)

    def start(self, key: str) -> AbstractAsyncContextManager[Sandbox]:
        return self._start(key)

    @asynccontextmanager
    async def _start(self, key: str) -> AsyncIterator[Sandbox]:
        async with self.capacity.slot(key), self.sandboxes.start(key) as sandbox:
            yield sandbox


# ------------------------------------------------------------- the files


@dataclass(frozen=True, slots=True)
class _Ticket:
    """One who waits; `handle` is -1 for somebody else's."""

    path: Path
    holder: str
    handle: int = -1

    @classmethod
    def draw(cls, folder: Path, holder: str) -> _Ticket:
        """Inside the door. Names sort by time, which all processes of a host count alike."""
        path = folder / f"{time.monotonic_ns():020d}-{secrets.token_hex(4)}"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        with suppress(OSError):  # a full disk: it waits for nobody in particular
            os.write(handle, holder.encode()[:HOLDER_BYTES])
        return cls(path, holder, handle)

    def give_back(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self.handle)


def _tickets(folder: Path) -> Iterator[_Ticket]:
    """Those that somebody alive holds; what the dead left is removed."""
    for path in sorted(folder.iterdir()):
        holder = _busy(path)
        if holder is None:
            path.unlink(missing_ok=True)
        else:
            yield _Ticket(path, holder)


def _turns(waiting: list[_Ticket], held: Counter[str], count: int) -> list[_Ticket]:
    """Who goes next, if `count` slots are free: fewest slots first, then who came first."""
    left, counts = sorted(waiting, key=lambda ticket: ticket.path.name), held.copy()
    turns: list[_Ticket] = []
    while left and len(turns) < count:
        chosen = min(left, key=lambda ticket: counts[ticket.holder])  # the first of equals
        left.remove(chosen)
        counts[chosen.holder] += 1
        turns.append(chosen)
    return turns


def _busy(path: Path) -> str | None:
    """The text of a file that somebody holds; None when nobody does."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _locked(handle) else os.read(handle, HOLDER_BYTES).decode("utf-8", "replace")
    finally:
        os.close(handle)


def _take(path: Path, holder: str) -> int:
    """Inside the door, for only there is one taken. Raises BlockingIOError when it is held."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        with suppress(OSError):  # a full disk: it counts for nobody in particular
            os.write(handle, holder.encode()[:HOLDER_BYTES])
    except BaseException:
        os.close(handle)
        raise
    return handle


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
