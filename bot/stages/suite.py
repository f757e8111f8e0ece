"""The suite with a fix, held against its baseline: what changed, what is broken, and what is only flaky."""

from __future__ import annotations

from dataclasses import replace

from bot.core.artifacts import SuiteChange
from bot.core.patch import Patch
from bot.core.proof import REPEATS, suite_changes
from bot.core.testing import Outcome, TestRun
from bot.stages.repetition import wall_limit_s
from bot.stages.trial import Refused, Trial

RERUNS = 2  # of a test that passed before and does not now
SLOWER = 2.0  # than at the base: how much the suite may be before it is ended
SHARE = 0.6  # of the time left, at most


async def compared(trial: Trial, fix: Patch) -> tuple[TestRun | None, tuple[SuiteChange, ...]]:
    """The suite's run with the fix, and each test that ends differently; none where there is no baseline.

    A test that passed before and does not now is run again: it is either broken, and Refused is raised, or flaky, and
    its change says what was seen.
    """
    baseline = trial.environment.baseline
    if baseline is None:
        return None, ()
    reached = tuple(r.id for r in baseline.results if r.outcome is not Outcome.MISSING)
    ids = reached + tuple(i for i in trial.reproduction.test.test_ids if i not in set(reached))
    needed_s = min(trial.context.remaining_s * SHARE, baseline.wall_s * SLOWER)
    after = await trial.run(fix, ids, max(wall_limit_s(trial.context), needed_s))
    if after.distrust:
        raise trial.untrusted(after, "the suite's run")
    changes = suite_changes(baseline, after, trial.environment.flaky)
    worse = tuple(c.id for c in changes if c.before is Outcome.PASSED and c.after is not Outcome.PASSED)
    notes = await _flaky(trial, fix, worse) if worse else {}
    return after, tuple(replace(c, note=notes.get(c.id, c.note)) for c in changes)


async def _flaky(trial: Trial, fix: Patch, worse: tuple[str, ...]) -> dict[str, str]:
    """What was seen of these tests, each of which is flaky. Raises Refused when one is broken: the fix is to blame
    unless the test passes each time it is run again, or is seen failing without the fix too."""
    passes = await _passes(trial, fix, worse, RERUNS)
    known = set(trial.environment.flaky)
    doubtful = tuple(i for i in worse if passes[i] < RERUNS and (passes[i] or i in known))
    at_base = await _passes(trial, Patch(()), doubtful, REPEATS) if doubtful else {}
    broken = [i for i in worse if passes[i] < RERUNS and at_base.get(i, REPEATS) == REPEATS]
    if broken:
        states = f"{len(broken)} test{'s' * (len(broken) != 1)} that passed before: {', '.join(broken[:3])}"
        raise Refused(f"it breaks {states}. If such a test states the bug itself, a person has to decide")
    notes = {}
    for test_id in worse:
        base = f", {at_base[test_id]} of {REPEATS} without it" if test_id in at_base else ""
        notes[test_id] = f"flaky: passes {passes[test_id]} of {RERUNS + 1} times with the fix{base}"
    return notes


async def _passes(trial: Trial, patch: Patch, test_ids: tuple[str, ...], times: int) -> dict[str, int]:
    """How often each test passes."""
    counts = dict.fromkeys(test_ids, 0)
    for _ in range(times):
        run = await trial.run(patch, test_ids)
        if run.distrust:
            raise trial.untrusted(run, "the run of tests that changed")
        for test_id in run.ids(Outcome.PASSED):
            counts[test_id] += 1
    return counts
