"""A desk with a forge in memory and a real store and register behind it, and the words of its stories. No assertions
here."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import redis

from bot.core.artifacts import Publication
from bot.core.commands import Ask, ChecksFailed, Command, Discussed, Instructed, Labelled, Reviewed, ThreadClosed
from bot.core.forge import Actor, FailedCheck, Role
from bot.core.outcomes import Advance, GiveUp, RunRecord, StageRecord, StageState
from bot.core.run import StageName, Verdict
from bot.intake.desk import Desk
from bot.store.redis_register import RedisRegister
from bot.store.redis_store import RedisStore
from fake_forge import PLACE, FakeForge

T = TypeVar("T")
ADA, MALLORY, BOT = Actor("ada"), Actor("mallory"), Actor("helper[bot]", is_bot=True)
HEAD = "c" * 40  # of the pull request that `fake_forge.pull` makes


@dataclass
class SteppedClock:
    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 12, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Bell:
    """A doorbell that remembers who rang for what."""

    stages: list[tuple[str, StageName]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def stage(self, run_id: str, stage: StageName, delay_s: float = 0.0) -> None:
        self.stages.append((run_id, stage))

    def notice(self, run_id: str, delay_s: float = 0.0) -> None:
        self.notices.append(run_id)

    def delivery(self, delivery_id: str, delay_s: float = 0.0) -> None:
        raise NotImplementedError("nothing at the desk rings for deliveries")


@dataclass
class Board:
    """Notices that remember which runs they showed; `faults` are raised first."""

    shown: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)

    async def refresh(self, run_id: str) -> float | None:
        if self.faults:
            raise self.faults.pop(0)
        self.shown.append(run_id)
        return None


class DeskWorld:
    """`tell` carries out a command; `settings` writes the repository's file."""

    def __init__(self, client: redis.Redis, forge: FakeForge | None = None, *, per_repository: int = 4) -> None:
        self.forge = forge or FakeForge()
        self.store, self.register = RedisStore(client), RedisRegister(client, per_repository=per_repository)
        self.bell, self.board, self.clock = Bell(), Board(), SteppedClock()
        self._suffixes = itertools.count()
        self.desk = Desk(
            self.forge,
            self.store,
            self.register,
            self.bell,
            self.board,
            self.clock,
            schema_url="https://fixbugs.example/fixbugs.schema.json",
            suffix=lambda: f"{next(self._suffixes):06x}",
        )

    # ------------------------------------------------------------ telling

    def tell(self, *commands: Command) -> None:
        """One after the other, ten seconds apart, so that nothing remembered for a moment counts."""
        for command in commands:
            if isinstance(command, ThreadClosed) and command.number in self.forge.threads:
                thread = self.forge.threads[command.number]
                self.forge.threads[command.number] = replace(thread, open=False)
            self.hear(command)
            self.clock.seconds += 10

    def hear(self, command: Command) -> None:
        """A webhook arrives; the forge is as it is."""
        asyncio.run(self.desk.carry_out(command))

    def tell_at_once(self, *commands: Command) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(self.desk.carry_out(command) for command in commands))

        asyncio.run(all_of_them())

    def settings(self, text: str) -> None:
        self.forge.files["", ".github/fixbugs.yml"] = text

    def stranger(self, login: str, role: Role) -> Actor:
        self.forge.roles[login] = role
        return Actor(login)

    def fails(self, sha: str = HEAD) -> None:
        self.forge.failed[sha] = (FailedCheck(1, "tests", "failure", "github-actions"),)

    # ------------------------------------------------------------ looking

    def runs(self) -> list[RunRecord]:
        """All that have not ended, oldest first."""
        return [self.record(run_id) for run_id in sorted(wait(self.register.going_on(PLACE.installation_id)))]

    def only_run(self) -> RunRecord:
        (record,) = self.runs()
        return record

    def record(self, run_id: str) -> RunRecord:
        return wait(self.store.load(run_id))

    @property
    def said(self) -> list[str]:
        """The comments of the App, without their hidden marks."""
        return [body.rsplit("\n\n<!--", 1)[0] for _, body in self.forge.comments.values()]

    # ------------------------------------------------------------- living

    def begin(self, run_id: str) -> None:
        """Its report is being gathered."""
        wait(self.store.claim(run_id, StageName.GATHER, 60.0))

    def end(self, run_id: str, verdict: Verdict = Verdict.NOT_REPRODUCIBLE) -> None:
        """It gives up and writes so."""
        wait(self.store.give_up(run_id, GiveUp(verdict, "That is all.")))
        claim = wait(self.store.claim(run_id, StageName.PUBLICATION, 60.0))
        if claim is None:
            raise RuntimeError(f"Run {run_id} cannot be ended.")
        record = StageRecord(StageName.PUBLICATION, StageState.DONE, 1)
        wait(self.store.finish(claim, record, Advance(Publication(())), ()))


def wait(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


# ---------------------------------------------------------------- commands


def labelled(number: int = 12, *, actor: Actor = ADA, label: str = "fixbugs", pull: bool = False) -> Labelled:
    return Labelled(PLACE, number, pull, actor, label)


def says(
    ask: Ask = Ask.FIX,
    guidance: str = "",
    *,
    number: int = 12,
    actor: Actor = ADA,
    comment_id: int | None = 501,
    in_review: bool = False,
    unknown: str = "",
    pull: bool = False,
) -> Instructed:
    return Instructed(PLACE, number, pull, actor, ask, guidance, comment_id, in_review, unknown)


def discussed(comment_id: int | None, *, number: int = 12, actor: Actor = ADA, removed: bool = False) -> Discussed:
    return Discussed(PLACE, number, False, actor, comment_id, removed)


def reviewed(
    guidance: str = "Use sum().",
    *,
    number: int = 100,
    actor: Actor = ADA,
    review_id: int = 900,
    comment_id: int | None = None,
) -> Reviewed:
    path, line = ("shop/cart.py", 7) if comment_id else ("", None)
    return Reviewed(PLACE, number, actor, guidance, review_id, comment_id, path, line)


def checks_failed(
    *pulls: int, sha: str = HEAD, branch: str = "totals", app: str = "github-actions", source: str = "check_suite"
) -> ChecksFailed:
    return ChecksFailed(PLACE, sha, branch, pulls, app, source)
