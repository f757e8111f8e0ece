"""The broker and the doorbell on a real Redis."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import dramatiq
import pytest

from bot.core.errors import Transient
from bot.core.run import StageName
from bot.queue.broker import POLL_MS, StageBroker, broker
from bot.queue.doorbell import DramatiqDoorbell

PATIENCE_S = 30.0


def worker_on(on: StageBroker, threads: int, queues: dict[str, object]) -> dramatiq.Worker:
    for name, body in queues.items():
        dramatiq.actor(actor_name=name, queue_name=name, broker=on)(body)  # type: ignore[call-overload] # any callable
    worker = dramatiq.Worker(on, worker_timeout=POLL_MS, worker_threads=threads)
    worker.queue_prefetch = threads
    worker.start()
    return worker


def test_an_idle_worker_hears_the_doorbell_soon(redis_url: str) -> None:
    heard = threading.Event()
    worker = worker_on(broker(redis_url, slots=1), 1, {"gather": lambda run_id: heard.set()})
    doorbell = DramatiqDoorbell(broker(redis_url))
    took_s = []
    for _ in range(3):  # on a busy machine the best of them tells
        time.sleep(0.5)
        heard.clear()
        rung = time.monotonic()
        doorbell.stage("r1", StageName.GATHER)
        assert heard.wait(PATIENCE_S)
        took_s.append(time.monotonic() - rung)
    worker.stop()

    assert min(took_s) < 0.4


def test_a_delayed_ring_is_heard_after_its_time(redis_url: str) -> None:
    heard: list[float] = []
    worker = worker_on(broker(redis_url, slots=1), 1, {"notice": lambda run_id: heard.append(time.monotonic())})
    rung = time.monotonic()
    DramatiqDoorbell(broker(redis_url)).notice("r1", 0.8)
    while not heard and time.monotonic() - rung < PATIENCE_S:
        time.sleep(0.02)
    worker.stop()

    assert 0.8 <= heard[0] - rung < 10


def test_a_busy_worker_leaves_messages_of_every_queue_to_others(redis_url: str) -> None:
    release, began = threading.Event(), threading.Event()

    def busy(run_id: str) -> None:
        began.set()
        release.wait(PATIENCE_S)

    full = worker_on(broker(redis_url, slots=1), 1, {"fix": busy, "gather": busy})
    doorbell = DramatiqDoorbell(broker(redis_url))
    doorbell.stage("r1", StageName.FIX)
    assert began.wait(PATIENCE_S)
    heard = threading.Event()
    idle = worker_on(broker(redis_url, slots=1), 1, {"gather": lambda run_id: heard.set()})
    doorbell.stage("r2", StageName.GATHER)

    assert heard.wait(PATIENCE_S)
    release.set()
    full.stop()
    idle.stop()


def test_slots_are_free_again_after_failures_too(redis_url: str) -> None:
    seen: list[str] = []

    def failing(run_id: str) -> None:
        seen.append(run_id)
        raise ZeroDivisionError(run_id)

    worker = worker_on(broker(redis_url, slots=1), 1, {"fix": failing})
    doorbell = DramatiqDoorbell(broker(redis_url))
    for number in range(4):
        doorbell.stage(f"r{number}", StageName.FIX)
    deadline = time.monotonic() + PATIENCE_S
    while len(seen) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)  # nothing is tried again
    worker.stop()

    assert seen == ["r0", "r1", "r2", "r3"]


def test_a_queue_that_is_away_is_transient(tmp_path: Path) -> None:
    doorbell = DramatiqDoorbell(broker(f"unix://{tmp_path}/nothing.sock"))

    with pytest.raises(Transient, match="check that Redis is up"):
        doorbell.delivery("d1")


def test_ringing_loads_neither_stages_nor_the_sandbox_nor_the_forge() -> None:
    code = (
        "import sys, bot.queue.doorbell, bot.queue.broker\n"
        "print([m for m in sys.modules if m.startswith(('bot.stages', 'bot.github', 'githubkit', 'sandbox', 'flask'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)

    assert done.stdout.strip() == "[]"
