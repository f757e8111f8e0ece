"""The time from a webhook that is stored and rung for to the start of its run's first stage, on real Redis.

`python -m bench.queue [--runs N] [--json]`. Workers are idle; the desk opens a run and asks nobody, because a forge's
answers are not the queue's time. One run at a time, at moments that have nothing to do with any poll.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import instant
from bench.report import BenchReport, bench_parser
from bot.core.commands import Command, Labelled
from bot.core.forge import Actor, Origin, Place
from bot.core.run import Goal, Run, StageName
from bot.local.embedded_redis import await_redis, embedded_redis
from bot.local.handed_in import HandedIn
from bot.ports import Delivery, Gathered
from bot.queue.broker import broker
from bot.queue.doorbell import DramatiqDoorbell
from bot.settings import ServerSettings
from bot.stages.flow import GOAL_STAGES
from bot.store.redis_client import connect
from bot.store.redis_inbox import RedisInbox
from bot.store.redis_register import RedisRegister
from bot.store.redis_store import RedisStore
from bot.worker.process import WorkerProcess
from bot.worker.server import Server

LIMIT_MS = 150.0
PATIENCE_S = 10.0
WARM_UP = 3
PLACE = Place(1, "ada/shop")


@dataclass
class OpeningDesk:
    """Opens a run for each command, as the real desk does once it knows who asks and what the repository wants."""

    register: RedisRegister
    doorbell: DramatiqDoorbell

    async def carry_out(self, command: Command) -> None:
        assert isinstance(command, Labelled)
        run = replace(instant.run(run_id=f"run-{command.number}"), origin=Origin(PLACE, command.number))
        await self.register.open(run, GOAL_STAGES[Goal.FIX], meaning="")
        for run_id in await self.register.admit():
            self.doorbell.stage(run_id, StageName.GATHER)


class NoNotices:
    async def refresh(self, run_id: str) -> float | None:
        return None


@dataclass
class NotingReports:
    """Notes when the latest run's first stage asks for its report, which is the first thing it does."""

    begun: float = 0.0
    heard: threading.Event = field(default_factory=threading.Event)

    async def report(self, run: Run) -> Gathered:
        self.begun = time.perf_counter()
        self.heard.set()
        return await HandedIn().report(run)


@contextmanager
def redis_for_a_while() -> Iterator[str]:
    """The address of a Redis server as `fixbugs up` runs one, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, embedded_redis(Path(folder)) as own:
        process = subprocess.Popen(own.argv, stdin=subprocess.DEVNULL)
        try:
            await_redis(own.url, PATIENCE_S)
            yield own.url
        finally:
            process.terminate()
            process.wait()


@dataclass
class QueueBench:
    url: str

    def __post_init__(self) -> None:
        client = connect(self.url)
        store, register = RedisStore(client), RedisRegister(client, active=1_000_000, per_repository=1_000_000)
        self.inbox, self.doorbell = RedisInbox(client), DramatiqDoorbell(broker(self.url))
        self.reports = NotingReports()
        self.server = Server(
            settings=ServerSettings(self.url, None, Path("credentials.json")),
            deps=replace(instant.deps(), store=store, reports=self.reports),
            store=store,
            register=register,
            inbox=self.inbox,
            doorbell=self.doorbell,
            desk=OpeningDesk(register, self.doorbell),
            notices=NoNotices(),
        )

    def measured_ms(self, runs: int) -> list[float]:
        process = WorkerProcess(self.server)
        process.start()
        try:
            time.sleep(1.0)
            return [self._one_ms(number) for number in range(runs + WARM_UP)][WARM_UP:]
        finally:
            process.stop()

    def _one_ms(self, number: int) -> float:
        time.sleep(random.uniform(0.8, 1.2))  # noqa: S311 (the run before has ended, and polls are at rest again)
        self.reports.heard.clear()
        asked = time.perf_counter()
        self.inbox.accept(Delivery(f"d{number}", "issues", Labelled(PLACE, number, False, Actor("ada"), "fixbugs")))
        self.doorbell.delivery(f"d{number}")
        assert self.reports.heard.wait(PATIENCE_S), "the first stage must start, or this measures nothing"
        return (self.reports.begun - asked) * 1000


def main(argv: Sequence[str] | None = None) -> None:
    parser = bench_parser("bench.queue", "Measures the time from a stored webhook to the start of its first stage.")
    parser.add_argument("--runs", type=int, default=30, help="how many runs are measured (default: 30)")
    arguments = parser.parse_args(argv)
    with redis_for_a_while() as url:
        measured = sorted(QueueBench(url).measured_ms(arguments.runs))
    p50, p90 = statistics.median(measured), measured[int(0.9 * (len(measured) - 1))]
    BenchReport(
        title="queue",
        columns=("webhook to first stage", "ms"),
        rows=(("median", f"{p50:.0f}"), ("nine of ten", f"{p90:.0f}"), ("worst", f"{measured[-1]:.0f}")),
        figures={"p50_ms": round(p50, 1), "p90_ms": round(p90, 1), "max_ms": round(measured[-1], 1)},
        notes=(f"Limit: {LIMIT_MS:.0f} ms for the median of {arguments.runs} runs, workers idle.",),
    ).show(as_json=arguments.json)


if __name__ == "__main__":
    main()
