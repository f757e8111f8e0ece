"""Whole runs over the queue, with real Redis and a worker's real threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from worker_world import ADA, PLACE, PUBLISHED, REFRESHED, WorkerWorld, held_stages, wait

from bot.core.artifacts import Validation
from bot.core.commands import Unlabelled
from bot.core.errors import Permanent, Transient
from bot.core.outcomes import StageOutcome, StageState
from bot.core.run import StageName, Verdict
from bot.stages import STAGES
from bot.stages.base import StageContext


@pytest.fixture
def world(redis_url: str) -> Iterator[WorkerWorld]:
    world = WorkerWorld(redis_url)
    with held_stages(world.client):
        yield world


def test_a_label_becomes_a_fix_stage_by_stage(world: WorkerWorld) -> None:
    with world.worker():
        run_id = world.label()
        wait(lambda: world.inbox.known("d1") and bool(world.desk.carried_out))
        record = world.ended(run_id)

    assert record.verdict is Verdict.FIXED
    assert [stage.state for stage in record.stages] == [StageState.DONE] * 8
    assert record.artifact(Validation) is not None
    assert world.listed(PUBLISHED) == ["fixed"]
    assert run_id in world.listed(REFRESHED)
    assert world.inbox.due() == ()


def test_a_message_that_comes_twice_does_nothing_twice(world: WorkerWorld) -> None:
    run_id = world.open()
    with world.worker():
        for stage in (*StageName, *StageName, *StageName):
            world.doorbell.stage(run_id, stage)
        record = world.ended(run_id)

    assert [stage.attempts for stage in record.stages] == [1] * 8
    assert world.listed(PUBLISHED) == ["fixed"]


def test_a_delivery_that_rings_twice_is_carried_out_once(world: WorkerWorld) -> None:
    with world.worker():
        for _ in range(5):
            world.label()
        world.ended("run-12")

    assert len(world.desk.carried_out) == 1


def test_a_run_whose_doorbell_never_rang_is_swept_up(world: WorkerWorld) -> None:
    run_id = world.open(ring=False)
    with world.worker():
        record = world.ended(run_id)

    assert record.verdict is Verdict.FIXED


def test_stopping_ends_what_runs_within_five_seconds(world: WorkerWorld) -> None:
    world.hold(StageName.ENVIRONMENT)
    with world.worker():
        run_id = world.label()
        world.reached(StageName.ENVIRONMENT)
        asked = time.monotonic()
        world.ask(Unlabelled(PLACE, 12, False, ADA, "fixbugs"), "d2")
        record = world.ended(run_id)
        took_s = time.monotonic() - asked

    assert record.verdict is Verdict.STOPPED
    assert record.stage(StageName.ENVIRONMENT).state is StageState.SKIPPED
    assert world.listed(PUBLISHED) == ["stopped"]
    assert took_s < 5.0


def test_a_stop_is_heard_while_every_thread_is_busy(world: WorkerWorld) -> None:
    world = replace(world, active=8)
    world.hold(StageName.ENVIRONMENT, StageName.ANALYSIS)
    with world.worker():
        for number in range(4):
            world.label(number, f"d{number}")
        world.reached(StageName.ENVIRONMENT, 4)
        world.reached(StageName.ANALYSIS, 4)
        asked = time.monotonic()
        world.ask(Unlabelled(PLACE, 3, False, ADA, "fixbugs"), "stop")
        record = world.ended("run-3")
        took_s = time.monotonic() - asked
        world.release()

    assert record.verdict is Verdict.STOPPED
    assert took_s < 5.0


def test_a_worker_that_is_asked_to_go_hands_back_what_it_runs(world: WorkerWorld) -> None:
    world.hold(StageName.REPRODUCTION)
    run_id = world.open()
    with world.worker():
        world.reached(StageName.REPRODUCTION)
    left = world.record(run_id)
    world.release()
    with world.worker():
        record = world.ended(run_id)

    assert left.stage(StageName.REPRODUCTION).state is StageState.WAITING
    assert left.stage(StageName.REPRODUCTION).attempts == 0
    assert record.verdict is Verdict.FIXED
    assert record.stage(StageName.REPRODUCTION).attempts == 1


def test_a_run_waits_until_there_is_room_and_then_starts_by_itself(world: WorkerWorld) -> None:
    world = replace(world, active=1)
    world.hold(StageName.FIX)
    with world.worker():
        world.label(1, "d1")
        world.reached(StageName.FIX)
        world.label(2, "d2")
        wait(lambda: len(world.desk.carried_out) == 2)
        waiting = world.record("run-2")
        world.release()
        record = world.ended("run-2")

    assert waiting.started_at is None
    assert record.verdict is Verdict.FIXED


def test_a_run_that_is_stopped_before_it_was_let_in_ends_at_once(world: WorkerWorld) -> None:
    world = replace(world, active=1)
    world.hold(StageName.FIX)
    with world.worker():
        world.label(1, "d1")
        world.reached(StageName.FIX)
        world.label(2, "d2")
        wait(lambda: len(world.desk.carried_out) == 2)
        world.ask(Unlabelled(PLACE, 2, False, ADA, "fixbugs"), "d3")
        record = world.ended("run-2")
        world.release()

    assert record.verdict is Verdict.STOPPED
    assert record.stage(StageName.GATHER).attempts == 0


def test_a_stage_that_fails_in_a_way_that_may_pass_is_rung_again_later(world: WorkerWorld) -> None:
    tries: list[float] = []

    async def flaky(context: StageContext) -> StageOutcome:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise Transient("the package index is away", retry_after_s=1.2)
        return await before.run(context)

    before = STAGES[StageName.ENVIRONMENT]
    STAGES[StageName.ENVIRONMENT] = replace(before, run=flaky)
    with world.worker():
        record = world.ended(world.open())

    assert record.verdict is Verdict.FIXED
    assert record.stage(StageName.ENVIRONMENT).attempts == 2
    assert tries[1] - tries[0] >= 1.0


def test_a_stage_that_failed_for_good_still_gets_its_verdict_written(world: WorkerWorld) -> None:
    async def broken(context: StageContext) -> StageOutcome:
        raise ZeroDivisionError("a bug of ours")

    STAGES[StageName.ANALYSIS] = replace(STAGES[StageName.ANALYSIS], run=broken)
    with world.worker():
        record = world.ended(world.open())

    assert record.verdict is Verdict.FAILED
    assert world.listed(PUBLISHED) == ["failed"]


def test_a_run_out_of_time_counts_the_time_since_it_was_let_in(world: WorkerWorld) -> None:
    world.hold(StageName.ROOT_CAUSE)
    run_id = world.open(time_limit_s=1.5)
    with world.worker():
        record = world.ended(run_id)

    assert record.verdict is Verdict.OUT_OF_TIME
    assert record.give_up is not None
    assert "Give more with `budget: time` in .github/fixbugs.yml." in record.give_up.detail


def test_a_command_that_cannot_be_carried_out_now_is_tried_again(world: WorkerWorld) -> None:
    world.desk.fails.append(Transient("GitHub does not answer", retry_after_s=0.2))
    with world.worker():
        world.label()
        wait(lambda: bool(world.desk.carried_out))
        record = world.ended("run-12")

    assert record.verdict is Verdict.FIXED


def test_a_command_that_is_refused_is_not_tried_again(world: WorkerWorld) -> None:
    world.desk.fails.extend([Permanent("The App's key was revoked."), Permanent("Never reached.")])
    with world.worker():
        world.label()
        wait(lambda: len(world.desk.fails) == 1 and not world.client.exists("fixbugs:inbox"))

    assert len(world.desk.fails) == 1
    assert world.desk.carried_out == []


def test_a_command_that_a_bug_of_ours_ends_is_tried_three_times(world: WorkerWorld) -> None:
    world.desk.fails.extend([ZeroDivisionError("a bug of ours")] * 5)
    with world.worker():
        world.label()
        wait(lambda: len(world.desk.fails) == 2 and not world.client.exists("fixbugs:inbox"))

    assert world.desk.carried_out == []


def test_a_notice_that_fails_is_shown_later(world: WorkerWorld) -> None:
    world.notices.fails.append(Transient("GitHub does not answer", retry_after_s=0.1))
    world.doorbell.notice("run-1")
    with world.worker():
        wait(lambda: world.listed(REFRESHED) == ["run-1"])


def test_what_a_stage_finds_is_kept_before_it_ends(world: WorkerWorld) -> None:
    async def telling(context: StageContext) -> StageOutcome:
        context.finding("3 of 4 tests fail")
        return await before.run(context)

    world.hold(StageName.ENVIRONMENT)
    before = STAGES[StageName.ENVIRONMENT]
    STAGES[StageName.ENVIRONMENT] = replace(before, run=telling)
    run_id = world.open()
    with world.worker():
        wait(lambda: world.record(run_id).stage(StageName.ENVIRONMENT).finding == "3 of 4 tests fail")
        state = world.record(run_id).stage(StageName.ENVIRONMENT).state
        world.release()
        world.ended(run_id)

    assert state is StageState.RUNNING


def test_workers_say_that_they_live(world: WorkerWorld) -> None:
    with world.worker() as process:
        wait(lambda: process.id in asyncio.run(world.store.workers()))
