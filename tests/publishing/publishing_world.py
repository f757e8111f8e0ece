"""A small world to publish in: a fake forge, records of runs asked for there, the repository's tree. No assertions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import builders
from bench.instant import InstantCode, tree_of
from bot.core.artifacts import Publication
from bot.core.forge import Origin
from bot.core.outcomes import RunRecord, StageRecord, StageState
from bot.core.policy import Policy
from bot.core.run import Commit, StageName, Trigger, TriggerKind
from bot.publishing.memory import Memory
from bot.publishing.notices import Notices
from bot.publishing.pull_requests import ForgePublisher
from bot.store.memory import MemoryStore
from fake_forge import PLACE, FakeForge, pull
from memory_register import MemoryRegister

SHA = builders.dossier().commit.sha
TREE = tree_of({"paperboy/dates.py": builders.BEFORE, "tests/test_dates.py": builders.TEST_BEFORE, "README": "Hello\n"})
ISSUE = Origin(PLACE, 12)
PULL = Origin(PLACE, 34, is_pull_request=True, head_sha=SHA)
BRANCH = "fixbugs/issue-12-total-is-wrong"


@dataclass
class StillClock:
    """Moves when it is told to."""

    at: datetime = datetime(2026, 3, 9, 10, 0, 12, tzinfo=UTC)
    since_s: float = 100.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.since_s

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.since_s += seconds


class Records(MemoryStore):
    """A store whose runs are as a test wants them."""

    def __init__(self, clock: StillClock) -> None:
        super().__init__(clock)
        self.held: dict[str, RunRecord] = {}

    async def hold(self, record: RunRecord) -> None:
        if record.run.id not in self.held:
            await self.create(record.run, tuple(StageName))
        self.held[record.run.id] = record

    async def load(self, run_id: str) -> RunRecord:
        return self.held[run_id] if run_id in self.held else await super().load(run_id)


def small_forge() -> FakeForge:
    """With issue 12, pull request 34 from `totals`, and the proved commit at the head of both branches."""
    made = FakeForge(branches={"main": SHA, "totals": SHA})
    made.threads[34] = pull(34, sha=SHA)
    return made


def small_code() -> InstantCode:
    subjects = ("Import paperboy 1.4.2", "Count days", "Add dates")
    commits = [
        Commit(SHA if n == 0 else str(n) * 40, subject, "Ada", builders.START) for n, subject in enumerate(subjects)
    ]
    return InstantCode(tuple((commit, TREE) for commit in commits))


@dataclass
class World:
    forge: FakeForge = field(default_factory=small_forge)
    clock: StillClock = field(default_factory=StillClock)
    code: InstantCode = field(default_factory=small_code)

    def __post_init__(self) -> None:
        self.store = Records(self.clock)
        self.register = MemoryRegister(self.store, self.clock)
        self.notices = Notices(self.forge, self.store, self.register, self.clock)
        self.publisher = ForgePublisher(self.forge, self.code, self.store, self.register, self.notices, self.clock)

    def publish(self, record: RunRecord) -> Publication:
        async def published() -> Publication:
            await self.store.hold(record)
            return await self.publisher.publish(record)

        return asyncio.run(published())

    def refresh(self, record: RunRecord, *, at_once: bool = False) -> float | None:
        async def refreshed() -> float | None:
            await self.store.hold(record)
            return await self.notices.refresh(record.run.id, at_once=at_once)

        return asyncio.run(refreshed())

    def recalled(self, record: RunRecord, name: str) -> str | None:
        return asyncio.run(self.store.recall(record.run.id, name))

    def messages(self, branch: str) -> list[str]:
        """The subjects of the commits that a branch has on top of what was there before, oldest first."""
        return [message.splitlines()[0] for _, message, _ in self.history(branch)]

    def history(self, branch: str) -> list[tuple[str, str, dict[str, bytes | None]]]:
        """(hash, message, files) of the commits made on a branch, oldest first."""
        found, at = [], self.forge.branches[branch]
        while at in self.forge.commits:
            parent, message, changes = self.forge.commits[at]
            found.append((at, message, {change.path: change.content for change in changes}))
            at = parent
        return found[::-1]

    @property
    def bodies(self) -> list[str]:
        return [body for _, body in self.forge.comments.values()]


def asked(record: RunRecord, origin: Origin = ISSUE, *, draft: bool = True) -> RunRecord:
    """The record of a run that somebody asked for on the forge, while its publication runs."""
    trigger = Trigger(TriggerKind.COMMENT, "ada", builders.START)
    run = replace(record.run, origin=origin, trigger=trigger, policy=Policy(draft=draft))
    return publishing(replace(record, run=run, started_at=builders.START), StageState.RUNNING)


def publishing(record: RunRecord, state: StageState) -> RunRecord:
    stages = tuple(replace(s, state=state) if s.name is StageName.PUBLICATION else s for s in record.stages)
    return replace(record, stages=stages)


def going_on(origin: Origin = ISSUE) -> RunRecord:
    """A run that has gathered its report and builds the project."""
    done = asked(builders.fixed_record(), origin)
    states = {StageName.GATHER: StageState.DONE, StageName.ENVIRONMENT: StageState.RUNNING}
    stages = tuple(replace(s, state=states[s.name]) if s.name in states else StageRecord(s.name) for s in done.stages)
    return replace(done, stages=stages, artifacts=(builders.dossier(),), evidence=(), verdict=None)


def publishing_memory(world: World, run_id: str = "run-7f3a") -> Memory:
    """What the run remembers of what it did outside."""
    return Memory(world.store, run_id)


def no_pull_opened(world: World) -> bool:
    return world.forge.pulls == {}
