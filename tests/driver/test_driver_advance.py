"""One message at a time: leases, watches, retries and what is rung for next, in the instant world on a real Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
import redis

from bench import instant
from bot.core.errors import EnvironmentBroken, Permanent, Transient
from bot.core.forge import Origin, Place
from bot.core.outcomes import GiveUp, StageOutcome, StageState
from bot.core.run import Goal, StageName, Verdict
from bot.driver import Advanced, Leaving, advance, worth_ringing
from bot.driver.retries import RETRIES, Retry, pause_s
from bot.ports import Claim, Deps
from bot.stages import STAGES
from bot.stages.base import Stage, StageContext
from bot.stages.flow import GOAL_STAGES
from bot.store.redis_client import raw
from bot.store.redis_store import RedisStore

GATHER, FIX = StageName.GATHER, StageName.FIX


@pytest.fixture
def deps(redis_client: redis.Redis) -> Deps:
    """With one run, "r1", that was let in."""
    deps = replace(instant.deps(), store=RedisStore(redis_client))
    asyncio.run(deps.store.create(instant.run(), GOAL_STAGES[Goal.FIX]))
    return deps


def with_gather(body: Callable[[StageContext], object]) -> dict[StageName, Stage]:
    async def run(context: StageContext) -> StageOutcome:
        result = body(context)
        if asyncio.iscoroutine(result):
            await result
        return await STAGES[GATHER].run(context)

    return {**STAGES, GATHER: replace(STAGES[GATHER], run=run)}


def advanced(
    deps: Deps,
    name: StageName = GATHER,
    stages: dict[StageName, Stage] | None = None,
    *,
    lease_s: float = 5.0,
    leaving: Leaving | None = None,
) -> Advanced:
    return asyncio.run(advance(deps, "r1", name, lease_s=lease_s, leaving=leaving, stages=stages))


def state(deps: Deps, name: StageName = GATHER) -> StageState:
    return asyncio.run(deps.store.load("r1")).stage(name).state


def test_a_stage_that_ends_names_those_that_may_start(deps: Deps) -> None:
    assert advanced(deps) == Advanced((StageName.ENVIRONMENT, StageName.ANALYSIS))


def test_a_run_goes_from_message_to_message_to_its_end(deps: Deps) -> None:
    ringing = [GATHER]
    last = Advanced()
    while ringing:
        last = advanced(deps, ringing.pop(0))
        ringing += [name for name in last.ready if name not in ringing]

    assert last == Advanced(finished=True)
    assert asyncio.run(deps.store.load("r1")).verdict is Verdict.FIXED


def test_a_stage_that_is_not_ready_is_not_started(deps: Deps) -> None:
    assert advanced(deps, FIX) == Advanced()
    assert state(deps, FIX) is StageState.WAITING


def test_a_message_for_a_stage_that_has_ended_rings_for_the_next_again(deps: Deps) -> None:
    advanced(deps)

    assert advanced(deps) == Advanced((StageName.ENVIRONMENT, StageName.ANALYSIS))
    assert asyncio.run(deps.store.load("r1")).stage(GATHER).attempts == 1


def test_a_message_for_a_run_that_is_gone_says_so(deps: Deps) -> None:
    with pytest.raises(Permanent, match="no run r2"):
        asyncio.run(advance(deps, "r2", GATHER, lease_s=5.0))


def test_a_stage_that_blocks_its_loop_keeps_its_lease(deps: Deps) -> None:
    def blocking(context: StageContext) -> None:
        time.sleep(3.0)

    async def another() -> object:
        await asyncio.sleep(2.2)
        return await deps.store.claim("r1", GATHER, 5.0)

    async def both() -> tuple[Advanced, object]:
        blocked = asyncio.to_thread(advanced, deps, GATHER, with_gather(blocking), lease_s=1.5)
        done, stolen = await asyncio.gather(blocked, another())
        return done, stolen

    done, stolen = asyncio.run(both())

    assert stolen is None
    assert done.ready == (StageName.ENVIRONMENT, StageName.ANALYSIS)


def test_a_stage_whose_claim_is_lost_ends_and_saves_nothing(deps: Deps, redis_client: redis.Redis) -> None:
    async def robbed(context: StageContext) -> None:
        for key in redis_client.keys("fixbugs:run:*"):
            for name, value in raw(redis_client.hgetall(key)).items():
                if name.startswith(b"lease"):
                    fence, ends, deaths = value.split(b" ")
                    redis_client.hset(key, name, b"%d %s %s" % (int(fence) + 1, ends, deaths))
        await asyncio.sleep(30)

    begun = time.monotonic()

    assert advanced(deps, GATHER, with_gather(robbed), lease_s=0.6) == Advanced()
    assert time.monotonic() - begun < 20.0
    assert state(deps) is StageState.RUNNING  # the other's


def test_a_stopped_run_ends_its_stage_and_rings_for_publication(deps: Deps) -> None:
    async def stopped(context: StageContext) -> None:
        await deps.store.give_up("r1", GiveUp(Verdict.STOPPED, "Ada stopped it."))
        await asyncio.sleep(30)

    begun = time.monotonic()

    assert advanced(deps, GATHER, with_gather(stopped)) == Advanced((StageName.PUBLICATION,))
    assert time.monotonic() - begun < 20.0
    assert state(deps) is StageState.SKIPPED


def test_a_worker_that_leaves_gives_a_stage_its_grace_then_hands_it_back(deps: Deps) -> None:
    leaving = Leaving(0.1)

    async def slow(context: StageContext) -> None:
        leaving.announce()
        await asyncio.sleep(30)

    assert advanced(deps, GATHER, with_gather(slow), leaving=leaving) == Advanced((GATHER,))
    record = asyncio.run(deps.store.load("r1")).stage(GATHER)
    assert (record.state, record.attempts) == (StageState.WAITING, 0)


def test_a_failure_that_may_pass_waits_as_long_as_it_asks_for(deps: Deps) -> None:
    def limited(context: StageContext) -> None:
        raise Transient("GitHub's rate limit is used up", retry_after_s=20.0)

    after = advanced(deps, GATHER, with_gather(limited))

    assert after.again_s == 20.0
    assert advanced(deps) == Advanced()  # a ring before that means nothing
    assert state(deps) is StageState.WAITING


def test_a_message_that_looked_before_the_failure_starts_nothing_after_it(
    deps: Deps, redis_client: redis.Redis
) -> None:
    def limited(context: StageContext) -> None:
        raise Transient("GitHub's rate limit is used up", retry_after_s=20.0)

    class Overtaken(RedisStore):
        """Another worker's attempt fails right before the claim."""

        async def claim(self, run_id: str, stage: StageName, lease_s: float) -> Claim | None:
            await advance(deps, run_id, stage, lease_s=lease_s, stages=with_gather(limited))
            return await super().claim(run_id, stage, lease_s)

    assert advanced(replace(deps, store=Overtaken(redis_client))) == Advanced()
    record = asyncio.run(deps.store.load("r1")).stage(GATHER)
    assert (record.state, record.attempts) == (StageState.WAITING, 1)


