"""What every store promises: claims, leases, fences, atomic finishes, and runs that end whatever happens to workers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
import redis
from store_worlds import MemoryWorld, RedisWorld, World

import builders
from bench import instant
from bot.core.artifacts import Judgement, Publication, SourceText
from bot.core.errors import Permanent
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import Advance, GiveUp, RunRecord, StageOutcome, StageRecord, StageState
from bot.core.run import Goal, StageName, Verdict
from bot.ports import Claim
from bot.stages.flow import GOAL_STAGES
from bot.store.transitions import LOOK_S, MAX_DEATHS, MOST_HANDED_IN, QUIET_S

PUBLISHED = Advance(Publication((("memory", "here"),)))
FACT = Evidence(EvidenceKind.CLAIM, "It crashes.", Provenance("issue.md", 1), id="A1")
LEASE_S = 30.0


@pytest.fixture(params=["memory", "redis"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        return MemoryWorld()
    client: redis.Redis = request.getfixturevalue("redis_client")
    return RedisWorld(client)


async def opened(world: World, goal: Goal = Goal.FIX) -> None:
    await world.store.create(instant.run(goal), GOAL_STAGES[goal])


async def claimed(world: World, stage: StageName = StageName.GATHER) -> Claim:
    claim = await world.store.claim("r1", stage, LEASE_S)
    assert claim is not None
    return claim


async def ended(world: World, claim: Claim, state: StageState) -> StageRecord:
    return replace((await world.store.load("r1")).stage(claim.stage), state=state)


async def finish(world: World, stage: StageName, outcome: StageOutcome | None, state: StageState) -> bool:
    claim = await claimed(world, stage)
    return await world.store.finish(claim, await ended(world, claim, state), outcome, ())


def test_a_new_run_has_started_and_all_its_stages_wait(world: World) -> None:
    async def scenario() -> RunRecord:
        await opened(world)
        return await world.store.load("r1")

    record = asyncio.run(scenario())
    assert record.run == instant.run()
    assert [stage.name for stage in record.stages] == list(StageName)
    assert {stage.state for stage in record.stages} == {StageState.WAITING}
    assert record.started_at is not None


def test_a_run_is_created_once(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        with pytest.raises(Permanent, match="r1 exists already"):
            await opened(world)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "question",
    [
        lambda store: store.load("r9"),
        lambda store: store.claim("r9", StageName.GATHER, LEASE_S),
        lambda store: store.give_up("r9", GiveUp(Verdict.STOPPED, "")),
        lambda store: store.renew(Claim("r9", StageName.GATHER, 1, 1), LEASE_S),
        lambda store: store.hand_back(Claim("r9", StageName.GATHER, 1, 1)),
        lambda store: store.stopped("r9"),
        lambda store: store.found("r9", StageName.GATHER, "a"),
        lambda store: store.hand_in("r9", SourceText("a", "comment", "b")),
        lambda store: store.remember("r9", "comment", "1"),
    ],
    ids=["load", "claim", "give up", "renew", "hand back", "stopped", "found", "hand in", "remember"],
)
def test_an_unknown_run_is_named(world: World, question: Callable[[object], asyncio.Future[object]]) -> None:
    async def scenario() -> None:
        with pytest.raises(Permanent, match="There is no run r9"):
            await question(world.store)

    asyncio.run(scenario())


def test_a_claimed_stage_cannot_be_claimed_again_until_its_lease_ends(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        first = await claimed(world)
        assert await world.store.claim("r1", StageName.GATHER, LEASE_S) is None
        world.pass_s(LEASE_S + 1)
        second = await claimed(world)
        assert second.fence > first.fence
        assert second.attempt == 2

    asyncio.run(scenario())


def test_a_renewed_lease_lasts(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        claim = await claimed(world)
        world.pass_s(LEASE_S - 1)
        assert await world.store.renew(claim, LEASE_S)
        world.pass_s(LEASE_S - 1)
        assert await world.store.claim("r1", StageName.GATHER, LEASE_S) is None

    asyncio.run(scenario())


def test_a_worker_that_lost_its_lease_can_neither_renew_nor_finish(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        late = await claimed(world)
        world.pass_s(LEASE_S + 1)
        await claimed(world)
        assert not await world.store.renew(late, LEASE_S)
        assert not await world.store.finish(late, await ended(world, late, StageState.DONE), PUBLISHED, [FACT])
        await world.store.hand_back(late)
        record = await world.store.load("r1")
        assert (record.artifacts, record.evidence) == ((), ())
        assert record.stage(StageName.GATHER).state is StageState.RUNNING

    asyncio.run(scenario())


def test_a_claim_that_was_never_granted_can_neither_be_renewed_nor_finished(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        made_up = Claim("r1", StageName.GATHER, 0, 0)
        assert not await world.store.renew(made_up, LEASE_S)
        assert not await world.store.finish(made_up, await ended(world, made_up, StageState.DONE), PUBLISHED, ())

    asyncio.run(scenario())


def test_a_worker_that_is_late_may_finish_while_nobody_noticed(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        claim = await claimed(world)
        world.pass_s(LEASE_S + 1)
        assert await world.store.finish(claim, await ended(world, claim, StageState.DONE), PUBLISHED, ())

    asyncio.run(scenario())


def test_finishing_saves_artifact_evidence_and_state_together(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        claim = await claimed(world)
        done = await ended(world, claim, StageState.DONE)
        assert await world.store.finish(claim, replace(done, wall_s=1.5, counters=(("texts", 1),)), PUBLISHED, [FACT])
        record = await world.store.load("r1")
        assert record.artifacts == (PUBLISHED.artifact,)
        assert record.evidence == (FACT,)
        assert record.stage(StageName.GATHER) == replace(done, wall_s=1.5, counters=(("texts", 1),))
        assert await world.store.claim("r1", StageName.GATHER, LEASE_S) is None
        assert not await world.store.finish(claim, done, PUBLISHED, [FACT])

    asyncio.run(scenario())


def test_artifacts_and_evidence_keep_the_order_in_which_they_came(world: World) -> None:
    made = builders.fixed_record()

    async def scenario() -> RunRecord:
        await opened(world)
        for stage, artifact, fact in zip(StageName, made.artifacts, made.evidence, strict=False):
            claim = await claimed(world, stage)
            await world.store.finish(claim, await ended(world, claim, StageState.DONE), Advance(artifact), [fact])
        return await world.store.load("r1")

    record = asyncio.run(scenario())
    assert len(record.evidence) > 2
    assert record.artifacts == made.artifacts[: len(record.artifacts)]
    assert record.evidence == made.evidence[: len(record.evidence)]


def test_a_failed_attempt_may_be_claimed_again_and_counts(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        assert await finish(world, StageName.GATHER, None, StageState.WAITING)
        assert (await claimed(world)).attempt == 2

    asyncio.run(scenario())


def test_a_stage_that_was_handed_back_waits_at_once_and_the_attempt_does_not_count(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        first = await claimed(world)
        await world.store.hand_back(first)
        second = await claimed(world)
        assert second.attempt == 1
        assert second.fence > first.fence
        await world.store.hand_back(first)  # again, and late: nothing happens
        assert (await world.store.load("r1")).stage(StageName.GATHER).state is StageState.RUNNING

    asyncio.run(scenario())


def test_a_run_whose_stages_are_done_reached_its_goal(world: World) -> None:
    async def scenario() -> None:
        await opened(world, Goal.EXPLAIN)
        for stage in GOAL_STAGES[Goal.EXPLAIN][:-1]:
            assert not await world.store.stopped("r1")
            await finish(world, stage, PUBLISHED, StageState.DONE)
        assert (await world.store.load("r1")).verdict is Verdict.EXPLAINED
        assert await world.store.stopped("r1")
        await finish(world, StageName.PUBLICATION, PUBLISHED, StageState.DONE)
        assert (await world.store.load("r1")).finished

    asyncio.run(scenario())


def test_an_unsound_pull_request_is_not_validated(world: World) -> None:
    commit = builders.dossier().commit
    judgement = Judgement(commit, commit, (), (), (), (), None, None, (), (), ("No test fails without it.",))

    async def scenario() -> Verdict | None:
        await opened(world, Goal.VALIDATE)
        for stage in (StageName.GATHER, StageName.ENVIRONMENT):
            await finish(world, stage, PUBLISHED, StageState.DONE)
        await finish(world, StageName.VALIDATION, Advance(judgement), StageState.DONE)
        return (await world.store.load("r1")).verdict

    assert asyncio.run(scenario()) is Verdict.NOT_VALIDATED


def test_the_first_reason_to_give_up_is_the_verdict(world: World) -> None:
    async def scenario() -> RunRecord:
        await opened(world)
        claim = await claimed(world)
        await world.store.give_up("r1", GiveUp(Verdict.STOPPED, "stopped", ("why?",), ("this",)))
        await world.store.give_up("r1", GiveUp(Verdict.CANNOT_RUN, "late"))
        late = GiveUp(Verdict.OUT_OF_TIME, "later")
        assert await world.store.finish(claim, await ended(world, claim, StageState.GAVE_UP), late, ())
        return await world.store.load("r1")

    record = asyncio.run(scenario())
    assert record.verdict is Verdict.STOPPED
    assert record.give_up == GiveUp(Verdict.STOPPED, "stopped", ("why?",), ("this",))


def test_a_stage_that_failed_for_good_fails_the_run(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        await finish(world, StageName.GATHER, None, StageState.FAILED)
        assert (await world.store.load("r1")).verdict is Verdict.FAILED
        assert await world.store.claim("r1", StageName.GATHER, LEASE_S) is None

    asyncio.run(scenario())


def test_once_the_verdict_is_certain_publication_alone_may_be_claimed(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        await world.store.give_up("r1", GiveUp(Verdict.STOPPED, "stopped"))
        assert await world.store.claim("r1", StageName.ANALYSIS, LEASE_S) is None
        assert await world.store.claim("r1", StageName.PUBLICATION, LEASE_S) is not None

    asyncio.run(scenario())


def test_the_first_finding_of_a_stage_stays(world: World) -> None:
    async def scenario() -> str:
        await opened(world)
        claim = await claimed(world)
        await world.store.found("r1", StageName.GATHER, "1 report")
        await world.store.found("r1", StageName.GATHER, "2 reports")
        blank = replace(await ended(world, claim, StageState.DONE), finding="")
        await world.store.finish(claim, blank, PUBLISHED, ())
        return (await world.store.load("r1")).stage(StageName.GATHER).finding

    assert asyncio.run(scenario()) == "1 report"


def test_what_was_said_since_is_kept_and_a_newer_text_replaces_its_older_one(world: World) -> None:
    async def scenario() -> tuple[SourceText, ...]:
        await opened(world)
        await world.store.hand_in("r1", SourceText("comment 1", "comment", "first"))
        await world.store.hand_in("r1", SourceText("comment 2", "comment", "second \udcff"))
        await world.store.hand_in("r1", SourceText("comment 1", "comment", "edited"))
        return (await world.store.load("r1")).handed_in

    texts = asyncio.run(scenario())
    assert [(text.name, text.text) for text in texts] == [("comment 2", "second \udcff"), ("comment 1", "edited")]


def test_of_what_was_said_since_the_newest_is_kept(world: World) -> None:
    async def scenario() -> tuple[SourceText, ...]:
        await opened(world)
        for number in range(MOST_HANDED_IN + 3):
            await world.store.hand_in("r1", SourceText(f"comment {number}", "comment", "spam"))
        return (await world.store.load("r1")).handed_in

    texts = asyncio.run(scenario())
    assert [texts[0].name, texts[-1].name, len(texts)] == ["comment 3", f"comment {MOST_HANDED_IN + 2}", MOST_HANDED_IN]


def test_what_was_done_outside_is_remembered(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        assert await world.store.recall("r1", "comment") is None
        await world.store.remember("r1", "comment", "17")
        await world.store.remember("r1", "comment", "18 \udcff")
        assert await world.store.recall("r1", "comment") == "18 \udcff"

    asyncio.run(scenario())


# ------------------------------------------------------------------ overdue


def test_a_run_that_a_live_lease_covers_is_not_overdue(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        await claimed(world)
        world.pass_s(LEASE_S - 1)
        assert await world.store.overdue() == ()

    asyncio.run(scenario())


def test_a_run_whose_worker_died_is_overdue_once_and_its_stage_waits_again(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        await claimed(world)
        world.pass_s(LEASE_S + 1)
        assert await world.store.overdue() == ("r1",)
        assert (await world.store.load("r1")).stage(StageName.GATHER).state is StageState.WAITING
        assert await world.store.overdue() == ()
        assert (await claimed(world)).attempt == 2

    asyncio.run(scenario())


def test_a_renewed_run_is_not_overdue(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        claim = await claimed(world)
        world.pass_s(LEASE_S - 1)
        await world.store.renew(claim, LEASE_S)
        world.pass_s(2)
        assert await world.store.overdue() == ()
        world.pass_s(LEASE_S)
        assert await world.store.overdue() == ("r1",)

    asyncio.run(scenario())


def test_a_worker_that_died_after_it_renewed_is_noticed_when_its_lease_ends(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        claim = await claimed(world)
        assert await world.store.renew(claim, 5)
        world.pass_s(6)
        assert await world.store.overdue() == ("r1",)
        assert (await world.store.load("r1")).stage(StageName.GATHER).state is StageState.WAITING

    asyncio.run(scenario())


def test_one_dead_worker_among_others_makes_the_run_overdue(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        await claimed(world, StageName.ANALYSIS)
        world.pass_s(LEASE_S / 2)
        living = await claimed(world, StageName.ENVIRONMENT)
        world.pass_s(LEASE_S / 2 + 1)
        assert await world.store.renew(living, LEASE_S)
        assert await world.store.overdue() == ("r1",)
        record = await world.store.load("r1")
        assert record.stage(StageName.ANALYSIS).state is StageState.WAITING
        assert record.stage(StageName.ENVIRONMENT).state is StageState.RUNNING

    asyncio.run(scenario())


def test_a_run_in_which_nothing_runs_is_overdue_after_a_while(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        assert await world.store.overdue() == ()
        world.pass_s(QUIET_S + 1)
        assert await world.store.overdue() == ("r1",)
        assert await world.store.overdue() == ()

    asyncio.run(scenario())


def test_a_run_is_looked_at_now_and_then_even_while_a_stage_runs(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        claim = await claimed(world)
        await world.store.renew(claim, 10 * LOOK_S)
        world.pass_s(LOOK_S + 1)
        assert await world.store.overdue() == ("r1",)
        assert (await world.store.load("r1")).stage(StageName.GATHER).state is StageState.RUNNING

    asyncio.run(scenario())


def test_a_run_that_ended_is_never_overdue(world: World) -> None:
    async def scenario() -> None:
        await opened(world)
        await world.store.give_up("r1", GiveUp(Verdict.STOPPED, "stopped"))
        await finish(world, StageName.PUBLICATION, PUBLISHED, StageState.DONE)
        world.pass_s(10 * LOOK_S)
        assert await world.store.overdue() == ()

    asyncio.run(scenario())


def test_a_stage_that_kills_its_workers_fails_in_the_end_and_the_run_with_it(world: World) -> None:
    async def scenario() -> RunRecord:
        await opened(world)
        for _ in range(MAX_DEATHS):
            assert (await world.store.load("r1")).verdict is None
            await claimed(world)
            world.pass_s(LEASE_S + 1)
        assert await world.store.claim("r1", StageName.GATHER, LEASE_S) is None
        return await world.store.load("r1")

    record = asyncio.run(scenario())
    assert record.verdict is Verdict.FAILED
    assert record.stage(StageName.GATHER).state is StageState.FAILED
    assert record.stage(StageName.GATHER).error == (
        "5 workers died, or stopped answering, while they ran this stage, so it is not tried again. The machine may be "
        "short of memory: look in the workers' logs for run r1, stage gather."
    )


def test_a_publication_that_kills_its_workers_ends_the_run(world: World) -> None:
    async def scenario() -> RunRecord:
        await opened(world)
        await world.store.give_up("r1", GiveUp(Verdict.STOPPED, "stopped"))
        for _ in range(MAX_DEATHS):
            await claimed(world, StageName.PUBLICATION)
            world.pass_s(LEASE_S + 1)
            await world.store.overdue()
        return await world.store.load("r1")

    record = asyncio.run(scenario())
    assert record.finished
    assert record.verdict is Verdict.STOPPED


def test_a_worker_that_dies_of_a_stopped_run_leaves_its_stage_skipped(world: World) -> None:
    async def scenario() -> StageState:
        await opened(world)
        await claimed(world)
        await world.store.give_up("r1", GiveUp(Verdict.STOPPED, "stopped"))
        world.pass_s(LEASE_S + 1)
        assert await world.store.overdue() == ("r1",)
        return (await world.store.load("r1")).stage(StageName.GATHER).state

    assert asyncio.run(scenario()) is StageState.SKIPPED
