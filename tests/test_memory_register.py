"""The register that other tests use keeps the port's promises."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from bench import instant
from bot.core.artifacts import Publication
from bot.core.forge import Origin, Place
from bot.core.outcomes import Advance, GiveUp, StageState
from bot.core.run import StageName, Verdict
from bot.local.clock import SystemClock
from bot.ports import Opened, Opening
from bot.store.memory import MemoryStore
from memory_register import MemoryRegister

SHOP = Place(1, "ada/shop")


@dataclass
class Clock(SystemClock):
    since_s: float = 100.0

    def monotonic(self) -> float:
        return self.since_s


class Office:
    def __init__(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock)
        self.register = MemoryRegister(self.store, self.clock)

    async def open(self, run_id: str, number: int, *, meaning: str = "", place: Place = SHOP) -> Opened:
        run = replace(instant.run(run_id=run_id), origin=Origin(place, number))
        return await self.register.open(run, tuple(StageName), meaning=meaning)

    async def end(self, run_id: str) -> None:
        await self.store.give_up(run_id, GiveUp(Verdict.STOPPED, "stopped"))
        claim = await self.store.claim(run_id, StageName.PUBLICATION, 30)
        assert claim is not None
        done = replace((await self.store.load(run_id)).stage(StageName.PUBLICATION), state=StageState.DONE)
        assert await self.store.finish(claim, done, Advance(Publication(())), ())


def test_a_thread_has_one_run_at_a_time_and_a_meaning_one_for_ever() -> None:
    async def story() -> None:
        office = Office()
        assert (await office.open("r1", 12, meaning="m")).how is Opening.CREATED
        assert await office.open("r2", 12) == Opened("r1", Opening.JOINED)
        await office.end("r1")
        assert await office.open("r3", 12, meaning="m") == Opened("r1", Opening.REPEATED)
        assert (await office.open("r4", 12)).how is Opening.CREATED
        assert await office.register.latest("ada/shop#12") == "r4"
        assert await office.register.going_on(1) == ("r4",)

    asyncio.run(story())


def test_one_repository_with_many_bugs_does_not_starve_another() -> None:
    async def story() -> None:
        office = Office()
        for number in range(5):
            await office.open(f"many{number}", number)
        await office.open("one", 1, place=Place(2, "eve/cart"))
        assert await office.register.ahead("one") == 5
        assert await office.register.admit() == ("many0", "one", "many1")
        assert await office.register.ahead("one") is None
        await office.end("many0")
        assert await office.register.admit() == ("many2",)

    asyncio.run(story())


def test_what_is_counted_is_forgotten_after_its_time() -> None:
    async def story() -> None:
        office = Office()
        assert [await office.register.first("k", 10), await office.register.first("k", 10)] == [True, False]
        assert [await office.register.count("c", 10), await office.register.count("c", 10)] == [1, 2]
        office.clock.since_s += 11
        assert await office.register.first("k", 10)
        assert await office.register.count("c", 10) == 1

    asyncio.run(story())


def test_one_is_alone_inside_a_block_until_its_lease_ends() -> None:
    async def story() -> None:
        office = Office()
        inside = most = 0

        async def enter() -> None:
            nonlocal inside, most
            async with office.register.alone("k", 10):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(enter() for _ in range(5)))
        assert most == 1
        await office.register.alone("k", 10).__aenter__()  # and dies
        office.clock.since_s += 11
        await asyncio.wait_for(enter(), 1)

    asyncio.run(story())


def test_installations_are_known_as_they_were_told() -> None:
    async def story() -> None:
        register = Office().register
        assert await register.installed(1) is None
        await register.set_installed(1, ("ada/shop",), installed=True)
        assert await register.installed(1) is True
        await register.set_installed(1, ("ada/shop",), installed=False)
        assert await register.installed(1) is True
        await register.set_installed(1, (), installed=False)
        assert await register.installed(1) is False

    asyncio.run(story())
