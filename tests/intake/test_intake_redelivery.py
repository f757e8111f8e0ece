"""Webhooks that did not arrive are found with the forge and taken in, once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import redis

from bench.instant import START
from bot.core.commands import Labelled
from bot.core.errors import Absent, Forbidden, Permanent, Unauthorized
from bot.core.run import StageName
from bot.intake.redelivery import Redelivery
from bot.ports import Delivery, SentDelivery
from bot.store.redis_inbox import RedisInbox
from handlers import decide

LABELLED: dict[str, object] = {
    "action": "labeled",
    "installation": {"id": 7},
    "repository": {"full_name": "ada/shop"},
    "issue": {"number": 12},
    "label": {"name": "fixbugs"},
    "sender": {"login": "ada", "type": "User"},
}
NOW = START + timedelta(days=2)


class Clock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Sent:
    """What the forge says that it sent: "guid", minutes ago, payload (None: forgotten)."""

    payloads: list[tuple[str, float, object]]
    asked: list[int] = field(default_factory=list)
    refuses: bool = False
    ended_badly: bool = False

    async def deliveries(self, since: datetime) -> tuple[SentDelivery, ...]:
        if self.refuses:
            raise Unauthorized("The App's key was revoked.")
        listed = (
            SentDelivery(
                number, guid, "issues", NOW - timedelta(minutes=minutes), accepted=False, refused=self.ended_badly
            )
            for number, (guid, minutes, _) in enumerate(self.payloads)
        )
        return tuple(one for one in listed if one.at >= since)

    async def payload(self, id: int) -> object:
        self.asked.append(id)
        payload = self.payloads[id][2]
        if payload is None:
            raise Absent("It is forgotten.")
        if isinstance(payload, Exception):
            raise payload
        return payload


@dataclass
class Bell:
    rung: list[str] = field(default_factory=list)

    def stage(self, run_id: str, stage: StageName, delay_s: float = 0.0) -> None:
        raise AssertionError

    def notice(self, run_id: str, delay_s: float = 0.0) -> None:
        raise AssertionError

    def delivery(self, delivery_id: str, delay_s: float = 0.0) -> None:
        self.rung.append(delivery_id)


@dataclass
class World:
    inbox: RedisInbox
    bell: Bell = field(default_factory=Bell)

    def take_in(self, sent: Sent, look_back_s: float = 3600.0) -> int:
        return asyncio.run(Redelivery(sent, self.inbox, self.bell, Clock()).take_in(look_back_s))


@pytest.fixture
def world(redis_client: redis.Redis) -> World:
    return World(RedisInbox(redis_client))


def test_a_delivery_that_never_arrived_is_taken_in_and_rung_for(world: World) -> None:
    taken = world.take_in(Sent([("g1", 5, LABELLED)]))
    kept = world.inbox.take("g1")

    assert taken == 1
    assert world.bell.rung == ["g1"]
    assert kept is not None
    assert isinstance(kept.command, Labelled)
    assert kept.command.number == 12


def test_the_oldest_is_taken_in_first(world: World) -> None:
    world.take_in(Sent([("new", 5, LABELLED), ("old", 50, LABELLED)]))

    assert world.bell.rung == ["old", "new"]


def test_one_that_cannot_be_read_keeps_no_later_one_waiting(world: World) -> None:
    sent = Sent([("g1", 9, Permanent("It is larger than we read.")), ("g2", 5, LABELLED)])

    assert world.take_in(sent) == 1
    assert world.bell.rung == ["g2"]
    assert world.inbox.known("g1")


def test_a_forge_that_forbids_to_look_is_told_as_it_is_and_nothing_is_forgotten(world: World) -> None:
    with pytest.raises(Forbidden):
        world.take_in(Sent([("g1", 9, Forbidden("The App may not."))]))
    assert not world.inbox.known("g1")


def test_a_delivery_sent_several_times_is_taken_in_once(world: World) -> None:
    assert world.take_in(Sent([("g1", 5, LABELLED), ("g1", 9, LABELLED)])) == 1


def test_what_the_inbox_knows_is_not_even_asked_for(world: World) -> None:
    sent = Sent([("g1", 5, LABELLED), ("g2", 6, LABELLED)])
    command = Delivery("g1", "issues", _command())
    world.inbox.accept(command)
    world.inbox.ignore("g2")

    assert world.take_in(sent) == 0
    assert sent.asked == []


@pytest.mark.parametrize("payload", [{**LABELLED, "action": "pinned"}, {"action": "labeled"}, [], None])
def test_what_asks_for_nothing_is_remembered_so_that_it_is_asked_for_once(world: World, payload: object) -> None:
    sent = Sent([("g1", 5, payload)])

    assert [world.take_in(sent), world.take_in(sent)] == [0, 0]
    assert sent.asked == [0]
    assert world.bell.rung == []


def test_one_that_may_still_be_on_its_way_is_left_alone(world: World) -> None:
    assert world.take_in(Sent([("g1", 0.1, LABELLED)])) == 0


def test_one_that_was_refused_is_not_waited_for(world: World) -> None:
    assert world.take_in(Sent([("g1", 0.1, LABELLED)], ended_badly=True)) == 1


def test_it_looks_back_as_far_as_it_is_told(world: World) -> None:
    assert world.take_in(Sent([("g1", 90, LABELLED)]), look_back_s=3600.0) == 0
    assert world.take_in(Sent([("g1", 90, LABELLED)]), look_back_s=7200.0) == 1


def test_a_forge_that_refuses_is_told_as_it_is(world: World) -> None:
    with pytest.raises(Unauthorized, match="revoked"):
        world.take_in(Sent([], refuses=True))


def _command() -> Labelled:
    command = decide("issues", LABELLED)
    assert isinstance(command, Labelled)
    return command
