"""What only the store in Redis promises: it survives its users and itself, and says clearly when it cannot answer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import pytest
import redis
from store_worlds import RedisWorld

import builders
from bench import instant
from bot.core.artifacts import Publication
from bot.core.commands import ThreadClosed
from bot.core.errors import InputError, Permanent, Transient
from bot.core.forge import Actor, Origin, Place
from bot.core.outcomes import Advance, GiveUp, StageState
from bot.core.run import StageName, Verdict
from bot.core.testing import Collection, Isolation, Outcome, TestResult, TestRun
from bot.driver import drive
from bot.ports import Claim, Delivery
from bot.store.codec import Unreadable
from bot.store.redis_inbox import RedisInbox
from bot.store.redis_register import RedisRegister
from bot.store.redis_store import RedisStore, connect
from bot.store.transitions import LOOK_S, QUIET_S
from redis_at_hand import RedisAtHand, redis_server

T = TypeVar("T")
STAGES = tuple(StageName)
PUBLISHED = Advance(Publication(()))
COMMAND = ThreadClosed(Place(1, "ada/shop"), 12, False, Actor("ada"))


@pytest.fixture
def store(redis_client: redis.Redis) -> RedisStore:
    return RedisStore(redis_client)


def at_once(redis_url: str, times: int, work: Callable[[RedisStore, int], T]) -> list[T]:
    """What `work` returns in so many threads that begin together, each with a connection of its own."""
    gate = threading.Barrier(times)

    def one(number: int) -> T:
        with connect(redis_url) as client:
            client.ping()
            gate.wait(10)
            return work(RedisStore(client), number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


async def finish(store: RedisStore, claim: Claim, state: StageState = StageState.DONE) -> bool:
    record = replace((await store.load(claim.run_id)).stage(claim.stage), state=state)
    return await store.finish(claim, record, PUBLISHED, ())


# -------------------------------------------------------------------- races


def test_of_ten_claims_at_once_one_is_granted(store: RedisStore, redis_url: str) -> None:
    asyncio.run(store.create(instant.run(), STAGES))

    claims = at_once(redis_url, 10, lambda own, _: asyncio.run(own.claim("r1", StageName.GATHER, 30)))

    assert len([claim for claim in claims if claim is not None]) == 1
    assert asyncio.run(store.load("r1")).stage(StageName.GATHER).attempts == 1


def test_stages_that_end_at_once_all_keep_what_they_made(store: RedisStore, redis_url: str) -> None:
    names = [StageName.GATHER, StageName.ENVIRONMENT, StageName.ANALYSIS, StageName.ROOT_CAUSE]
    asyncio.run(store.create(instant.run(), STAGES))

    def work(own: RedisStore, number: int) -> bool:
        async def stage() -> bool:
            claim = await own.claim("r1", names[number], 30)
            assert claim is not None
            await own.found("r1", names[number], f"finding {number}")
            await own.remember("r1", f"memo {number}", "done")
            return await finish(own, claim)

        return asyncio.run(stage())

    assert at_once(redis_url, 4, work) == [True] * 4
    record = asyncio.run(store.load("r1"))
    assert len(record.artifacts) == 4
    assert {record.stage(name).state for name in names} == {StageState.DONE}
    assert [record.stage(name).finding for name in names] == [f"finding {number}" for number in range(4)]


def test_a_stop_and_the_last_finish_at_once_leave_one_verdict(store: RedisStore, redis_url: str) -> None:
    names = (StageName.GATHER, StageName.PUBLICATION)
    asyncio.run(store.create(instant.run(), names))
    claim = asyncio.run(store.claim("r1", StageName.GATHER, 30))
    assert claim is not None

    def work(own: RedisStore, number: int) -> bool:
        if number:
            asyncio.run(own.give_up("r1", GiveUp(Verdict.STOPPED, "stopped")))
            return True
        return asyncio.run(finish(own, claim))

    assert at_once(redis_url, 2, work) == [True, True]
    record = asyncio.run(store.load("r1"))
    assert (record.verdict, record.give_up is None) in [(Verdict.FIXED, True), (Verdict.STOPPED, False)]
    assert len(record.artifacts) == 1


def test_an_overdue_run_is_named_to_one_of_many_sweepers(store: RedisStore, redis_url: str) -> None:
    asyncio.run(store.create(instant.run(), STAGES))
    RedisWorld(store._client).pass_s(QUIET_S + 1)

    found = at_once(redis_url, 6, lambda own, _: asyncio.run(own.overdue()))

    assert sorted(map(len, found)) == [0, 0, 0, 0, 0, 1]


def test_renewing_and_claiming_side_by_side_loses_no_lease(store: RedisStore, redis_url: str) -> None:
    asyncio.run(store.create(instant.run(), STAGES))

    def work(own: RedisStore, number: int) -> bool:
        async def keep() -> bool:
            claim = await own.claim("r1", STAGES[number], 30)
            assert claim is not None
            return all([await own.renew(claim, 30) for _ in range(20)])

        return asyncio.run(keep())

    assert at_once(redis_url, 4, work) == [True] * 4


# ------------------------------------------------------------- a whole run


def test_a_whole_run_goes_through_redis_and_comes_out_fixed(store: RedisStore) -> None:
    deps = replace(instant.deps(), store=store)

    record = asyncio.run(drive(deps, instant.run()))

    assert record.verdict is Verdict.FIXED
    assert asyncio.run(store.load("r1")) == record


def test_a_run_that_ended_is_kept_for_thirty_days(store: RedisStore, redis_client: redis.Redis) -> None:
    asyncio.run(store.create(instant.run(), STAGES))
    assert redis_client.ttl("fixbugs:run:r1") == -1

    asyncio.run(store.give_up("r1", GiveUp(Verdict.STOPPED, "stopped")))
    claim = asyncio.run(store.claim("r1", StageName.PUBLICATION, 30))
    assert claim is not None
    asyncio.run(finish(store, claim))

    assert 29.9 < redis_client.ttl("fixbugs:run:r1") / 86_400 <= 30
    asyncio.run(store.remember("r1", "late", "1"))
    assert redis_client.ttl("fixbugs:run:r1") > 0


def test_a_run_that_ended_leaves_nothing_else_behind(store: RedisStore, redis_client: redis.Redis) -> None:
    run = replace(instant.run(), origin=Origin(Place(1, "ada/shop"), 12))
    register = RedisRegister(redis_client)

    async def scenario() -> None:
        await register.open(run, STAGES, meaning="")
        await register.admit()
        await store.give_up("r1", GiveUp(Verdict.STOPPED, "stopped"))
        claim = await store.claim("r1", StageName.PUBLICATION, 30)
        assert claim is not None
        await finish(store, claim)

    asyncio.run(scenario())
    assert sorted(redis_client.scan_iter("*")) == [b"fixbugs:latest:ada/shop#12", b"fixbugs:numbers", b"fixbugs:run:r1"]
    assert redis_client.ttl("fixbugs:latest:ada/shop#12") > 0


def test_two_namespaces_do_not_see_each_other(store: RedisStore, redis_client: redis.Redis) -> None:
    asyncio.run(store.create(instant.run(), STAGES))

    with pytest.raises(Permanent, match="no run r1"):
        asyncio.run(RedisStore(redis_client, "another").load("r1"))


def test_a_run_with_a_large_suite_loads_fast(store: RedisStore) -> None:
    ids = tuple(f"tests/test_{n % 80}.py::TestSomething::test_case_{n}[param-{n}]" for n in range(2000))
    suite = TestRun(ids, tuple(TestResult(i, Outcome.PASSED, 0.01) for i in ids), 0, 20.0, Isolation.NAMESPACE)
    made = Advance(replace(builders.environment(), baseline=suite, collection=Collection(ids)))

    async def scenario() -> float:
        await store.create(instant.run(), STAGES)
        claim = await store.claim("r1", StageName.ENVIRONMENT, 30)
        assert claim is not None
        record = replace((await store.load("r1")).stage(StageName.ENVIRONMENT), state=StageState.DONE)
        await store.finish(claim, record, made, ())
        assert (await store.load("r1")).artifacts == (made.artifact,)
        took_s = []
        for _ in range(10):
            began = time.perf_counter()
            await store.load("r1")
            took_s.append(time.perf_counter() - began)
        return min(took_s)  # the others say how busy the machine is

    assert asyncio.run(scenario()) < 0.05


# ------------------------------------------------------------------ looking after


def test_workers_are_listed_while_they_beat(store: RedisStore) -> None:
    async def scenario() -> None:
        assert await store.workers() == ()
        await store.beat("b", 60)
        await store.beat("a", 0.5)
        assert set(await store.workers()) == {"a", "b"}
        await asyncio.sleep(0.6)
        assert await store.workers() == ("b",)

    asyncio.run(scenario())


def test_a_run_of_another_version_says_so(store: RedisStore, redis_client: redis.Redis) -> None:
    asyncio.run(store.create(instant.run(), STAGES))
    redis_client.hset("fixbugs:run:r1", "verdict", "splendid")

    with pytest.raises(Unreadable, match=r"Run r1 cannot be read .*'splendid'.* another version"):
        asyncio.run(store.load("r1"))


def test_a_run_that_nobody_can_read_gives_its_place_and_thread_free_in_the_end(
    store: RedisStore, redis_client: redis.Redis
) -> None:
    run = replace(instant.run(), origin=Origin(Place(1, "ada/shop"), 12))
    register = RedisRegister(redis_client, active=1)

    async def scenario() -> None:
        await register.open(run, STAGES, meaning="")
        await register.admit()
        redis_client.hset("fixbugs:run:r1", "stages", b"of another version")
        redis_client.zadd("fixbugs:due", {"r1": 1})
        assert await store.overdue() == ()
        assert await register.current("ada/shop#12") == "r1"  # a newer worker may read it
        assert redis_client.zscore("fixbugs:due", "r1") == pytest.approx(time.time() + LOOK_S, abs=5)
        redis_client.hset("fixbugs:run:r1", "look", time.time() - 3601)
        redis_client.zadd("fixbugs:due", {"r1": 1})
        assert await store.overdue() == ()
        assert await register.current("ada/shop#12") is None
        assert redis_client.scard("fixbugs:active") == 0

    asyncio.run(scenario())


# -------------------------------------------------------------- Redis itself


@pytest.fixture
def server() -> Iterator[RedisAtHand]:
    with redis_server(durable=True) as own:
        yield own


def test_everything_survives_a_crash_of_redis_and_goes_on_with_the_same_client(server: RedisAtHand) -> None:
    with connect(server.url) as client:
        store, inbox = RedisStore(client), RedisInbox(client)
        asyncio.run(store.create(instant.run(), STAGES))
        inbox.accept(Delivery("d1", "issues", COMMAND))
        claim = asyncio.run(store.claim("r1", StageName.GATHER, 30))
        assert claim is not None

        server.stop()
        server.start()

        assert asyncio.run(store.renew(claim, 30))
        assert asyncio.run(finish(store, claim))
        assert inbox.take("d1") is not None


def test_a_redis_that_is_away_is_a_transient_error_everywhere_and_soon(server: RedisAtHand) -> None:
    with connect(server.url) as client:
        store, register, inbox = RedisStore(client), RedisRegister(client), RedisInbox(client)
        asyncio.run(store.create(instant.run(), STAGES))
        claim = asyncio.run(store.claim("r1", StageName.GATHER, 30))
        assert claim is not None
        server.stop()
        questions: list[Callable[[], object]] = [
            lambda: asyncio.run(store.load("r1")),
            lambda: asyncio.run(store.claim("r1", StageName.GATHER, 30)),
            lambda: asyncio.run(store.renew(claim, 30)),
            lambda: asyncio.run(store.stopped("r1")),
            lambda: asyncio.run(store.remember("r1", "a", "b")),
            lambda: asyncio.run(store.overdue()),
            lambda: asyncio.run(register.open(instant.run(run_id="r2"), STAGES, meaning="")),
            lambda: asyncio.run(register.admit()),
            lambda: asyncio.run(register.first("a", 1)),
            lambda: inbox.accept(Delivery("d1", "issues", COMMAND)),
            lambda: inbox.take("d1"),
            inbox.due,
        ]
        for question in questions:
            began = time.monotonic()
            with pytest.raises(Transient, match="Redis does not answer"):
                question()
            assert time.monotonic() - began < 4


def test_a_lock_is_left_in_peace_when_redis_goes_away_inside_it(server: RedisAtHand) -> None:
    with connect(server.url) as client:

        async def scenario() -> str:
            async with RedisRegister(client).alone("key", 0.15):
                server.stop()
                await asyncio.sleep(0.2)
            return "the block ended by itself"

        assert asyncio.run(scenario()) == "the block ended by itself"


def test_a_redis_that_never_answers_is_not_waited_for_without_end() -> None:
    client = connect("redis://localhost:6379/0")

    assert client.connection_pool.connection_kwargs["socket_timeout"] == 5.0
    assert client.connection_pool.connection_kwargs["socket_connect_timeout"] == 2.0


@pytest.mark.parametrize("address", ["", "localhost", "http://localhost", "redis://localhost:port"])
def test_an_address_that_is_none_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(InputError, match="redis://localhost:6379/0"):
        connect(address)


def test_a_full_redis_is_transient_and_a_wrong_password_is_not(server: RedisAtHand) -> None:
    with connect(server.url) as client:
        client.config_set("maxmemory", "1")
        with pytest.raises(Transient, match=r"Redis cannot take this now \(command not allowed when used memory"):
            asyncio.run(RedisStore(client).create(instant.run(), STAGES))
        with pytest.raises(Transient, match="Redis cannot take this now"):
            RedisInbox(client).accept(Delivery("d1", "issues", COMMAND))
        client.config_set("maxmemory", "0")
        client.config_set("requirepass", "secret")
    with connect(server.url) as stranger, pytest.raises(Permanent, match="user and password"):
        asyncio.run(RedisStore(stranger).load("r1"))
