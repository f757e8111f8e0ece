"""What claiming, finishing, stopping … do to a run: pure rules, the same for every store. Where a run is kept, and that
a change is atomic, is each store's own business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.core.artifacts import SourceText
from bot.core.evidence import Evidence
from bot.core.outcomes import (
    Advance,
    GiveUp,
    RunRecord,
    StageOutcome,
    StageRecord,
    StageState,
    conclude,
)
from bot.core.run import Run, StageName
from bot.ports import Claim

MAX_DEATHS = 5  # so many workers may die of one stage before it counts as failed
LOOK_S = 60.0  # an open run is looked at this often at least, whatever is going on in it
MOST_HANDED_IN = 50  # texts, of at most 64 Ki characters each
QUIET_S = 5.0  # a run in which nothing runs may have lost its doorbell: it is looked at after this long


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of a change. `s` is in seconds, comparable with every other change's in the same store."""

    at: datetime
    s: float


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may run a stage. `fence` is the latest claim's; `ends_s` is 0 when nobody holds it; `deaths` counts the
    holders whose lease ran out."""

    fence: int = 0
    ends_s: float = 0.0
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class RunState:
    """A run's record and its leases (none for a stage that was never claimed). `look_s` is when somebody should look at
    it the next time, leases aside."""

    record: RunRecord
    leases: Mapping[StageName, Lease] = field(default_factory=dict)
    look_s: float = 0.0

    def lease(self, stage: StageName) -> Lease:
        return self.leases.get(stage, Lease())

    @property
    def started(self) -> bool:
        """Whether it was let in, or ended before it was: then only its verdict is left to be written."""
        return self.record.started_at is not None or self.record.verdict is not None

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.record.finished

    @property
    def overdue_s(self) -> float:
        """When somebody should look at it: a lease runs out, or nobody has looked for long."""
        ends = [lease.ends_s for lease in self.leases.values() if lease.ends_s > 0.0]
        return min([self.look_s, *ends])


def opened(run: Run, stages: Sequence[StageName], now: Now, *, started: bool) -> RunState:
    """A new run; one that is not `started` waits until it is let in."""
    records = tuple(StageRecord(name) for name in stages)
    return _looked_at(RunState(RunRecord(run, records, started_at=now.at if started else None)), now)


def claimed(state: RunState, stage: StageName, lease_s: float, now: Now) -> tuple[RunState, Claim | None]:
    """The stage with a new holder; None where somebody has a live lease, the stage has ended, the run still waits to be
    let in, or its verdict is certain (then publication alone may start)."""
    state = settled(state, now)
    record = state.record
    current, lease = record.stage(stage), state.lease(stage)
    if current.state is not StageState.WAITING or not state.started:
        return state, None
    if record.verdict is not None and stage is not StageName.PUBLICATION:
        return state, None
    fence, attempt = lease.fence + 1, current.attempts + 1
    running = replace(current, state=StageState.RUNNING, attempts=attempt, started_at=now.at)
    state = _held(_with(state, running), stage, replace(lease, fence=fence, ends_s=now.s + lease_s))
    return _looked_at(state, now), Claim(record.run.id, stage, fence, attempt)


def settled(state: RunState, now: Now) -> RunState:
    """The run after every lease that ran out has ended: its stage waits again, is skipped when the verdict is certain
    already, or has failed for good once `MAX_DEATHS` workers died of it."""
    for stage, lease in state.leases.items():
        if not 0.0 < lease.ends_s <= now.s:
            continue
        lost = replace(lease, ends_s=0.0, deaths=lease.deaths + 1)
        current = state.record.stage(stage)
        if lost.deaths >= MAX_DEATHS:
            after = replace(current, state=StageState.FAILED, error=_poisonous(state, stage, lost))
        elif state.record.verdict is not None and stage is not StageName.PUBLICATION:
            after = replace(current, state=StageState.SKIPPED)
        else:
            after = replace(current, state=StageState.WAITING)
        state = _held(_with(state, after), stage, lost)
    return replace(state, record=conclude(state.record))


def renewed(state: RunState, claim: Claim, lease_s: float, now: Now) -> RunState | None:
    """None when the claim was lost."""
    if not _holds(state, claim):
        return None
    return _held(state, claim.stage, replace(state.lease(claim.stage), ends_s=now.s + lease_s))


def finished(
    state: RunState,
    claim: Claim,
    record: StageRecord,
    outcome: StageOutcome | None,
    evidence: Sequence[Evidence],
    *,
    now: Now,
) -> RunState | None:
    """The stage as it ended, with its artifact, its evidence, and the run's verdict where that is certain now; None
    when the claim was lost. Attempts are counted here, not by the worker; a finding that was kept before stays."""
    if not _holds(state, claim):
        return None
    current = state.record.stage(claim.stage)
    after = replace(record, attempts=current.attempts, finding=record.finding or current.finding)
    run = _with(state, after).record
    run = replace(run, evidence=(*run.evidence, *evidence))
    if isinstance(outcome, Advance):
        run = replace(run, artifacts=(*run.artifacts, outcome.artifact))
    elif isinstance(outcome, GiveUp) and run.give_up is None and run.verdict is None:
        run = replace(run, give_up=outcome)
    return _looked_at(_released(replace(state, record=conclude(run)), claim.stage), now)


def handed_back(state: RunState, claim: Claim, now: Now) -> RunState | None:
    """The stage waits again and this attempt does not count; None when the claim was lost."""
    if not _holds(state, claim):
        return None
    current = state.record.stage(claim.stage)
    waiting = replace(current, state=StageState.WAITING, attempts=current.attempts - 1)
    return _looked_at(_released(_with(state, waiting), claim.stage), now)


def given_up(state: RunState, reason: GiveUp, now: Now) -> RunState:
    """The run with this verdict, unless it has one."""
    if state.record.verdict is not None:
        return state
    return _looked_at(replace(state, record=conclude(replace(state.record, give_up=reason))), now)


def found(state: RunState, stage: StageName, text: str) -> RunState:
    current = state.record.stage(stage)
    return state if current.finding else _with(state, replace(current, finding=text))


def handed_in(state: RunState, text: SourceText) -> RunState:
    """With this text, and the newest of those before: anybody may say anything as often as they like."""
    others = tuple(known for known in state.record.handed_in if known.name != text.name)
    return replace(state, record=replace(state.record, handed_in=(*others, text)[-MOST_HANDED_IN:]))


def looked_at(state: RunState, now: Now) -> RunState:
    """The run, its lost leases settled, as somebody saw it who rings for what it needs."""
    return _looked_at(settled(state, now), now)


def _poisonous(state: RunState, stage: StageName, lease: Lease) -> str:
    return (
        f"{lease.deaths} workers died, or stopped answering, while they ran this stage, so it is not tried again. The "
        f"machine may be short of memory: look in the workers' logs for run {state.record.run.id}, stage {stage.value}."
    )


def _looked_at(state: RunState, now: Now) -> RunState:
    busy = any(lease.ends_s > 0.0 for lease in state.leases.values())
    return replace(state, look_s=now.s + (LOOK_S if busy else QUIET_S))


def _holds(state: RunState, claim: Claim) -> bool:
    """Also after the lease ran out, as long as nobody noticed: what was done is not done twice then."""
    lease = state.lease(claim.stage)
    return lease.fence == claim.fence and lease.ends_s > 0.0


def _released(state: RunState, stage: StageName) -> RunState:
    return _held(state, stage, replace(state.lease(stage), ends_s=0.0))


def _held(state: RunState, stage: StageName, lease: Lease) -> RunState:
    return replace(state, leases={**state.leases, stage: lease})


def _with(state: RunState, changed: StageRecord) -> RunState:
    stages = tuple(changed if known.name is changed.name else known for known in state.record.stages)
    return replace(state, record=replace(state.record, stages=stages))
