"""Workers of the instant world on a real Redis, in this process or in one of their own. No assertions here.

`python -m worker_world URL` is such a process. A stage waits while its name is in the list HOLD.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import redis

from bench import instant
from bot.core.artifacts import Publication
from bot.core.commands import Command, Labelled, Unlabelled
from bot.core.errors import Permanent
from bot.core.forge import Actor, Origin, Place
from bot.core.outcomes import GiveUp, RunRecord, StageOutcome
from bot.core.run import Goal, Run, StageName, Verdict
from bot.ports import Delivery
from bot.queue.broker import broker
from bot.queue.doorbell import DramatiqDoorbell
from bot.settings import ServerSettings
from bot.stages import STAGES
from bot.stages.base import Stage, StageContext
from bot.stages.flow import GOAL_STAGES, ready
from bot.store.redis_client import connect, texts
from bot.store.redis_inbox import RedisInbox
from bot.store.redis_register import RedisRegister
from bot.store.redis_store import RedisStore
from bot.worker.process import WorkerProcess, run_worker
from bot.worker.server import Server

PLACE = Place(7, "ada/shop")
ADA = Actor("ada")
HOLD = "test:hold"  # a list: stages that wait
REACHED = "test:reached"  # a list: "stage pid" of every start
PUBLISHED = "test:published"  # a list: verdicts
REFRESHED = "test:refreshed"  # a list: run ids
ROOT = Path(__file__).parents[2]


@dataclass
class TellingPublisher:
    """Writes down what is published, where every process can read it."""

    client: redis.Redis

    async def publish(self, record: RunRecord) -> Publication:
        self.client.rpush(PUBLISHED, record.verdict.value if record.verdict else "none")
        return Publication((("redis", PUBLISHED),))


@dataclass
class SmallDesk:
    """A label opens a run and admits it; taking it off stops the run. `fails` is raised that often before."""

    store: RedisStore
    register: RedisRegister
    doorbell: DramatiqDoorbell
    fails: list[Exception] = field(default_factory=list)
    carried_out: list[Command] = field(default_factory=list)

    async def carry_out(self, command: Command) -> None:
        if self.fails:
            raise self.fails.pop(0)
        if isinstance(command, Labelled):
            opened = await self.register.open(run(command.number), GOAL_STAGES[Goal.FIX], meaning="")
            await self.ring(*await self.register.admit(), opened.run_id)
        elif isinstance(command, Unlabelled):
            current = await self.register.current(origin(command.number).thread)
            if current:
                await self.store.give_up(current, GiveUp(Verdict.STOPPED, "ada took the label off."))
                self.doorbell.stage(current, StageName.PUBLICATION)
        self.carried_out.append(command)

    async def ring(self, *run_ids: str) -> None:
        for run_id in run_ids:
            record = await self.store.load(run_id)
            if record.started_at is not None:
                for stage in ready(record, STAGES):
                    self.doorbell.stage(run_id, stage)


@dataclass
class CountingNotices:
    client: redis.Redis
    fails: list[Exception] = field(default_factory=list)

    async def refresh(self, run_id: str) -> float | None:
        if self.fails:
            raise self.fails.pop(0)
        self.client.rpush(REFRESHED, run_id)
        return None


def origin(number: int) -> Origin:
    return Origin(PLACE, number)


def run(number: int = 12, *, time_limit_s: float = 60.0) -> Run:
    return replace(instant.run(run_id=f"run-{number}", time_limit_s=time_limit_s), origin=origin(number))


@dataclass
class WorkerWorld:
    """One server's worth of adapters on this Redis."""

    url: str
    lease_s: float = 2.0
    active: int = 4

    def __post_init__(self) -> None:
        self.client = connect(self.url)
        self.store = RedisStore(self.client)
        self.register = RedisRegister(self.client, active=self.active, per_repository=self.active)
        self.inbox = RedisInbox(self.client)
        self.doorbell = DramatiqDoorbell(broker(self.url))
        self.desk = SmallDesk(self.store, self.register, self.doorbell)
        self.notices = CountingNotices(self.client)
        settings = ServerSettings(
            self.url, None, Path("/nowhere"), lease_s=self.lease_s, sweep_s=0.3, active_runs=self.active
        )
        deps = replace(instant.deps(), store=self.store, publisher=TellingPublisher(self.client))
        self.server = Server(
            settings, deps, self.store, self.register, self.inbox, self.doorbell, self.desk, self.notices
        )

    # ------------------------------------------------------------- doing

    def ask(self, command: Command, delivery_id: str = "d1") -> None:
        """As the webhook does."""
        self.inbox.accept(Delivery(delivery_id, "issues", command))
        self.doorbell.delivery(delivery_id)

    def label(self, number: int = 12, delivery_id: str = "d1") -> str:
        self.ask(Labelled(PLACE, number, False, ADA, "fixbugs"), delivery_id)
        return f"run-{number}"

    def open(self, number: int = 12, *, time_limit_s: float = 60.0, ring: bool = True) -> str:
        """A run that was let in."""

        async def opening() -> str:
            opened = await self.register.open(run(number, time_limit_s=time_limit_s), GOAL_STAGES[Goal.FIX], meaning="")
            await self.register.admit()
            return opened.run_id

        run_id = asyncio.run(opening())
        if ring:
            self.doorbell.stage(run_id, StageName.GATHER)
        return run_id

    @contextmanager
    def worker(self, grace_s: float = 0.2) -> Iterator[WorkerProcess]:
        """A worker's threads in this process."""
        process = WorkerProcess(self.server, grace_s=grace_s)
        process.start()
        try:
            yield process
        finally:
            process.stop()

    def hold(self, *stages: StageName) -> None:
        """Lets these stages wait, in whatever process, until `release`."""
        self.client.delete(HOLD)
        if stages:
            self.client.rpush(HOLD, *(stage.value for stage in stages))

    def release(self) -> None:
        self.client.delete(HOLD)

    # ------------------------------------------------------------ seeing

    def record(self, run_id: str) -> RunRecord:
        return asyncio.run(self.store.load(run_id))

    def ended(self, run_id: str, patience_s: float = 90.0) -> RunRecord:
        wait(lambda: self._is_over(run_id), patience_s)
        return self.record(run_id)

    def _is_over(self, run_id: str) -> bool:
        try:
            return self.record(run_id).finished
        except Permanent:
            return False  # not opened yet

    def listed(self, key: str) -> list[str]:
        return list(texts(self.client.lrange(key, 0, -1)))

    def reached(self, stage: StageName, times: int = 1, patience_s: float = 90.0) -> None:
        """Returns once a stage that is held was started this often."""
        wait(lambda: sum(line.startswith(f"{stage.value} ") for line in self.listed(REACHED)) >= times, patience_s)


