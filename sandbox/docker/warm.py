"""A few started containers that wait, so that a proof need not wait for one. Starting them is the caller's function."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.core.errors import FixbugsError
from sandbox.docker.container import Box, Container

RECENT = 3  # environments for which containers wait
WAIT_S = 300.0  # a container that nobody took in this time goes


@dataclass(frozen=True, slots=True)
class Waiting:
    """A container that nobody has taken yet; `leave` fires when it has waited long enough."""

    container: Container
    leave: threading.Timer


@dataclass
class WarmPool:
    """`take` gives a container that is started and unused. After each take another one is started behind the caller's
    back, as long as fewer than `size` wait for this environment. Thread-safe; nothing waits after `close`."""

    start: Callable[[Box], Container]
    size: int
    wait_s: float = WAIT_S
    _waiting: dict[Box, list[Waiting]] = field(default_factory=dict)
    _starting: set[Box] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def take(self, box: Box) -> Container:
        """Raises what starting raises."""
        while (container := self._waiting_one(box)) is not None and not container.runs():
            container.remove()  # the engine was restarted, or somebody cleaned up
        if container is None:
            container = self.start(box)
        self._refill(box)
        return container

    def close(self) -> None:
        with self._lock:
            self._closed = True
            left = [one for waiting in self._waiting.values() for one in waiting]
            self._waiting.clear()
        _end(left)

    def _waiting_one(self, box: Box) -> Container | None:
        with self._lock:
            waiting = self._waiting.pop(box, [])
            found = waiting.pop() if waiting else None
            if self.size and not self._closed:
                self._waiting[box] = waiting  # the latest used comes last
            old = self._beyond_recent()
        _end(old)
        if found is None:
            return None
        found.leave.cancel()
        return found.container

    def _beyond_recent(self) -> list[Waiting]:
        """Takes out what waits for environments that were not used lately."""
        old: list[Waiting] = []
        while len(self._waiting) > RECENT:
            old += self._waiting.pop(next(iter(self._waiting)))
        return old

    def _refill(self, box: Box) -> None:
        with self._lock:
            if self._closed or box in self._starting or len(self._waiting.get(box, ())) >= self.size:
                return
            self._starting.add(box)
        threading.Thread(target=self._start_one, args=(box,), daemon=True).start()

    def _start_one(self, box: Box) -> None:
        container: Container | None = None
        try:
            container = self.start(box)
        except FixbugsError:  # whoever needs one hears of it
            return
        finally:
            wanted = self._started(box, container)
        if not wanted:
            container.remove()

    def _started(self, box: Box, container: Container | None) -> bool:
        """Whether it may wait: not after `close`, and not for an environment that others have pushed out meanwhile."""
        with self._lock:
            self._starting.discard(box)
            if container is None or self._closed or box not in self._waiting:
                return False
            leave = threading.Timer(self.wait_s, self._expire, (box, container))
            leave.daemon = True
            self._waiting[box].append(Waiting(container, leave))
            leave.start()
            return True

    def _expire(self, box: Box, container: Container) -> None:
        with self._lock:
            waiting = self._waiting.get(box, [])
            found = next((one for one in waiting if one.container is container), None)
            if found is None:
                return
            waiting.remove(found)
        container.remove()


def _end(left: list[Waiting]) -> None:
    for one in left:
        one.leave.cancel()
        one.container.remove()
