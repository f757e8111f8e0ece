"""The register in Redis: one run per thread, fair admission, and runs that stop counting when they end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
import redis
from store_worlds import RedisWorld

from bench import instant
from bot.core.artifacts import Publication
from bot.core.errors import Permanent
from bot.core.forge import Origin, Place
from bot.core.outcomes import Advance, GiveUp, StageState
from bot.core.run import Run, StageName, Verdict
from bot.ports import Opened, Opening
from bot.store.admission import Home, Waiting
from bot.store.redis_client import connect
from bot.store.redis_register import RedisRegister
from bot.store.redis_store import RedisStore
from bot.store.transitions import QUIET_S

SHOP = Place(1, "Ada/Shop")
STAGES = tuple(StageName)


def run_of(run_id: str, number: int = 12, place: Place = SHOP) -> Run:
    return replace(instant.run(run_id=run_id), origin=Origin(place, number))


@dataclass
class Office:
    """A register and a store over the same Redis."""

    client: redis.Redis

    def __post_init__(self) -> None:
        self.register = RedisRegister(self.client)
        self.store = RedisStore(self.client)

    async def open(self, run: Run, meaning: str = "") -> Opened:
        return await self.register.open(run, STAGES, meaning=meaning)

    async def end(self, run_id: str) -> None:
        await self.store.give_up(run_id, GiveUp(Verdict.STOPPED, "stopped"))
        claim = await self.store.claim(run_id, StageName.PUBLICATION, 30)
        assert claim is not None
        done = replace((await self.store.load(run_id)).stage(StageName.PUBLICATION), state=StageState.DONE)
        assert await self.store.finish(claim, done, Advance(Publication(())), ())


@pytest.fixture
def office(redis_client: redis.Redis) -> Office:
    return Office(redis_client)


def at_once(redis_url: str, times: int, work: Callable[[redis.Redis, int], object]) -> list[object]:
    """What `work` returns in so many threads that begin together, each with a connection of its own."""
    gate = threading.Barrier(times)

    def one(number: int) -> object:
        with connect(redis_url) as client:
            client.ping()
            gate.wait(10)
            return work(client, number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


# ------------------------------------------------------------------ opening


def test_an_opened_run_waits_and_cannot_be_worked_on_yet(office: Office) -> None:
    async def scenario() -> None:
        assert await office.open(run_of("r1")) == Opened("r1", Opening.CREATED)
        record = await office.store.load("r1")
        assert record.run == run_of("r1")
        assert record.started_at is None
        assert await office.store.claim("r1", StageName.GATHER, 30) is None
        assert await office.register.ahead("r1") == 0

    asyncio.run(scenario())


def test_a_second_run_in_a_thread_joins_the_first_until_that_ends(office: Office) -> None:
    async def scenario() -> None:
        await office.open(run_of("r1"))
        assert await office.open(run_of("r2")) == Opened("r1", Opening.JOINED)
        with pytest.raises(Permanent, match="no run r2"):
            await office.store.load("r2")
        assert await office.register.current("ada/shop#12") == "r1"
        await office.end("r1")
        assert await office.register.current("ada/shop#12") is None
        assert await office.register.latest("ada/shop#12") == "r1"
        assert await office.open(run_of("r3")) == Opened("r3", Opening.CREATED)
        assert await office.register.latest("ada/shop#12") == "r3"

    asyncio.run(scenario())


def test_a_thread_is_the_same_whatever_case_its_repository_is_written_in(office: Office) -> None:
    async def scenario() -> Opened:
        await office.open(run_of("r1"))
        return await office.open(run_of("r2", place=Place(1, "ADA/shop")))

    assert asyncio.run(scenario()) == Opened("r1", Opening.JOINED)


def test_the_same_meaning_is_not_asked_twice_even_after_the_run_ended(office: Office) -> None:
    async def scenario() -> None:
        await office.open(run_of("r1"), "label: it crashes")
        await office.end("r1")
        assert await office.open(run_of("r2"), "label: it crashes") == Opened("r1", Opening.REPEATED)
        assert await office.open(run_of("r3"), "label: it crashes, edited") == Opened("r3", Opening.CREATED)

    asyncio.run(scenario())


def test_runs_without_a_meaning_are_never_the_same(office: Office) -> None:
    async def scenario() -> Opened:
        await office.open(run_of("r1"))
        await office.end("r1")
        return await office.open(run_of("r2"))

    assert asyncio.run(scenario()).how is Opening.CREATED


def test_opening_the_very_same_run_again_changes_nothing(office: Office) -> None:
    async def scenario() -> None:
        await office.open(run_of("r1"), "meaning")
        await office.register.admit()
        assert await office.open(run_of("r1"), "meaning") == Opened("r1", Opening.CREATED)
        assert (await office.store.load("r1")).started_at is not None
        assert await office.register.admit() == ()

    asyncio.run(scenario())


def test_runs_without_a_thread_do_not_join(office: Office) -> None:
    async def scenario() -> None:
        await office.open(instant.run(run_id="r1"))
        assert (await office.open(instant.run(run_id="r2"))).how is Opening.CREATED
        assert await office.register.admit() == ("r1", "r2")

    asyncio.run(scenario())


def test_twenty_who_open_one_thread_at_once_get_one_run(office: Office, redis_url: str) -> None:
    def work(client: redis.Redis, number: int) -> object:
        return asyncio.run(RedisRegister(client).open(run_of(f"r{number}"), STAGES, meaning=""))

    found = [opened for opened in at_once(redis_url, 20, work) if isinstance(opened, Opened)]

    assert len(found) == 20
    assert len({opened.run_id for opened in found}) == 1
    assert sorted(opened.how.value for opened in found) == ["created"] + ["joined"] * 19
    assert len(list(office.client.scan_iter("fixbugs:run:*"))) == 1


def test_what_is_opened_meanwhile_is_going_on_and_not_answered_before(office: Office, redis_url: str) -> None:
    def work(client: redis.Redis, number: int) -> object:
        register = RedisRegister(client)
        opening = [
            register.open(run_of(f"r{number}-{issue}", issue), STAGES, meaning=f"m{issue}") for issue in range(40)
        ]

        async def scenario() -> list[Opened]:
            return [await one for one in opening]

        return asyncio.run(scenario())

    found = [one for opened in at_once(redis_url, 6, work) if isinstance(opened, list) for one in opened]

    assert {opened.how for opened in found} == {Opening.CREATED, Opening.JOINED}


def test_twenty_who_open_one_meaning_in_twenty_threads_at_once_get_one_run(office: Office, redis_url: str) -> None:
    def work(client: redis.Redis, number: int) -> object:
        return asyncio.run(RedisRegister(client).open(run_of(f"r{number}", number), STAGES, meaning="head 4f0c2a9"))

    found = [opened for opened in at_once(redis_url, 20, work) if isinstance(opened, Opened)]

    assert len({opened.run_id for opened in found}) == 1
    assert len(list(office.client.scan_iter("fixbugs:run:*"))) == 1


def test_runs_that_open_start_and_end_side_by_side_leave_nothing_open_and_never_two_in_a_thread(
    office: Office, redis_url: str
) -> None:
    def work(client: redis.Redis, worker: int) -> list[str]:
        own = Office(client)

        async def scenario() -> list[str]:
            created = []
            for turn in range(12):
                opened = await own.open(run_of(f"r{worker}-{turn}", turn % 2))
                await own.register.admit()
                if opened.how is Opening.CREATED:
                    assert await own.register.current(f"ada/shop#{turn % 2}") == opened.run_id
                    created.append(opened.run_id)
                    await own.end(opened.run_id)
            return created

        return asyncio.run(scenario())

    created = [run_id for found in at_once(redis_url, 6, work) if isinstance(found, list) for run_id in found]

    assert len(created) > 2
    assert len(list(office.client.scan_iter("fixbugs:run:*"))) == len(created) == len(set(created))
    for left in ("waiting", "active", "homes", "due", "thread:ada/shop#0", "thread:ada/shop#1"):
        assert not office.client.exists(f"fixbugs:{left}"), left


# ---------------------------------------------------------------- admitting


def test_an_admitted_run_has_started_and_is_named_once(office: Office) -> None:
    async def scenario() -> None:
        await office.open(run_of("r1"))
        assert await office.register.admit() == ("r1",)
        assert await office.register.admit() == ()
        assert (await office.store.load("r1")).started_at is not None
        assert await office.register.ahead("r1") is None
        assert await office.store.claim("r1", StageName.GATHER, 30) is not None

    asyncio.run(scenario())


def test_the_run_of_another_repository_starts_next_though_fifty_wait(office: Office) -> None:
    async def scenario() -> None:
        for number in range(50):
            await office.open(run_of(f"shop{number}", number))
        assert await office.register.admit() == ("shop0", "shop1")
        await office.open(run_of("other", 1, Place(2, "bob/fork")))
        assert await office.register.ahead("other") == 0
        assert await office.register.ahead("shop2") == 1
        assert await office.register.admit() == ("other",)
        await office.end("shop0")
        assert await office.register.admit() == ("shop2",)

    asyncio.run(scenario())


def test_a_run_that_ended_makes_room(office: Office) -> None:
    async def scenario() -> None:
        for number in range(5):
            await office.open(run_of(f"r{number}", 1, Place(number, f"ada/shop{number}")))
        assert await office.register.admit() == ("r0", "r1", "r2", "r3")
        assert await office.register.admit() == ()
        await office.end("r2")
        assert await office.register.admit() == ("r4",)

    asyncio.run(scenario())


def test_many_who_admit_at_once_never_pass_the_limits(office: Office, redis_url: str) -> None:
    async def fill() -> None:
        for number in range(30):
            await office.open(run_of(f"r{number}", number, Place(number % 7, f"ada/shop{number % 7}")))

    def work(client: redis.Redis, _: int) -> object:
        return asyncio.run(RedisRegister(client, active=5, per_repository=1).admit())

    asyncio.run(fill())
    admitted = [run_id for found in at_once(redis_url, 8, work) if isinstance(found, tuple) for run_id in found]

    assert len(admitted) == len(set(admitted)) == 5


class Overtaken(RedisRegister):
    """Somebody else admits just after it has read who waits."""

    others: tuple[str, ...] = ()

    def _queue(self, client: redis.Redis) -> tuple[list[Waiting], list[Home]]:
        seen = super()._queue(client)
        if not self.others:
            self.others = asyncio.run(RedisRegister(self._client).admit())
        return seen


def test_one_who_is_overtaken_while_admitting_admits_nobody_twice(office: Office) -> None:
    slow = Overtaken(office.client)

    async def scenario() -> None:
        for number in range(3):
            await office.open(run_of(f"r{number}", number))
        assert await slow.admit() == ()
        assert slow.others == ("r0", "r1")

    asyncio.run(scenario())


def test_an_admitted_run_whose_doorbell_was_lost_is_overdue(office: Office) -> None:
    world = RedisWorld(office.client)

    async def scenario() -> None:
        await office.open(run_of("r1"))
        world.pass_s(10 * QUIET_S)
        assert await office.store.overdue() == ()  # it waits, and is nobody's to look after
        await office.register.admit()
        world.pass_s(QUIET_S + 1)
        assert await office.store.overdue() == ("r1",)

    asyncio.run(scenario())


def test_a_run_that_is_stopped_while_it_waits_waits_no_longer_and_its_verdict_can_be_written(office: Office) -> None:
    world = RedisWorld(office.client)

    async def scenario() -> None:
        await office.open(run_of("r1"))
        await office.store.give_up("r1", GiveUp(Verdict.STOPPED, "stopped"))
        assert await office.register.ahead("r1") is None
        assert await office.register.admit() == ()
        world.pass_s(QUIET_S + 1)
        assert await office.store.overdue() == ("r1",)
        await office.end("r1")
        assert await office.register.current("ada/shop#12") is None

    asyncio.run(scenario())


def test_what_goes_on_in_an_installation_is_listed(office: Office) -> None:
    async def scenario() -> None:
        await office.open(run_of("r1", 1))
        await office.open(run_of("r2", 1, Place(1, "ada/cafe")))
        await office.open(run_of("r3", 1, Place(2, "bob/fork")))
        await office.register.admit()
        await office.open(run_of("r4", 2))
        assert await office.register.going_on(1) == ("r1", "r2", "r4")
        assert await office.register.going_on(1, ["ada/SHOP"]) == ("r1", "r4")
        await office.end("r1")
        assert await office.register.going_on(1) == ("r2", "r4")
        assert await office.register.going_on(3) == ()

    asyncio.run(scenario())


# ------------------------------------------------- pull requests, installations


def test_a_pull_request_of_ours_is_known_with_its_newest_run_and_outcome(office: Office) -> None:
    async def scenario() -> None:
        assert await office.register.run_of_pull(SHOP, 7) is None
        await office.register.set_pull("r1", SHOP, 7)
        await office.register.set_pull("r2", Place(1, "ada/shop"), 7)
        assert await office.register.run_of_pull(SHOP, 7) == "r2"
        assert await office.register.outcome(SHOP, 7) is None
        await office.register.set_outcome(SHOP, 7, accepted=True)
        assert await office.register.outcome(SHOP, 7) is True

    asyncio.run(scenario())


def test_an_installation_is_known_once_we_heard_of_it_and_gone_once_it_was_removed(office: Office) -> None:
    async def scenario() -> None:
        register = office.register
        assert await register.installed(1) is None
        await register.set_installed(1, ["ada/shop", "ada/cafe"], installed=True)
        await register.set_installed(1, ["ada/cafe"], installed=False)
        assert await register.installed(1) is True
        assert await register.repositories(1) == ("ada/shop",)
        await register.set_installed(1, [], installed=False)
        assert await register.installed(1) is False
        assert await register.repositories(1) == ()
        await register.set_installed(1, [], installed=True)
        assert await register.installed(1) is True

    asyncio.run(scenario())


# ------------------------------------------------------------ once and alone


def test_only_the_first_is_the_first_within_its_time(office: Office) -> None:
    async def scenario() -> None:
        assert await office.register.first("refused ada", 0.5)
        assert not await office.register.first("refused ada", 0.5)
        assert await office.register.first("refused bob", 0.5)
        await asyncio.sleep(0.6)
        assert await office.register.first("refused ada", 0.5)

    asyncio.run(scenario())


def test_counting_starts_again_after_its_time(office: Office) -> None:
    async def scenario() -> None:
        assert [await office.register.count("branch", 0.5) for _ in range(3)] == [1, 2, 3]
        await asyncio.sleep(0.6)
        assert await office.register.count("branch", 0.5) == 1

    asyncio.run(scenario())


def test_no_two_are_alone_at_once(office: Office, redis_url: str) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(client: redis.Redis, number: int) -> object:
        async def enter() -> None:
            async with RedisRegister(client).alone("notice:r1", 5):
                inside.append(number)
                most.append(len(inside))
                await asyncio.sleep(0.005)
                inside.remove(number)

        return asyncio.run(enter())

    at_once(redis_url, 8, work)

    assert most == [1] * 8


def test_a_lock_lasts_as_long_as_its_block_though_that_is_longer_than_its_lease(office: Office) -> None:
    async def scenario() -> list[str]:
        said: list[str] = []

        async def other() -> None:
            async with office.register.alone("key", 0.6):
                said.append("other")

        async with office.register.alone("key", 0.6):
            waiting = asyncio.create_task(other())
            await asyncio.sleep(1.5)
            said.append("first")
        await waiting
        return said

    assert asyncio.run(scenario()) == ["first", "other"]


def test_a_holder_that_died_keeps_the_lock_for_its_lease_and_no_longer(office: Office) -> None:
    office.client.set("fixbugs:alone:key", "a dead holder's token", px=1000)

    async def scenario() -> float:
        began = time.monotonic()
        async with office.register.alone("key", 5):
            return time.monotonic() - began

    assert 0.1 < asyncio.run(scenario()) < 4


def test_one_who_lost_the_lock_does_not_free_it_for_its_new_holder(office: Office) -> None:
    async def scenario() -> bytes | str | None:
        async with office.register.alone("key", 5):
            office.client.set("fixbugs:alone:key", "a new holder's token")
        return office.client.get("fixbugs:alone:key")

    assert asyncio.run(scenario()) == b"a new holder's token"


def test_an_error_inside_frees_the_lock_and_comes_through(office: Office) -> None:
    async def scenario() -> None:
        async with office.register.alone("key", 60):
            raise Permanent("no")

    with pytest.raises(Permanent, match="no"):
        asyncio.run(scenario())
    assert office.client.get("fixbugs:alone:key") is None


def test_one_who_is_cancelled_while_it_gets_the_lock_leaves_none_behind(office: Office) -> None:
    async def enter() -> None:
        async with office.register.alone("key", 60):
            await asyncio.sleep(60)

    async def scenario() -> None:
        office.client.client_pause(150)  # Redis answers nobody for so many milliseconds
        entering = asyncio.create_task(enter())
        await asyncio.sleep(0.05)
        entering.cancel()
        await asyncio.gather(entering, return_exceptions=True)

    asyncio.run(scenario())
    assert office.client.get("fixbugs:alone:key") is None


def test_one_who_is_cancelled_while_waiting_leaves_no_lock_behind(office: Office) -> None:
    async def wait() -> None:
        async with office.register.alone("key", 60):
            raise AssertionError("the lock is somebody's")

    async def scenario() -> None:
        office.client.set("fixbugs:alone:key", "somebody's token")
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        office.client.delete("fixbugs:alone:key")
        await asyncio.sleep(0.1)

    asyncio.run(scenario())
    assert office.client.get("fixbugs:alone:key") is None