def wait(until: Callable[[], bool], patience_s: float = 90.0) -> None:
    deadline = time.monotonic() + patience_s
    while not until():
        if time.monotonic() > deadline:
            raise AssertionError(f"It did not happen within {patience_s:.0f} s.")
        time.sleep(0.02)


# ------------------------------------------------------ stages that can be held


def holding(client: redis.Redis, name: StageName, stage: Stage) -> Stage:
    async def held(context: StageContext) -> StageOutcome:
        client.rpush(REACHED, f"{name.value} {os.getpid()}")
        while name.value.encode() in client.lrange(HOLD, 0, -1):  # noqa: ASYNC110 (another process lets go)
            await asyncio.sleep(0.02)
        return await stage.run(context)

    return replace(stage, run=held)


@contextmanager
def held_stages(client: redis.Redis) -> Iterator[None]:
    """Every stage of the registry as one that can be held, for as long as the block lasts."""
    before = dict(STAGES)
    STAGES.update({name: holding(client, name, stage) for name, stage in before.items()})
    try:
        yield
    finally:
        STAGES.update(before)


@contextmanager
def worker_process(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own."""
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{ROOT / 'tests/worker'}"}
    argv = [sys.executable, "-m", "worker_world", url]
    process = subprocess.Popen(argv, env=environ, cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def main(url: str) -> int:
    world = WorkerWorld(url, lease_s=1.0)
    with held_stages(world.client):
        return run_worker(world.server)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
