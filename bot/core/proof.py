"""The rules of proof: when a reproduction counts, what a suite's change means, why a hunk is needed. Pure judgement
over test runs; running them belongs to the stages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.core.artifacts import Necessity, SuiteChange
from bot.core.testing import FailureSignature, Outcome, TestRun

REPEATS = 3
RED = frozenset({Outcome.FAILED, Outcome.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class ReproductionVerdict:
    """`failing_ids` are the tests that failed alike in every run for the reported reason; `reason` says why there are
    none. `passed` is true when every test passed in every run."""

    failing_ids: tuple[str, ...]
    reason: str = ""
    passed: bool = False


def judge_reproduction(
    runs: Sequence[TestRun], signature: FailureSignature, *, hang_counts: bool
) -> ReproductionVerdict:
    """Do these runs of one candidate test, all at the base commit, show the reported bug?

    `hang_counts`: a person named this very test as failing, so that not ending is how it fails; otherwise a time-out
    shows nothing.
    """
    for run in runs:
        if run.distrust:
            return ReproductionVerdict((), f"the test run cannot be trusted: {run.distrust}")
    if all(run.green for run in runs):
        return ReproductionVerdict((), f"passed {len(runs)} of {len(runs)} times", passed=True)
    failing, reasons = [], []
    for test_id in runs[0].expected:
        reason = _why_not_red(runs, test_id, signature, hang_counts)
        if reason:
            reasons.append(f"{test_id} {reason}")
        elif reason is None:
            failing.append(test_id)
    if failing:
        return ReproductionVerdict(tuple(failing))
    return ReproductionVerdict((), "; ".join(reasons[:3]) or "no test failed")


def _why_not_red(runs: Sequence[TestRun], test_id: str, signature: FailureSignature, hang_counts: bool) -> str | None:
    """None: it counts. "": it passes, or was skipped, every time. Otherwise why its failing does not count."""
    results = [run.result(test_id) for run in runs]
    outcomes = [result.outcome if result else Outcome.MISSING for result in results]
    if all(outcome not in RED and outcome not in (Outcome.ERROR, Outcome.MISSING) for outcome in outcomes):
        return ""
    if len(set(outcomes)) > 1:
        count = sum(outcome in RED for outcome in outcomes)
        return f"is not stable: it failed {count} of {len(runs)} times"
    first = outcomes[0]
    if first is Outcome.MISSING:
        return "was never reported"
    if first is Outcome.TIMED_OUT:
        return None if hang_counts else "did not end in time, which shows nothing by itself"
    for result in results:
        failure = result.failure if result else None
        if failure is None:
            return "failed without saying how"
        if first is Outcome.ERROR:
            return f"did not run: {failure.exception_type} in {failure.phase}"
        mismatch = signature.mismatch(failure)
        if mismatch:
            return f"failed for another reason: {mismatch}"
    return None


def suite_changes(before: TestRun | None, after: TestRun, flaky: Collection[str]) -> tuple[SuiteChange, ...]:
    """Tests of the baseline whose outcome differs afterwards. A test that never got to run before is no change."""
    if before is None:
        return ()
    changes = []
    for old in before.results:
        new = after.result(old.id)
        outcome = new.outcome if new else Outcome.MISSING
        if old.outcome is Outcome.MISSING or outcome is old.outcome:
            continue
        changes.append(SuiteChange(old.id, old.outcome, outcome, "flaky before" if old.id in flaky else ""))
    return tuple(changes)


def regressions(changes: Sequence[SuiteChange]) -> tuple[SuiteChange, ...]:
    """Changes that break what worked and that flakiness does not explain."""
    return tuple(c for c in changes if c.before is Outcome.PASSED and c.after is not Outcome.PASSED and not c.note)


def necessity_of(run: TestRun, failing_ids: Sequence[str]) -> Necessity | None:
    """Why the fix needs the hunk that was taken away for this run, or None when it does not need it."""
    if run.green:
        return None
    failures = [result.failure for result in run.results if result.failure is not None]
    if any(failure.phase == "collect" for failure in failures):
        return Necessity.COUPLED
    outcomes = [result.outcome for result in run.results if result.id in failing_ids]
    if not run.distrust and any(outcome in RED for outcome in outcomes):
        return Necessity.NECESSARY
    return Necessity.COUPLED


def first_to_mind(run: TestRun) -> str:
    """The first test of this run that did not pass, and how, in one line."""
    for result in run.results:
        if result.outcome is not Outcome.PASSED:
            failure = result.failure
            said = f": {failure.exception_type}: {failure.message}".rstrip(": ") if failure else ""
            return f"{result.id} {result.outcome.value}{said.splitlines()[0][:160] if said else ''}"
    return run.distrust or "the run was not green"
