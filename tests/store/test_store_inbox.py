"""The inbox in Redis: every command is carried out, once, whatever happens to who took it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from bot.core.commands import Ask, Instructed
from bot.core.forge import Actor, Place
from bot.ports import Delivery
from bot.store.redis_client import connect
from bot.store.redis_inbox import HELD_S, RedisInbox

COMMAND = Instructed(Place(1, "ada/shop"), 12, False, Actor("ada"), Ask.FIX, "only the \udcff parser", 77)


@pytest.fixture
def inbox(redis_client: redis.Redis) -> RedisInbox:
    return RedisInbox(redis_client)


def delivery(delivery_id: str = "d1") -> Delivery:
    return Delivery(delivery_id, "issue_comment", COMMAND)


def lapse(client: redis.Redis, delivery_id: str = "d1") -> None:
    """As if whoever took it did so more than a minute ago."""
    client.hset(f"fixbugs:delivery:{delivery_id}", "held", time.time() - 1)
    client.zadd("fixbugs:inbox", {delivery_id: time.time() - 1})


def test_a_delivery_is_accepted_once_and_taken_as_it_was(inbox: RedisInbox) -> None:
    assert inbox.accept(delivery())
    assert not inbox.accept(delivery())
    assert inbox.take("d1") == Delivery("d1", "issue_comment", COMMAND, attempts=1)


def test_a_delivery_waits_at_once_for_whoever_comes(inbox: RedisInbox) -> None:
    inbox.accept(delivery("d1"))
    inbox.accept(delivery("d2"))

    assert inbox.due() == ("d1", "d2")


def test_a_delivery_that_somebody_holds_is_neither_due_nor_to_be_had(inbox: RedisInbox) -> None:
    inbox.accept(delivery())
    inbox.take("d1")

    assert inbox.take("d1") is None
    assert inbox.due() == ()


def test_a_delivery_whose_holder_died_is_due_again_and_counts_its_attempts(
    inbox: RedisInbox, redis_client: redis.Redis
) -> None:
    inbox.accept(delivery())
    inbox.take("d1")
    lapse(redis_client)

    assert inbox.due() == ("d1",)
    again = inbox.take("d1")
    assert again is not None
    assert again.attempts == 2


def test_a_delivery_is_held_for_a_minute(inbox: RedisInbox, redis_client: redis.Redis) -> None:
    inbox.accept(delivery())
    before = time.time()
    inbox.take("d1")

    assert redis_client.zscore("fixbugs:inbox", "d1") == pytest.approx(before + HELD_S, abs=2)


def test_a_delivery_that_was_given_back_is_due_after_its_delay(inbox: RedisInbox) -> None:
    inbox.accept(delivery())
    inbox.take("d1")
    inbox.give_back("d1", 0.5)

    assert inbox.due() == ()
    time.sleep(0.6)
    assert inbox.due() == ("d1",)
    assert inbox.take("d1") is not None


def test_what_was_done_does_not_come_back(inbox: RedisInbox) -> None:
    inbox.accept(delivery())
    inbox.take("d1")
    inbox.done("d1")
    inbox.done("d1")
    inbox.give_back("d1", 0.0)

    assert inbox.take("d1") is None
    assert inbox.due() == ()
    assert inbox.known("d1")
    assert not inbox.accept(delivery())


def test_a_delivery_that_was_never_accepted_cannot_be_taken(inbox: RedisInbox) -> None:
    assert inbox.take("d9") is None
    assert not inbox.known("d9")


def test_an_ignored_delivery_is_known_and_no_longer_accepted(inbox: RedisInbox) -> None:
    inbox.ignore("d1")

    assert inbox.known("d1")
    assert not inbox.accept(delivery())
    assert inbox.due() == ()


def test_ignoring_an_accepted_delivery_loses_nothing(inbox: RedisInbox) -> None:
    inbox.accept(delivery())
    inbox.ignore("d1")

    assert inbox.take("d1") is not None


def test_a_delivery_is_remembered_for_ten_days(inbox: RedisInbox, redis_client: redis.Redis) -> None:
    inbox.accept(delivery())

    assert 9.9 < redis_client.ttl("fixbugs:seen:d1") / 86_400 <= 10


def test_a_command_of_another_version_is_forgotten_so_that_it_can_be_sent_again(
    inbox: RedisInbox, redis_client: redis.Redis
) -> None:
    inbox.accept(delivery())
    redis_client.hset("fixbugs:delivery:d1", "command", b"of another version")

    assert inbox.take("d1") is None
    assert inbox.due() == ()
    assert not inbox.known("d1")
    assert inbox.accept(delivery())


@pytest.mark.parametrize("what", ["accept", "take"])
def test_of_many_at_once_one_gets_it(redis_url: str, inbox: RedisInbox, what: str) -> None:
    gate = threading.Barrier(12)
    if what == "take":
        inbox.accept(delivery())

    def one(_: int) -> bool:
        with connect(redis_url) as client:
            mine = RedisInbox(client)
            client.ping()
            gate.wait(10)
            return mine.accept(delivery()) if what == "accept" else mine.take("d1") is not None

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(one, range(12))) == 1
