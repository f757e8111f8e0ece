"""What lives outside and is not code that runs: time, repositories, the store, publishing, progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.artifacts import Publication, SourceText
from bot.core.evidence import Evidence
from bot.core.outcomes import GiveUp, RunRecord, StageOutcome, StageRecord
from bot.core.run import Commit, Run, StageName
from bot.core.tree import Tree


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, in UTC."""

    def monotonic(self) -> float:
        """Seconds that only move forward."""


class Code(Protocol):
    """Repositories at rest. `repository` is a path or URL. Never runs anything from a repository.

    Raises InputError when the repository or ref cannot be used, Transient when a remote does not answer.
    """

    async def resolve(self, repository: str, ref: str) -> Commit: ...

    async def tree(self, repository: str, commit: str) -> Tree: ...

    async def ancestors(self, repository: str, commit: str, limit: int) -> tuple[Commit, ...]:
        """First-parent history, newest first, `commit` itself included."""

    async def touching(self, repository: str, commit: str, paths: Sequence[str], limit: int) -> tuple[Commit, ...]:
        """The newest commits up to this one that changed one of these files or folders, newest first."""

    async def merge_base(self, repository: str, one: str, other: str) -> Commit:
        """The newest commit that both commits come from. Raises InputError when their histories share nothing."""

    async def notices(self, repository: str) -> tuple[str, ...]:
        """What the person should know about this repository ("has uncommitted changes, which are not seen")."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to run one stage, until the lease ends. A higher fence is a later claim; only the latest
    claim may finish."""

    run_id: str
    stage: StageName
    fence: int
    attempt: int


class Store(Protocol):
    """The truth about runs. Raises Permanent for a run that does not exist, Transient when it does not answer."""

    async def create(self, run: Run, stages: Sequence[StageName]) -> None: ...

    async def load(self, run_id: str) -> RunRecord: ...

    async def claim(self, run_id: str, stage: StageName, lease_s: float) -> Claim | None:
        """None when somebody else holds a live lease, or the stage has ended."""

    async def renew(self, claim: Claim, lease_s: float) -> bool:
        """False when the claim was lost."""

    async def finish(
        self,
        claim: Claim,
        record: StageRecord,
        outcome: StageOutcome | None,
        evidence: Sequence[Evidence],
    ) -> bool:
        """Saves how a stage ended, its artifact and its evidence in one atomic step; False (and nothing saved) when
        the claim was lost. An outcome of None is a failed attempt: the stage may be claimed again unless the record's
        state says FAILED."""

    async def hand_back(self, claim: Claim) -> None:
        """The worker leaves before the stage ended: it waits again at once, and this attempt does not count."""

    async def give_up(self, run_id: str, reason: GiveUp) -> None:
        """Ends a run from outside, when a person stops it; no effect when its verdict is certain already."""

    async def stopped(self, run_id: str) -> bool:
        """Whether the run's verdict is certain, so that what still runs should end. Costs little: ask every second."""

    async def found(self, run_id: str, stage: StageName, text: str) -> None:
        """Keeps a running stage's first finding with its record, before the stage ends; later ones change nothing."""

    async def hand_in(self, run_id: str, text: SourceText) -> None:
        """Adds what was said about the bug since it was gathered (a text of the same name is replaced)."""

    async def remember(self, run_id: str, name: str, value: str) -> None:
        """Keeps what a run did outside ("comment": its id), so that doing it again can be avoided."""

    async def recall(self, run_id: str, name: str) -> str | None: ...


class Publisher(Protocol):
    """Writes the result where the person asked."""

    async def publish(self, record: RunRecord) -> Publication: ...


class Progress(Protocol):
    """Hears of a run as it happens. Must not raise or block."""

    def stage_changed(self, run_id: str, record: StageRecord) -> None: ...

    def finding(self, run_id: str, stage: StageName, text: str) -> None: ...
