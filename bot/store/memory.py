"""The Store in this process's memory: for the command line and for tests. Nothing survives the process."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.artifacts import SourceText
from bot.core.errors import Permanent
from bot.core.evidence import Evidence
from bot.core.outcomes import GiveUp, RunRecord, StageOutcome, StageRecord
from bot.core.run import Run, StageName
from bot.ports import Claim, Clock
from bot.store import transitions
from bot.store.transitions import Now, RunState


class MemoryStore:
    """One event loop at a time; every method finishes without awaiting, so each is atomic."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._states: dict[str, RunState] = {}
        self._remembered: dict[tuple[str, str], str] = {}

    async def create(self, run: Run, stages: Sequence[StageName]) -> None:
        if run.id in self._states:
            raise Permanent(f"Run {run.id} exists already.")
        self._states[run.id] = transitions.opened(run, stages, self._now(), started=True)

    async def load(self, run_id: str) -> RunRecord:
        return self._state(run_id).record

    async def claim(self, run_id: str, stage: StageName, lease_s: float) -> Claim | None:
        after, claim = transitions.claimed(self._state(run_id), stage, lease_s, self._now())
        self._states[run_id] = after
        return claim

    async def renew(self, claim: Claim, lease_s: float) -> bool:
        return self._keep(claim, transitions.renewed(self._state(claim.run_id), claim, lease_s, self._now()))

    async def finish(
        self, claim: Claim, record: StageRecord, outcome: StageOutcome | None, evidence: Sequence[Evidence]
    ) -> bool:
        state = self._state(claim.run_id)
        return self._keep(claim, transitions.finished(state, claim, record, outcome, evidence, now=self._now()))

    async def hand_back(self, claim: Claim) -> None:
        self._keep(claim, transitions.handed_back(self._state(claim.run_id), claim, self._now()))

    async def found(self, run_id: str, stage: StageName, text: str) -> None:
        self._states[run_id] = transitions.found(self._state(run_id), stage, text)

    async def hand_in(self, run_id: str, text: SourceText) -> None:
        self._states[run_id] = transitions.handed_in(self._state(run_id), text)

    async def remember(self, run_id: str, name: str, value: str) -> None:
        self._state(run_id)
        self._remembered[run_id, name] = value

    async def recall(self, run_id: str, name: str) -> str | None:
        return self._remembered.get((run_id, name))

    async def give_up(self, run_id: str, reason: GiveUp) -> None:
        self._states[run_id] = transitions.given_up(self._state(run_id), reason, self._now())

    async def stopped(self, run_id: str) -> bool:
        return self._state(run_id).record.verdict is not None

    async def overdue(self) -> tuple[str, ...]:
        """Open runs that nobody looked at for a while, or that have a stage whose worker died; the caller looks now."""
        now = self._now()
        late = [key for key, state in self._states.items() if not state.ended and state.overdue_s <= now.s]
        for run_id in late:
            self._states[run_id] = transitions.looked_at(self._states[run_id], now)
        return tuple(late)

    def _keep(self, claim: Claim, after: RunState | None) -> bool:
        if after is not None:
            self._states[claim.run_id] = after
        return after is not None

    def _now(self) -> Now:
        return Now(self._clock.now(), self._clock.monotonic())

    def _state(self, run_id: str) -> RunState:
        if run_id not in self._states:
            raise Permanent(f"There is no run {run_id}.")
        return self._states[run_id]
