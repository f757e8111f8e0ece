"""The Store in this process's memory: for the command line and for tests. Nothing survives the process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.artifacts import SourceText
from bot.core.errors import Permanent
from bot.core.evidence import Evidence
from bot.core.outcomes import Advance, GiveUp, RunRecord, StageOutcome, StageRecord, StageState, conclude
from bot.core.run import Run, StageName
from bot.ports import Claim, Clock

OPEN = frozenset({StageState.WAITING, StageState.RUNNING})


class MemoryStore:
    """One event loop at a time; every method finishes without awaiting, so each is atomic."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: dict[str, RunRecord] = {}
        self._leases: dict[tuple[str, StageName], tuple[int, float]] = {}  # fence, when it ends (monotonic seconds)
        self._remembered: dict[tuple[str, str], str] = {}

    async def create(self, run: Run, stages: Sequence[StageName]) -> None:
        if run.id in self._records:
            raise Permanent(f"Run {run.id} exists already.")
        self._records[run.id] = RunRecord(
            run, tuple(StageRecord(name) for name in stages), started_at=self._clock.now()
        )

    async def load(self, run_id: str) -> RunRecord:
        return self._record(run_id)

    async def claim(self, run_id: str, stage: StageName, lease_s: float) -> Claim | None:
        record = self._record(run_id)
        current = record.stage(stage)
        fence, ends = self._leases.get((run_id, stage), (0, 0.0))
        now = self._clock.monotonic()
        if current.state not in OPEN or (fence and ends > now):
            return None
        self._leases[run_id, stage] = (fence + 1, now + lease_s)
        started = replace(
            current, state=StageState.RUNNING, attempts=current.attempts + 1, started_at=self._clock.now()
        )
        self._save(record, started)
        return Claim(run_id, stage, fence + 1, started.attempts)

    async def renew(self, claim: Claim, lease_s: float) -> bool:
        if not self._holds(claim):
            return False
        self._leases[claim.run_id, claim.stage] = (claim.fence, self._clock.monotonic() + lease_s)
        return True

    async def finish(
        self, claim: Claim, record: StageRecord, outcome: StageOutcome | None, evidence: Sequence[Evidence]
    ) -> bool:
        if not self._holds(claim):
            return False
        self._leases[claim.run_id, claim.stage] = (claim.fence, 0.0)
        run = self._save(self._record(claim.run_id), record)
        run = replace(run, evidence=(*run.evidence, *evidence))
        if isinstance(outcome, Advance):
            run = replace(run, artifacts=(*run.artifacts, outcome.artifact))
        elif isinstance(outcome, GiveUp) and run.give_up is None and run.verdict is None:
            run = replace(run, give_up=outcome)
        self._records[claim.run_id] = conclude(run)
        return True

    async def hand_back(self, claim: Claim) -> None:
        if self._holds(claim):
            self._leases[claim.run_id, claim.stage] = (claim.fence, 0.0)
            record = self._record(claim.run_id)
            current = record.stage(claim.stage)
            self._save(record, replace(current, state=StageState.WAITING, attempts=current.attempts - 1))

    async def found(self, run_id: str, stage: StageName, text: str) -> None:
        record = self._record(run_id)
        if not record.stage(stage).finding:
            self._save(record, replace(record.stage(stage), finding=text))

    async def hand_in(self, run_id: str, text: SourceText) -> None:
        record = self._record(run_id)
        others = tuple(known for known in record.handed_in if known.name != text.name)
        self._records[run_id] = replace(record, handed_in=(*others, text))

    async def remember(self, run_id: str, name: str, value: str) -> None:
        self._record(run_id)
        self._remembered[run_id, name] = value

    async def recall(self, run_id: str, name: str) -> str | None:
        return self._remembered.get((run_id, name))

    async def give_up(self, run_id: str, reason: GiveUp) -> None:
        record = self._record(run_id)
        if record.verdict is None:
            self._records[run_id] = conclude(replace(record, give_up=reason))

    async def stopped(self, run_id: str) -> bool:
        return self._record(run_id).verdict is not None

    def _holds(self, claim: Claim) -> bool:
        fence, ends = self._leases.get((claim.run_id, claim.stage), (0, 0.0))
        return fence == claim.fence and ends > 0.0

    def _record(self, run_id: str) -> RunRecord:
        if run_id not in self._records:
            raise Permanent(f"There is no run {run_id}.")
        return self._records[run_id]

    def _save(self, run: RunRecord, changed: StageRecord) -> RunRecord:
        stages = tuple(changed if known.name is changed.name else known for known in run.stages)
        self._records[run.run.id] = replace(run, stages=stages)
        return self._records[run.run.id]
