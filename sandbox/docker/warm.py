"""A few started containers that wait, so that a proof need not wait for one. Starting them is the caller's function."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.core.errors import FixbugsError
from sandbox.docker.container import Box, Container

RECENT = 3  # environments for which containers wait
WAIT_S = 300.0  # a container that nobody took in this time goes


@dataclass
class WarmPool:
    """`take` gives a container that is started and unused. After each take another one is started behind the caller's
    back, as long as fewer than `size` wait for this environment. Thread-safe; nothing waits after `close`."""

    start: Callable[[Box], Container]
    size: int
    _waiting: dict[Box, list[Container]] = field(default_factory=dict)
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
            left = [container for waiting in self._waiting.values() for container in waiting]
            self._waiting.clear()
        for container in left:
            container.remove()

    def _waiting_one(self, box: Box) -> Container | None:
        with self._lock:
            waiting = self._waiting.pop(box, [])
            found = waiting.pop() if waiting else None
            self._waiting[box] = waiting  # the latest used comes last
        return found

    def _refill(self, box: Box) -> None:
        with self._lock:
            if self._closed or box in self._starting or len(self._waiting.get(box, ())) >= self.size:
                return
            self._starting.add(box)
        threading.Thread(target=self._start_one, args=(box,), daemon=True).start()

    def _start_one(self, box: Box) -> None:
        try:
            container = self.start(box)
        except FixbugsError:  # whoever needs one hears of it
            with self._lock:
                self._starting.discard(box)
            return
        spare: list[Container] = []
        with self._lock:
            self._starting.discard(box)
            wanted = not self._closed and box in self._waiting
            (self._waiting[box] if wanted else spare).append(container)
            while len(self._waiting) > RECENT:
                spare += self._waiting.pop(next(iter(self._waiting)))
        for one in spare:
            one.remove()
        if wanted:
            timer = threading.Timer(WAIT_S, self._expire, (box, container))
            timer.daemon = True
            timer.start()

    def _expire(self, box: Box, container: Container) -> None:
        with self._lock:
            waiting = self._waiting.get(box, [])
            if container not in waiting:
                return
            waiting.remove(container)
        container.remove()
