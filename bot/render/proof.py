"""What a run proved, as lines and numbers that every report shows alike. No layout, no judging: stages judge."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.artifacts import Environment, Necessity, Reproduction, SuiteChange, Validation
from bot.core.outcomes import RunRecord
from bot.core.proof import RED
from bot.core.testing import Failure, Outcome, TestRun
from bot.render.wording import counted, one_line, short_commit

PROBLEMS = (Outcome.FAILED, Outcome.ERROR, Outcome.TIMED_OUT, Outcome.MISSING)


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One step of the proof: `value` is its short result, `detail` one sentence; `runs` has one flag per proof run,
    True where it came out as the proof wants it."""

    label: str
    value: str
    detail: str
    holds: bool
    red: bool = False  # this step wants its runs to fail
    runs: tuple[bool, ...] = ()


def outcome_counts(run: TestRun) -> tuple[tuple[Outcome, int], ...]:
    """How many tests ended how, in the order of `Outcome`, without the outcomes that did not occur."""
    counts = ((outcome, sum(r.outcome is outcome for r in run.results)) for outcome in Outcome)
    return tuple((outcome, number) for outcome, number in counts if number)


def regressions(changes: tuple[SuiteChange, ...]) -> tuple[SuiteChange, ...]:
    """The changes from passed to some problem, but for those that the proof found to be flaky and says so."""
    return tuple(c for c in changes if c.before is Outcome.PASSED and c.after in PROBLEMS and not c.note)


def first_failure(reproduction: Reproduction) -> Failure | None:
    """The failure that the first red run shows for the first failing test."""
    for run in reproduction.red:
        for test_id in reproduction.failing_ids:
            result = run.result(test_id)
            if result and result.failure:
                return result.failure
    return None


def failure_line(failure: Failure | None) -> str:
    if failure is None:
        return "no failure message"
    message = one_line(failure.message, 200)
    return f"{one_line(failure.exception_type)}: {message}" if message else one_line(failure.exception_type)


def proof_steps(record: RunRecord) -> tuple[ProofStep, ...]:
    """Red, green, suite and hunks: as many of them as the run got to."""
    reproduction, validation = record.artifact(Reproduction), record.artifact(Validation)
    steps: list[ProofStep] = []
    if reproduction:
        steps.append(_red(reproduction, short_commit(record)))
    if validation:
        steps += [_green(validation), _suite(record.artifact(Environment), validation), _hunks(validation)]
    return tuple(steps)


def _red(reproduction: Reproduction, commit: str) -> ProofStep:
    runs = tuple(
        not run.distrust
        and bool(reproduction.failing_ids)
        and all((r := run.result(i)) is not None and r.outcome in RED for i in reproduction.failing_ids)
        for run in reproduction.red
    )
    failure = first_failure(reproduction)
    detail = f"At {commit} the test fails: {failure_line(failure) if failure else 'it does not end'}."
    return ProofStep("Before", f"red {sum(runs)} of {len(runs)}", detail.replace("..", "."), all(runs), True, runs)


def _green(validation: Validation) -> ProofStep:
    runs = tuple(run.green for run in validation.green)
    detail = "With the fix the same test passes, each time in a fresh process."
    return ProofStep("After", f"green {sum(runs)} of {len(runs)}", detail, bool(runs) and all(runs), False, runs)


def _suite(environment: Environment | None, validation: Validation) -> ProofStep:
    before, after = environment.baseline if environment else None, validation.suite_after
    if after is None or before is None:
        skipped = one_line(environment.baseline_skipped) if environment else ""
        reason = skipped or "the suite was not run"
        return ProofStep("Everything else", "not compared", f"No suite to compare: {reason.rstrip('.')}.", False)
    passed_before, passed_after = len(before.ids(Outcome.PASSED)), len(after.ids(Outcome.PASSED))
    broken = regressions(validation.changes)
    numbers = (
        f"{passed_before:,} of {counted(len(before.results), 'test')} passed before, "
        f"{passed_after:,} of {len(after.results):,} after"
    )
    if broken:
        names = ", ".join(one_line(change.id, 120) for change in broken[:3])
        return ProofStep("Everything else", f"{len(broken):,} broken", f"{numbers}; broken: {names}.", False)
    value = "unchanged" if not validation.changes else f"{len(validation.changes):,} changed, none broken"
    return ProofStep("Everything else", value, f"{numbers}.", not after.distrust)


def _hunks(validation: Validation) -> ProofStep:
    total = len(validation.hunks)
    coupled = sum(h.necessity is Necessity.COUPLED for h in validation.hunks)
    value = f"{counted(total, 'hunk')}, {'all ' if total > 1 else ''}{'needed' if total else 'none judged'}"
    detail = "Without it the proof fails." if total == 1 else "Without any one of them the proof fails."
    if coupled:
        detail += f" {coupled} of {total}: the code does not load without it."
    if not total:
        detail = "No hunk was taken away to see whether it is needed."
    return ProofStep("Nothing spare", value, detail, total > 0)
