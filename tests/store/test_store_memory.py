"""The memory store: leases, fences, atomic finish."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from bench import instant
from bot.core.artifacts import Publication
from bot.core.errors import Permanent
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import Advance, GiveUp, StageState
from bot.core.run import StageName, Verdict
from bot.store.memory import MemoryStore

PUBLICATION = Advance(Publication(()))


@dataclass
class StoppedClock:
    seconds: float = 100.0

    def now(self) -> datetime:
        return instant.START

    def monotonic(self) -> float:
        return self.seconds


async def store_with_run(clock: StoppedClock) -> MemoryStore:
    store = MemoryStore(clock)
    await store.create(instant.run(), tuple(StageName))
    return store


def test_a_claimed_stage_cannot_be_claimed_again_until_its_lease_ends() -> None:
    async def scenario() -> None:
        clock = StoppedClock()
        store = await store_with_run(clock)
        first = await store.claim("r1", StageName.GATHER, 30)
        assert first is not None
        assert await store.claim("r1", StageName.GATHER, 30) is None
        clock.seconds += 31
        second = await store.claim("r1", StageName.GATHER, 30)
        assert second is not None
        assert second.fence > first.fence
        assert second.attempt == 2

    asyncio.run(scenario())


def test_a_worker_that_lost_its_lease_cannot_finish() -> None:
    async def scenario() -> None:
        clock = StoppedClock()
        store = await store_with_run(clock)
        late = await store.claim("r1", StageName.GATHER, 30)
        assert late is not None
        clock.seconds += 31
        assert await store.claim("r1", StageName.GATHER, 30) is not None
        done = replace((await store.load("r1")).stage(StageName.GATHER), state=StageState.DONE)
        assert not await store.renew(late, 30)
        assert not await store.finish(late, done, PUBLICATION, ())
        assert (await store.load("r1")).artifacts == ()

    asyncio.run(scenario())


def test_finishing_saves_artifact_evidence_and_state_together() -> None:
    async def scenario() -> None:
        store = await store_with_run(StoppedClock())
        claim = await store.claim("r1", StageName.GATHER, 30)
        assert claim is not None
        done = replace((await store.load("r1")).stage(StageName.GATHER), state=StageState.DONE)
        fact = Evidence(EvidenceKind.CLAIM, "It crashes.", Provenance("issue.md", 1), id="A1")
        assert await store.finish(claim, done, PUBLICATION, [fact])
        record = await store.load("r1")
        assert record.artifact(Publication) is PUBLICATION.artifact
        assert record.evidence == (fact,)
        assert record.stage(StageName.GATHER).state is StageState.DONE
        assert await store.claim("r1", StageName.GATHER, 30) is None

    asyncio.run(scenario())


def test_the_first_reason_to_give_up_is_the_verdict() -> None:
    async def scenario() -> None:
        store = await store_with_run(StoppedClock())
        await store.give_up("r1", GiveUp(Verdict.STOPPED, "stopped"))
        await store.give_up("r1", GiveUp(Verdict.CANNOT_RUN, "late"))
        assert (await store.load("r1")).verdict is Verdict.STOPPED

    asyncio.run(scenario())


def test_an_unknown_run_is_named() -> None:
    with pytest.raises(Permanent, match="no run r9"):
        asyncio.run(MemoryStore(StoppedClock()).load("r9"))
