"""Sources are asked side by side, each for a bounded time; what fails becomes a notice where it may."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.errors import Absent, FixbugsError, Permanent, Transient, Unauthorized
from bot.github.gathering.sources import Sources, together


async def says(word: str) -> str:
    return word


async def fails(error: Exception) -> str:
    raise error


def test_what_fails_becomes_a_notice_and_is_kept() -> None:
    async def asked() -> tuple[str | None, Sources]:
        sources = Sources()
        return await sources.useful(fails(Absent("It is gone.")), "The diff"), sources

    found, sources = asyncio.run(asked())
    assert found is None
    assert sources.notices == ["The diff could not be read: It is gone."]
    assert [type(failure) for failure in sources.failures] == [Absent]


def test_a_source_that_hangs_is_left() -> None:
    async def asked() -> list[str]:
        sources = Sources(limit_s=0.05)
        await sources.useful(asyncio.sleep(30), "The log")
        return sources.notices

    assert asyncio.run(asked()) == ["The log could not be read within 0 s."]


@pytest.mark.parametrize("error", [Unauthorized("key"), ValueError("ours")])
def test_a_bad_key_and_our_own_mistakes_are_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        asyncio.run(Sources().useful(fails(error), "The diff"))


def test_what_may_pass_is_raised_where_it_is_worth_another_try() -> None:
    async def asked(error: FixbugsError) -> str | None:
        return await Sources().useful(fails(error), "The comments", again=True)

    with pytest.raises(Transient):
        asyncio.run(asked(Transient("later")))
    assert asyncio.run(asked(Permanent("never"))) is None


def test_only_so_many_are_asked_at_once() -> None:
    busy: list[int] = []
    most: list[int] = []

    async def one() -> None:
        busy.append(1)
        most.append(len(busy))
        await asyncio.sleep(0.001)
        busy.pop()

    async def asked() -> None:
        sources = Sources(at_once=3)
        await asyncio.gather(*(sources.useful(one(), "It") for _ in range(20)))

    asyncio.run(asked())
    assert max(most) == 3


def test_side_by_side_the_first_error_cancels_the_others_and_is_raised_as_itself() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append("cancelled")

    with pytest.raises(Transient, match="later"):
        asyncio.run(together(waits(), fails(Transient("later"))))
    assert ended == ["cancelled"]
