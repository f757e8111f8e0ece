"""The same on the real store: several workers that believe they publish one run write one pull request."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import redis
from publishing_world import BRANCH, World, asked

import builders
from bot.core.artifacts import Artifact, Publication
from bot.core.outcomes import Advance, StageState
from bot.core.run import StageName, Verdict
from bot.local.clock import SystemClock
from bot.publishing.notices import Notices
from bot.publishing.pull_requests import ForgePublisher
from bot.store.redis_register import RedisRegister
from bot.store.redis_store import RedisStore

MADE_BY = tuple(name for name in StageName if name is not StageName.PUBLICATION)


async def proved(store: RedisStore, register: RedisRegister) -> str:
    """A run all of whose stages but publication have ended."""
    record = asked(builders.fixed_record(), draft=False)
    await register.open(record.run, tuple(StageName), meaning="")
    await register.admit()
    for name, artifact in zip(MADE_BY, record.artifacts, strict=True):
        await end_stage(store, record.run.id, name, artifact)
    assert (await store.load(record.run.id)).verdict is Verdict.FIXED
    return record.run.id


async def end_stage(store: RedisStore, run_id: str, name: StageName, artifact: Artifact) -> None:
    claim = await store.claim(run_id, name, 30)
    assert claim is not None
    done = replace((await store.load(run_id)).stage(name), state=StageState.DONE, wall_s=1.0)
    assert await store.finish(claim, done, Advance(artifact), ())


def test_workers_side_by_side_write_one_pull_request_and_one_comment(redis_client: redis.Redis) -> None:
    world, clock = World(), SystemClock()
    store, register = RedisStore(redis_client), RedisRegister(redis_client)
    notices = Notices(world.forge, store, register, clock)
    publisher = ForgePublisher(world.forge, world.code, store, register, notices, clock)
    run_id = asyncio.run(proved(store, register))
    record = asyncio.run(store.load(run_id))

    def publish(_: int) -> Publication:
        return asyncio.run(publisher.publish(record))

    began = time.monotonic()
    with ThreadPoolExecutor(4) as workers:
        published = list(workers.map(publish, range(4)))
    took_s = time.monotonic() - began

    assert len(set(published)) == 1
    assert len(world.forge.pulls) == 1
    assert len(world.history(BRANCH)) == 2
    assert len(world.bodies) == 1
    assert len(world.forge.commits) == 2
    assert took_s < 10
    asyncio.run(end_stage(store, run_id, StageName.PUBLICATION, published[0]))
    before = list(world.bodies)
    assert asyncio.run(notices.refresh(run_id, at_once=True)) is None
    assert world.bodies == before, "the last state was there already when the stage ended"