def test_a_pause_beyond_the_time_limit_ends_the_run_now(deps: Deps) -> None:
    def limited(context: StageContext) -> None:
        raise Transient("GitHub's rate limit is used up.", retry_after_s=3600.0)

    after = advanced(deps, GATHER, with_gather(limited))

    assert after == Advanced((StageName.PUBLICATION,))
    error = asyncio.run(deps.store.load("r1")).stage(GATHER).error
    assert error == "GitHub's rate limit is used up. Trying again in 3600 s would be after the run's time limit."


def test_a_result_that_cannot_be_written_in_time_is_written_later(deps: Deps, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(context: StageContext) -> StageOutcome:
        await asyncio.sleep(3600)
        raise AssertionError("never reached")

    name = StageName.PUBLICATION
    asyncio.run(deps.store.give_up("r1", GiveUp(Verdict.STOPPED, "Ada stopped it.")))
    monkeypatch.setattr("bot.driver.attempt.PUBLICATION_LIMIT_S", 0.1)

    after = advanced(deps, name, {**STAGES, name: replace(STAGES[name], run=endless)})

    assert after.again_s is not None
    assert state(deps, name) is StageState.WAITING
    assert asyncio.run(deps.store.load("r1")).stage(name).error == "The result could not be written within 0 s."


def test_a_failure_that_never_passes_ends_after_the_attempts_of_the_table(deps: Deps) -> None:
    tries = []

    def away(context: StageContext) -> None:
        tries.append(1)
        raise Transient("The remote does not answer.", retry_after_s=0.0)

    after = Advanced((GATHER,))
    while after.ready == (GATHER,) or after.again_s is not None:
        asyncio.run(deps.store.remember("r1", "retry:gather", f"{len(tries)} {deps.clock.now().isoformat()}"))
        after = advanced(deps, GATHER, with_gather(away))

    assert len(tries) == RETRIES[GATHER].attempts
    assert after.ready == (StageName.PUBLICATION,)
    assert asyncio.run(deps.store.load("r1")).stage(GATHER).error == "The remote does not answer. Tried 5 times."


def test_a_stage_that_ends_while_the_store_is_away_is_saved_when_it_is_back(
    deps: Deps, redis_client: redis.Redis
) -> None:
    class Flickering(RedisStore):
        away = 2

        async def finish(self, *args: object, **options: object) -> bool:
            if self.away:
                self.away -= 1
                raise Transient("Redis restarts")
            return await super().finish(*args, **options)  # type: ignore[arg-type] # as it came

    deps = replace(deps, store=Flickering(redis_client))

    assert advanced(deps).ready == (StageName.ENVIRONMENT, StageName.ANALYSIS)


def test_a_sweeper_rings_for_what_may_start_and_for_what_seems_to_run(deps: Deps) -> None:
    advanced(deps)
    asyncio.run(deps.store.claim("r1", StageName.ANALYSIS, 5.0))
    record = asyncio.run(deps.store.load("r1"))

    assert set(worth_ringing(record)) == {StageName.ENVIRONMENT, StageName.ANALYSIS}
    assert worth_ringing(replace(record, started_at=None, stages=record.stages[:1] + record.stages[3:])) == ()


def test_pauses_double_up_to_their_bound_and_vary() -> None:
    policy = Retry(9, 2.0, 60.0)

    pauses_s = [pause_s(policy, tries, chance=lambda: 1.0) for tries in range(1, 8)]
    assert pauses_s == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert pause_s(policy, 3, chance=lambda: 0.0) == 4.0
    assert pause_s(policy, 3, Transient("Busy.", retry_after_s=90.0)) == 90.0


def test_every_stage_has_a_policy() -> None:
    assert set(RETRIES) == set(StageName)


def test_what_a_stage_says_when_it_ends_badly_holds_no_secret(deps: Deps) -> None:
    address = "https://builder:hunter2-s3cret@packages.example/simple"

    def gives_up(context: StageContext) -> None:
        context.finding(f"looked at {address}")
        raise EnvironmentBroken(f"Nothing was found at {address}.", f"trying {address}\nfailed")

    advanced(deps, stages=with_gather(gives_up))

    record = asyncio.run(deps.store.load("r1"))
    assert record.give_up is not None
    assert record.give_up.tried == ("trying https://[redacted: URL password]@packages.example/simple\nfailed",)
    assert "hunter2" not in repr(record)


def test_what_a_stage_fails_with_holds_no_secret(deps: Deps) -> None:
    def fails(context: StageContext) -> None:
        raise Permanent("It cannot be had from https://builder:hunter2-s3cret@packages.example/simple.")

    advanced(deps, stages=with_gather(fails))

    error = asyncio.run(deps.store.load("r1")).stage(GATHER).error
    assert error == "It cannot be had from https://[redacted: URL password]@packages.example/simple."


def test_an_error_that_nobody_foresaw_tells_the_forge_only_what_it_is(redis_client: redis.Redis) -> None:
    deps = replace(instant.deps(), store=RedisStore(redis_client))
    origin = Origin(Place(7, "acme/shop"), 12)
    asyncio.run(deps.store.create(replace(instant.run(), origin=origin), GOAL_STAGES[Goal.FIX]))

    def fails(context: StageContext) -> None:
        raise OSError(2, "No such file", "/var/lib/fixbugs/key.pem")

    advanced(deps, stages=with_gather(fails))

    error = asyncio.run(deps.store.load("r1")).stage(GATHER).error
    assert error == "FileNotFoundError: the server's log says more"


def test_a_failure_that_there_is_no_time_to_wait_for_holds_no_secret_either(redis_client: redis.Redis) -> None:
    deps = replace(instant.deps(), store=RedisStore(redis_client))
    asyncio.run(deps.store.create(replace(instant.run(), time_limit_s=0.9), GOAL_STAGES[Goal.FIX]))

    def fails(context: StageContext) -> None:
        raise Transient("https://builder:hunter2-s3cret@packages.example did not answer.")

    advanced(deps, stages=with_gather(fails))

    assert "hunter2" not in repr(asyncio.run(deps.store.load("r1")))
    assert state(deps) is StageState.FAILED
