"""Slots for sandboxes, shared by threads and real processes of one host."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from bot.core.errors import Permanent
from bot.core.testing import Isolation
from bot.ports import Built, Recipe, Sandbox
from sandbox.capacity import Capacity, Shared

ROOT = Path(__file__).parents[2]
HOLD = """\
import asyncio, sys
from pathlib import Path
from sandbox.capacity import Capacity

async def hold():
    async with Capacity(Path(sys.argv[1]), int(sys.argv[2])).slot(sys.argv[3]):
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(hold())
"""


@contextmanager
def process(folder: Path, slots: int, holder: str = "another") -> Iterator[subprocess.Popen[str]]:
    """A process that takes a slot, says so, and keeps it until its standard input is closed."""
    argv = [sys.executable, "-c", HOLD, str(folder), str(slots), holder]
    started = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def held(started: subprocess.Popen[str]) -> None:
    assert started.stdout is not None
    assert started.stdout.readline() == "held\n"


async def took(capacity: Capacity, holder: str, log: list[str], stay_s: float = 0.0) -> None:
    async with capacity.slot(holder):
        log.append(holder)
        await asyncio.sleep(stay_s)


def test_no_more_run_at_once_than_there_are_slots_whatever_thread_asks(tmp_path: Path) -> None:
    now, most = 0, 0
    counting = threading.Lock()

    async def work(number: int) -> None:
        nonlocal now, most
        async with Capacity(tmp_path, 3).slot(f"run {number}"):
            with counting:
                now += 1
                most = max(most, now)
            await asyncio.sleep(0.03)
            with counting:
                now -= 1

    async def several() -> None:
        await asyncio.gather(*[work(number) for number in range(4)])

    threads = [threading.Thread(target=lambda: asyncio.run(several())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (now, most) == (0, 3)
    assert list((tmp_path / "wait").iterdir()) == []


def test_a_slot_of_another_process_is_waited_for_without_spinning(tmp_path: Path) -> None:
    async def wait() -> float:
        capacity = Capacity(tmp_path, 1)
        assert capacity.holders() == ("another",)
        before_s = time.process_time()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(took(capacity, "me", []), 1.0)
        return time.process_time() - before_s

    with process(tmp_path, 1) as other:
        held(other)
        assert asyncio.run(wait()) < 0.2
        other.communicate("")
        asyncio.run(asyncio.wait_for(took(Capacity(tmp_path, 1), "me", []), 2.0))


def test_the_slot_of_a_process_that_was_killed_is_free_at_once(tmp_path: Path) -> None:
    with process(tmp_path, 1) as other:
        held(other)
        other.kill()
        other.wait()
        asyncio.run(asyncio.wait_for(took(Capacity(tmp_path, 1), "me", []), 2.0))


def test_nobody_waits_for_one_who_was_killed_while_waiting(tmp_path: Path) -> None:
    async def wait_behind() -> None:
        capacity = Capacity(tmp_path, 1)
        async with capacity.slot("first"):
            with process(tmp_path, 1) as other:
                while not list((tmp_path / "wait").iterdir()):  # noqa: ASYNC110  (another process makes it)
                    await asyncio.sleep(0.01)
                other.kill()
                other.wait()
        await asyncio.wait_for(took(capacity, "second", []), 2.0)
        assert list((tmp_path / "wait").iterdir()) == []

    asyncio.run(wait_behind())


def test_equals_are_served_in_the_order_of_coming(tmp_path: Path) -> None:
    capacity, log = Capacity(tmp_path, 1), list[str]()

    async def queue() -> None:
        async with capacity.slot("first"):
            waiting = []
            for name in ("a", "b", "c", "d"):
                waiting.append(asyncio.create_task(took(capacity, name, log)))
                await asyncio.sleep(0.01)
        await asyncio.wait_for(asyncio.gather(*waiting), 5)

    asyncio.run(queue())
    assert log == ["a", "b", "c", "d"]


def test_one_with_fewer_slots_goes_first(tmp_path: Path) -> None:
    capacity, log = Capacity(tmp_path, 2), list[str]()

    async def queue() -> None:
        async with capacity.slot("greedy"):
            async with capacity.slot("somebody"):
                waiting = []
                for name in ("greedy", "greedy", "modest"):
                    waiting.append(asyncio.create_task(took(capacity, name, log, 0.2)))
                    await asyncio.sleep(0.01)
            await asyncio.wait_for(asyncio.gather(*waiting), 5)

    asyncio.run(queue())
    assert log == ["modest", "greedy", "greedy"]


def test_who_stops_waiting_leaves_nothing_behind(tmp_path: Path) -> None:
    capacity, log = Capacity(tmp_path, 1), list[str]()

    async def give_up() -> None:
        async with capacity.slot("first"):
            waiting = asyncio.create_task(took(capacity, "impatient", log))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            assert list((tmp_path / "wait").iterdir()) == []
        await asyncio.wait_for(took(capacity, "next", log), 2)

    asyncio.run(give_up())
    assert log == ["next"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(Permanent, match="file"):
        asyncio.run(took(Capacity(tmp_path / "file", 1), "me", []))


class Counted:
    """Sandboxes that say how many there are at most. Implements `bot.ports.Sandboxes`."""

    isolation = Isolation.NONE
    enforced = ("nothing",)

    def __init__(self) -> None:
        self.now = self.most = 0

    async def build(self, recipe: Recipe) -> Built:
        return Built(recipe.key, "/env", True, 0.0, "")

    @asynccontextmanager
    async def start(self, key: str) -> AsyncIterator[Sandbox]:
        self.now += 1
        self.most = max(self.most, self.now)
        with ExitStack() as leaving:
            leaving.callback(lambda: setattr(self, "now", self.now - 1))
            yield None  # type: ignore[misc] # nobody looks at it


def test_shared_sandboxes_start_only_where_there_is_a_slot(tmp_path: Path) -> None:
    counted = Counted()
    shared = Shared(counted, Capacity(tmp_path, 2))

    async def use() -> None:
        async with shared.start("environment"):
            await asyncio.sleep(0.03)

    async def all_of_them() -> None:
        await asyncio.gather(*[use() for _ in range(6)])

    asyncio.run(all_of_them())
    assert (counted.now, counted.most) == (0, 2)
    assert (shared.isolation, shared.enforced) == (Isolation.NONE, ("nothing",))
