"""How often, and when, a stage is tried again after a failure that may pass. One table; counting is the store's.

Attempts of workers that died are not counted here: the store bounds those by itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.errors import Transient
from bot.core.run import StageName
from bot.ports import Deps
from bot.stages.base import Stage

TOLERANCE_S = 1.0  # two machines' clocks differ


@dataclass(frozen=True, slots=True)
class Retry:
    """At most `attempts` in all (or as many as the stage itself says, where that is more), with a pause between them
    that starts at `first_s` seconds, doubles, and stays below `most_s`. What failed may name a longer pause."""

    attempts: int
    first_s: float
    most_s: float


RETRIES: Mapping[StageName, Retry] = {
    StageName.GATHER: Retry(5, 2.0, 60.0),  # the forge or a remote is away for a minute or two
    StageName.ENVIRONMENT: Retry(3, 5.0, 60.0),  # a package index does not answer
    StageName.ANALYSIS: Retry(2, 1.0, 10.0),
    StageName.REPRODUCTION: Retry(3, 1.0, 10.0),  # a sandbox went away
    StageName.ROOT_CAUSE: Retry(2, 1.0, 10.0),
    StageName.FIX: Retry(2, 1.0, 10.0),  # dear: it starts from nothing
    StageName.VALIDATION: Retry(3, 1.0, 10.0),
    StageName.PUBLICATION: Retry(12, 2.0, 300.0),  # what is proved must not be lost to an outage of half an hour
}


def pause_s(
    policy: Retry, tries: int, failure: BaseException | None = None, chance: Callable[[], float] = random.random
) -> float:
    """Seconds to wait after this many tries (1 or more): between half and all of what the policy says by then, so that
    runs that failed together do not come back together; longer where the failure asks for it."""
    whole = min(policy.most_s, policy.first_s * 2.0 ** min(tries - 1, 30))
    asked_s = failure.retry_after_s if isinstance(failure, Transient) else None
    return max(whole * (0.5 + 0.5 * chance()), asked_s or 0.0)


async def plan(deps: Deps, run_id: str, stage: Stage, failure: Transient, left_s: float) -> tuple[float | None, str]:
    """Seconds until the stage is tried again, which is remembered; or None, and what to add to the error."""
    policy = RETRIES[stage.name]
    tries = await _tries(deps, run_id, stage.name) + 1
    if tries >= max(policy.attempts, stage.attempts):
        return None, f"Tried {tries} times." if tries > 1 else ""
    wait_s = pause_s(policy, tries, failure)
    if stage.name is not StageName.PUBLICATION and wait_s >= left_s:
        return None, f"Trying again in {wait_s:.0f} s would be after the run's time limit."
    due = deps.clock.now() + timedelta(seconds=wait_s)
    await deps.store.remember(run_id, _key(stage.name), f"{tries} {due.isoformat()}")
    return wait_s, ""


async def early(deps: Deps, run_id: str, name: StageName) -> bool:
    """True while a stage that failed waits for its time: a doorbell that rings before means nothing."""
    kept = await deps.store.recall(run_id, _key(name))
    if kept is None:
        return False
    due = datetime.fromisoformat(kept.partition(" ")[2])
    return (due - deps.clock.now()).total_seconds() > TOLERANCE_S


async def _tries(deps: Deps, run_id: str, name: StageName) -> int:
    kept = await deps.store.recall(run_id, _key(name))
    return int(kept.partition(" ")[0]) if kept else 0


def _key(name: StageName) -> str:
    return f"retry:{name.value}"
