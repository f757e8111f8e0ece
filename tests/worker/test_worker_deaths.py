"""Workers that die at the worst moment, in processes of their own: the run ends right all the same."""

from __future__ import annotations

import signal
import time

from worker_world import HOLD, PUBLISHED, WorkerWorld, worker_process

from bot.core.outcomes import StageState
from bot.core.run import StageName, Verdict

IN_TURN = tuple(StageName)


def test_a_run_survives_a_worker_killed_in_each_stage_in_turn(redis_url: str) -> None:
    world = WorkerWorld(redis_url)
    world.hold(*IN_TURN)
    run_id = world.open()
    for stage in IN_TURN:
        with worker_process(redis_url) as process:
            world.reached(stage)
            process.send_signal(signal.SIGKILL)
            process.wait(5)
            world.client.lrem(HOLD, 0, stage.value)  # the next worker finishes it and is killed in the one after
    with worker_process(redis_url):
        record = world.ended(run_id)

    assert record.verdict is Verdict.FIXED
    assert [stage.state for stage in record.stages] == [StageState.DONE] * 8
    assert all(stage.attempts >= 2 for stage in record.stages)
    assert world.listed(PUBLISHED) == ["fixed"]


def test_a_run_that_kills_every_worker_ends_as_failed(redis_url: str) -> None:
    world = WorkerWorld(redis_url)
    world.hold(StageName.ENVIRONMENT)
    run_id = world.open()
    for death in range(5):
        with worker_process(redis_url) as process:
            world.reached(StageName.ENVIRONMENT, death + 1)
            process.kill()
    with worker_process(redis_url):
        record = world.ended(run_id)

    assert record.verdict is Verdict.FAILED
    assert record.stage(StageName.ENVIRONMENT).state is StageState.FAILED
    assert "5 workers died" in record.stage(StageName.ENVIRONMENT).error
    assert world.listed(PUBLISHED) == ["failed"]


def test_a_worker_that_gets_sigterm_leaves_within_seconds_and_hands_back(redis_url: str) -> None:
    world = WorkerWorld(redis_url)
    world.hold(StageName.ANALYSIS)
    run_id = world.open()
    with worker_process(redis_url) as process:
        world.reached(StageName.ANALYSIS)
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(15)
        took_s = time.monotonic() - asked

    assert code == 0
    assert took_s < 10.0
    assert world.record(run_id).stage(StageName.ANALYSIS).state is StageState.WAITING
