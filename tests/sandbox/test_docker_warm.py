"""Containers that wait: one for each environment used lately, never a dead one, none for long, none after the end. They
are names here; real ones wait in the tests of runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from bot.core.errors import Transient
from sandbox.docker.container import Box, Container
from sandbox.docker.warm import RECENT, WarmPool


@dataclass(eq=False)
class Fake:
    image: str
    alive: bool = True
    removed: bool = False

    def runs(self) -> bool:
        return self.alive

    def remove(self) -> None:
        self.removed = True


@dataclass
class Yard:
    """Starts containers, and remembers them."""

    made: list[Fake] = field(default_factory=list)
    broken: bool = False

    def start(self, box: Box) -> Container:
        if self.broken:
            raise Transient("it is away")
        self.made.append(Fake(box.image))
        return cast("Container", self.made[-1])

    def waiting(self) -> list[str]:
        return sorted(one.image for one in self.made[1:] if not one.removed)

    def pool(self, **others: Any) -> WarmPool:
        return WarmPool(self.start, **{"size": 1, **others})


def box(name: str = "a") -> Box:
    return Box(name, "run")


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.01)


def idle(pool: WarmPool) -> bool:
    return not pool._starting


def taken(pool: WarmPool, name: str = "a") -> Fake:
    found = cast("Fake", pool.take(box(name)))
    until(lambda: idle(pool))
    return found


def test_the_second_one_was_started_before_it_was_asked_for() -> None:
    yard = Yard()
    pool = yard.pool()
    first, second = taken(pool), taken(pool)

    assert (first, second) == (yard.made[0], yard.made[1])
    assert len(yard.made) == 3
    pool.close()


def test_one_that_died_meanwhile_is_not_given() -> None:
    yard = Yard()
    pool = yard.pool()
    taken(pool)
    yard.made[1].alive = False

    assert taken(pool) is yard.made[2]
    assert yard.made[1].removed
    pool.close()


def test_only_what_was_used_lately_waits() -> None:
    yard = Yard()
    pool = yard.pool()
    for number in range(RECENT + 2):
        taken(pool, str(number))
    waiting = [one.image for one in pool_waiting(pool)]

    assert waiting == [str(number) for number in range(2, RECENT + 2)]
    assert sum(one.removed for one in yard.made) == 2
    pool.close()


def pool_waiting(pool: WarmPool) -> list[Fake]:
    return [cast("Fake", one.container) for waiting in pool._waiting.values() for one in waiting]


def test_nobody_waits_for_ever() -> None:
    yard = Yard()
    pool = yard.pool(wait_s=0.05)
    taken(pool)

    until(lambda: yard.made[1].removed)
    assert pool_waiting(pool) == []
    pool.close()


def test_nothing_waits_after_the_end_not_even_what_is_just_being_started() -> None:
    yard, go_on = Yard(), threading.Event()

    def slowly(box: Box) -> Container:
        if yard.made:
            assert go_on.wait(10)
        return yard.start(box)

    pool = WarmPool(slowly, 1)
    pool.take(box())
    pool.close()
    go_on.set()

    until(lambda: idle(pool) and len(yard.made) == 2 and yard.made[1].removed)


def test_what_is_taken_keeps_no_thread_waiting() -> None:
    yard = Yard()
    pool = yard.pool()
    for _ in range(20):
        taken(pool)

    until(lambda: sum(isinstance(thread, threading.Timer) for thread in threading.enumerate()) <= 1)
    pool.close()


def test_an_engine_that_is_away_is_the_takers_trouble_only() -> None:
    yard = Yard()
    pool = yard.pool()
    yard.start(box())
    yard.broken = True
    try:
        pool.take(box())
    except Transient:
        yard.broken = False
    assert taken(pool) is yard.made[1]
    pool.close()


def test_a_pool_of_none_starts_what_is_asked_for_and_remembers_nothing() -> None:
    yard = Yard()
    pool = yard.pool(size=0)
    for number in range(5):
        taken(pool, str(number))

    assert len(yard.made) == 5
    assert pool._waiting == {}


def test_many_threads_at_once_each_get_one_of_their_own() -> None:
    yard, found = Yard(), list[Container]()
    pool = yard.pool()
    threads = [threading.Thread(target=lambda: found.append(pool.take(box()))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: idle(pool))

    assert len(set(map(id, found))) == 20
    pool.close()
    taken = set(map(id, found))
    assert all(one.removed for one in yard.made if id(one) not in taken)
