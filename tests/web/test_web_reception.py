"""What the webhook does with a real Redis: kept and rung in one write, known again, and 503 while Redis is away."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import dramatiq
import pytest
import redis
from web_world import ASKING, World, settings_for

from app import create_app
from bot.core.commands import InstallationChanged
from bot.core.errors import Transient
from bot.ports import Delivery
from bot.queue.broker import broker
from bot.queue.doorbell import DramatiqDoorbell
from bot.queue.names import DELIVERY
from bot.store.redis_client import connect
from bot.store.redis_inbox import RedisInbox
from bot.web.reception import InOneBreath, InTwoSteps, Reception
from redis_at_hand import redis_server

COMMAND = InstallationChanged(7, "ada", "created", added=("ada/shop",))


def delivery(id: str = "d-1") -> Delivery:
    return Delivery(id, "installation", COMMAND)


def reception(url: str, *, one_breath: bool = True) -> Reception:
    inbox, doorbell = RedisInbox(connect(url)), DramatiqDoorbell(broker(url))
    return InOneBreath(inbox, doorbell) if one_breath else InTwoSteps(inbox, doorbell)


def rung(url: str) -> list[str]:
    """What a worker would hear, in order."""
    consumer = broker(url).consume(DELIVERY, prefetch=100)
    heard = []
    while (message := next(consumer)) is not None:  # type: ignore[call-overload] # the library's consumer is untyped
        heard.append(message.args[0])
        consumer.ack(message)  # type: ignore[attr-defined] # as above
    return heard


@pytest.mark.parametrize("one_breath", [True, False])
def test_a_delivery_is_kept_and_rung_and_known_the_next_time(redis_url: str, one_breath: bool) -> None:
    at = reception(redis_url, one_breath=one_breath)

    assert [at.take_in(delivery()), at.take_in(delivery()), at.take_in(delivery("d-2"))] == [True, False, True]
    assert rung(redis_url) == ["d-1", "d-1", "d-2"]
    kept = RedisInbox(connect(redis_url)).take("d-1")
    assert kept is not None
    assert replace(kept, attempts=0) == delivery()


def test_a_redis_that_was_emptied_forgets_the_scripts_and_is_taught_them_again(
    redis_url: str, redis_client: redis.Redis
) -> None:
    at = reception(redis_url)
    at.take_in(delivery())
    redis_client.flushall()
    redis_client.script_flush()

    assert at.take_in(delivery("d-2")) is True
    assert rung(redis_url) == ["d-2"]


def test_a_connection_that_went_away_while_idle_loses_nothing(redis_url: str, redis_client: redis.Redis) -> None:
    at = reception(redis_url)
    at.take_in(delivery())
    redis_client.client_kill_filter(_type="normal", skipme=True)

    assert at.take_in(delivery("d-2")) is True
    assert rung(redis_url) == ["d-1", "d-2"]


def test_twenty_threads_with_one_delivery_keep_it_once(redis_url: str) -> None:
    at, news = reception(redis_url), []
    threads = [threading.Thread(target=lambda: news.append(at.take_in(delivery()))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(news) == [False] * 19 + [True]
    assert rung(redis_url) == ["d-1"] * 20


def test_a_redis_that_is_away_is_transient_and_works_again_when_it_is_back() -> None:
    with redis_server(durable=True) as server:
        at = reception(server.url)
        at.take_in(delivery())
        server.stop()
        with pytest.raises(Transient):
            at.take_in(delivery("d-2"))
        server.start()

        assert at.take_in(delivery("d-2")) is True
        assert at.take_in(delivery()) is False


def test_a_message_sent_this_way_is_like_dramatiqs_own(redis_url: str, redis_client: redis.Redis) -> None:
    reception(redis_url, one_breath=True).take_in(delivery("d-1"))
    reception(redis_url, one_breath=False).take_in(delivery("d-2"))

    found = redis_client.hvals(f"fixbugs-queue:{DELIVERY}.msgs")
    stored = [dramatiq.Message.decode(data) for data in found if isinstance(data, bytes)]
    ours, theirs = sorted(stored, key=lambda message: message.args)
    assert (ours.queue_name, ours.actor_name, ours.kwargs) == (theirs.queue_name, theirs.actor_name, theirs.kwargs)
    assert set(ours.options) == set(theirs.options)


def test_the_application_takes_deliveries_in_over_redis_and_says_503_while_it_is_away(tmp_path: Path) -> None:
    with redis_server(durable=True) as server:
        world = World(settings_for(tmp_path))
        world.app = create_app(replace(world.settings, redis_url=server.url))

        answers = [world.deliver(ASKING, id="d-1").get_json()["status"] for _ in range(2)]
        server.stop()
        away = world.deliver(ASKING, id="d-2").status_code
        not_ready = world.client.get("/readyz").status_code
        server.start()

        assert (answers, away, not_ready) == (["accepted", "known"], 503, 503)
        assert world.deliver(ASKING, id="d-2").get_json()["status"] == "accepted"
        assert rung(server.url) == ["d-1", "d-1", "d-2"]


def test_a_redis_that_hangs_is_told_before_the_forge_stops_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.redis_client.ANSWER_TIMEOUT_S", 1.0)
    with redis_server() as server:
        at = reception(server.url)
        at.take_in(delivery())
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(Transient):
            at.take_in(delivery("d-2"))

        assert time.monotonic() - started < 2 * 1.0
