"""One attempt at one stage: runs it within the run's time, and turns what comes of it into how the stage ended.

Claiming, saving and trying again belong to who asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.errors import EnvironmentBroken, FixbugsError, InputError, SandboxUnavailable, Transient
from bot.core.evidence import Evidence, Ledger
from bot.core.outcomes import Advance, GiveUp, RunRecord, StageOutcome, StageRecord, StageState
from bot.core.redact import redacted
from bot.core.run import StageName, Verdict
from bot.ports import Deps
from bot.stages.base import Stage, StageContext

log = logging.getLogger(__name__)

PUBLICATION_LIMIT_S = 60.0  # the verdict is written even when the run's own time is up
GRACE_S = 5.0  # how long stages that are still running get to end once the verdict is certain
LEDGER_PREFIX = {
    StageName.GATHER: "G",
    StageName.ENVIRONMENT: "V",
    StageName.ANALYSIS: "A",
    StageName.REPRODUCTION: "R",
    StageName.ROOT_CAUSE: "C",
    StageName.FIX: "F",
    StageName.VALIDATION: "P",
    StageName.PUBLICATION: "U",
}


@dataclass(frozen=True, slots=True)
class Attempted:
    """How an attempt ended. `transient` is what may pass: its stage is WAITING until somebody says that it failed."""

    record: StageRecord
    outcome: StageOutcome | None
    facts: Sequence[Evidence] = ()
    transient: Transient | None = None

    def failed(self, error: str = "") -> Attempted:
        """The same, as the last attempt that there is."""
        record = replace(self.record, state=StageState.FAILED, error=redacted(error)[0] or self.record.error)
        return Attempted(record, None, self.facts)


async def attempt(deps: Deps, record: RunRecord, stage: Stage, deadline: float) -> Attempted:
    """Runs a stage once, until `deadline` (on `deps.clock.monotonic()`) at most.

    Raises nothing but CancelledError.
    """
    context = StageContext(record, stage.name, deps, deadline, Ledger(LEDGER_PREFIX[stage.name]))
    started = deps.clock.monotonic()
    outcome: StageOutcome | None = None
    transient: Transient | None = None
    error, state = "", StageState.FAILED
    try:
        outcome = _without_secrets(await _bounded(stage, context))
        state = StageState.DONE if isinstance(outcome, Advance) else StageState.GAVE_UP
    except Transient as exc:
        transient, error, state = exc, str(exc), StageState.WAITING
    except FixbugsError as exc:
        error = str(exc)
    except Exception as exc:
        log.exception("stage_failed run=%s stage=%s", record.run.id, stage.name.value)
        # Nobody looked at what it says, and on a forge anybody may read it.
        said = str(exc) if record.run.origin is None else "the server's log says more"
        error = f"{type(exc).__name__}: {said}"
    ended = replace(
        record.stage(stage.name),
        state=state,
        wall_s=deps.clock.monotonic() - started,
        finding=context.first_finding,
        counters=tuple(sorted(context.counters.items())),
        error=redacted(error)[0],
    )
    return Attempted(ended, outcome, context.ledger.facts, transient)


def _without_secrets(outcome: StageOutcome) -> StageOutcome:
    """What a stage gives up with is shown to people, and quotes what tools printed: an index's address may hold a
    password."""
    if isinstance(outcome, Advance):
        return outcome

    def clean(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(redacted(text)[0] for text in texts)

    return GiveUp(outcome.verdict, redacted(outcome.detail)[0], clean(outcome.questions), clean(outcome.tried))


async def _bounded(stage: Stage, context: StageContext) -> StageOutcome:
    """The stage's outcome within the run's time; foreseen endings become a GiveUp with a verdict of their own."""
    publishing = stage.name is StageName.PUBLICATION
    limit_s = PUBLICATION_LIMIT_S if publishing else context.remaining_s
    try:
        async with asyncio.timeout(limit_s) as limit:
            return await stage.run(context)
    except TimeoutError as exc:
        if not limit.expired():
            raise  # of something the stage did
        if publishing:
            raise Transient(f"The result could not be written within {PUBLICATION_LIMIT_S:.0f} s.") from exc
        return _out_of_time(context)
    except InputError as exc:
        if publishing:
            raise
        return GiveUp(Verdict.BAD_INPUT, str(exc))
    except (SandboxUnavailable, EnvironmentBroken) as exc:
        output = exc.output if isinstance(exc, EnvironmentBroken) else ""
        return GiveUp(Verdict.CANNOT_RUN, str(exc), tried=(output,) if output else ())


def _out_of_time(context: StageContext) -> GiveUp:
    more = "--time-limit" if context.run.origin is None else "`budget: time` in .github/fixbugs.yml"
    stage = context.stage.value.replace("_", " ")
    detail = f"The time limit of {context.run.time_limit_s:.0f} s ended during {stage}. Give more with {more}."
    return GiveUp(Verdict.OUT_OF_TIME, detail)
