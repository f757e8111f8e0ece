"""What a stage is, and what it is given. One stage per sibling file; running them belongs to `bot.driver`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bot.core.artifacts import Artifact
from bot.core.errors import FixbugsError
from bot.core.evidence import Evidence, Ledger
from bot.core.outcomes import RunRecord, StageOutcome
from bot.core.redact import redacted
from bot.core.run import Run, StageName
from bot.ports import Deps

T = TypeVar("T")


@dataclass
class StageContext:
    """What one stage sees of its run: the artifacts made before it, the world through `deps`, and where to say things.

    `deadline` is on `deps.clock.monotonic()`.
    """

    record: RunRecord
    stage: StageName
    deps: Deps
    deadline: float
    ledger: Ledger
    first_finding: str = ""
    counters: dict[str, float] = field(default_factory=dict)

    @property
    def run(self) -> Run:
        return self.record.run

    @property
    def remaining_s(self) -> float:
        """Seconds left for the whole run, never negative."""
        return max(0.0, self.deadline - self.deps.clock.monotonic())

    def need(self, kind: type[T]) -> T:
        """The artifact of this type, which the stage declared in its `needs`."""
        found = self.record.artifact(kind)
        if found is None:
            raise FixbugsError(f"Stage {self.stage.value} runs without its {kind.__name__}; its needs are wrong.")
        return found

    def add(self, fact: Evidence) -> Evidence:
        """Keeps a fact in the run's ledger, without secrets; the returned one has its id."""
        return self.ledger.add(replace(fact, claim=redacted(fact.claim)[0], quote=redacted(fact.quote)[0]))

    def finding(self, text: str) -> None:
        """Tells people something useful as soon as it is known; the first one stays with the stage's record."""
        text = redacted(text)[0]
        self.first_finding = self.first_finding or text
        self.deps.progress.finding(self.run.id, self.stage, text)

    def count(self, counter: str, amount: float = 1) -> None:
        self.counters[counter] = self.counters.get(counter, 0) + amount


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a run. It may start as soon as an artifact of every type in `needs` exists.

    `attempts` bounds how often it is tried when a dependency fails in a way that may pass.
    """

    name: StageName
    needs: tuple[type[Artifact], ...]
    makes: type[Artifact]
    run: Callable[[StageContext], Awaitable[StageOutcome]]
    attempts: int = 2
