"""What a run proved, as lines and numbers that every report shows alike. No layout, no judging: stages judge."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.artifacts import (
    Environment,
    JudgedHunk,
    Judgement,
    Necessity,
    Rebased,
    Reproduction,
    SuiteChange,
    Validation,
)
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


def first_failure(shown: Reproduction | Judgement) -> Failure | None:
    """The failure that the first red run shows for the first failing test."""
    for run in shown.red:
        for test_id in shown.failing_ids:
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
    judgement, environment = record.artifact(Judgement), record.artifact(Environment)
    steps: list[ProofStep] = []
    if reproduction:
        steps.append(_red(reproduction, short_commit(record)))
    if validation:
        before = environment.baseline if environment else None
        skipped = one_line(environment.baseline_skipped) if environment else ""
        compared = before, validation.suite_after, validation.changes, regressions(validation.changes)
        steps += [_green(validation), _suite(*compared, skipped), _hunks(validation.hunks)]
        steps += [_rebased(validation.rebased)] if validation.rebased else []
    if judgement:
        steps += judged_steps(judgement)
    return tuple(steps)


def judged_steps(judgement: Judgement) -> tuple[ProofStep, ...]:
    """The same steps for somebody else's change; none that could not be taken."""
    steps: list[ProofStep] = []
    if judgement.red:
        steps.append(_judged_red(judgement))
    if judgement.green:
        steps.append(_judged_green(judgement))
    told = tuple(c for c in regressions(judgement.changes) if any(f.startswith(f"{c.id} ") for f in judgement.findings))
    if judgement.suite_before:
        steps.append(_suite(judgement.suite_before, judgement.suite_after, judgement.changes, told, ""))
    if judgement.hunks:
        steps.append(_judged_hunks(judgement.hunks))
    return tuple(steps)


def _reddened(runs: tuple[TestRun, ...], failing_ids: tuple[str, ...]) -> tuple[bool, ...]:
    return tuple(
        not run.distrust
        and bool(failing_ids)
        and all((r := run.result(i)) is not None and r.outcome in RED for i in failing_ids)
        for run in runs
    )


def _red(reproduction: Reproduction, commit: str) -> ProofStep:
    runs = _reddened(reproduction.red, reproduction.failing_ids)
    failure = first_failure(reproduction)
    detail = f"At {commit} the test fails: {failure_line(failure) if failure else 'it does not end'}."
    return ProofStep("Before", f"red {sum(runs)} of {len(runs)}", detail.replace("..", "."), all(runs), True, runs)


def _judged_red(judgement: Judgement) -> ProofStep:
    runs, base = _reddened(judgement.red, judgement.failing_ids), judgement.base.sha[:7]
    failing, total = len(judgement.failing_ids), counted(len(judgement.test_ids), "test")
    if not failing:
        which = f"none of its {total} shows" if len(judgement.test_ids) > 1 else "its test does not show"
        detail = f"On the base {base}, with only its tests added, {which} a bug."
        return ProofStep("Before", "not red", detail, False, True)
    failure = first_failure(judgement)
    fails = "fails" if failing == 1 else "fail"
    what = "its test fails" if failing == len(judgement.test_ids) == 1 else f"{failing} of its {total} {fails}"
    said = failure_line(failure) if failure else "no end"
    detail = f"On the base {base}, with only its tests added, {what}: {said}."
    return ProofStep("Before", f"red {sum(runs)} of {len(runs)}", detail.replace("..", "."), all(runs), True, runs)


def _green(validation: Validation) -> ProofStep:
    runs = tuple(run.green for run in validation.green)
    detail = "With the fix the same test passes, each time in a fresh process."
    return ProofStep("After", f"green {sum(runs)} of {len(runs)}", detail, bool(runs) and all(runs), False, runs)


def _judged_green(judgement: Judgement) -> ProofStep:
    fine = (Outcome.PASSED, Outcome.SKIPPED)
    runs = tuple(not run.distrust and all(r.outcome in fine for r in run.results) for run in judgement.green)
    head = judgement.head.sha[:7]
    if all(runs):
        detail = f"At its head {head} they pass, each time in a fresh process."
    else:
        detail = f"At its head {head} they do not pass every time."
    return ProofStep("After", f"green {sum(runs)} of {len(runs)}", detail, all(runs), False, runs)


def _suite(
    before: TestRun | None,
    after: TestRun | None,
    changes: tuple[SuiteChange, ...],
    broken: tuple[SuiteChange, ...],
    skipped: str,
) -> ProofStep:
    if after is None or before is None:
        reason = skipped or "the suite was not run"
        return ProofStep("Everything else", "not compared", f"No suite to compare: {reason.rstrip('.')}.", False)
    passed_before, passed_after = len(before.ids(Outcome.PASSED)), len(after.ids(Outcome.PASSED))
    numbers = (
        f"{passed_before:,} of {counted(len(before.results), 'test')} passed before, "
        f"{passed_after:,} of {len(after.results):,} after"
    )
    if broken:
        names = ", ".join(one_line(change.id, 120) for change in broken[:3])
        return ProofStep("Everything else", f"{len(broken):,} broken", f"{numbers}; broken: {names}.", False)
    value = "unchanged" if not changes else f"{len(changes):,} changed, none broken"
    return ProofStep("Everything else", value, f"{numbers}.", not after.distrust)


def _hunks(hunks: tuple[JudgedHunk, ...]) -> ProofStep:
    total = len(hunks)
    coupled = sum(h.necessity is Necessity.COUPLED for h in hunks)
    value = f"{counted(total, 'hunk')}, {'all ' if total > 1 else ''}{'needed' if total else 'none judged'}"
    detail = "Without it the proof fails." if total == 1 else "Without any one of them the proof fails."
    if coupled:
        detail += f" {coupled} of {total}: the code does not load without it."
    if not total:
        detail = "No hunk was taken away to see whether it is needed."
    return ProofStep("Nothing spare", value, detail, total > 0)


def _judged_hunks(hunks: tuple[JudgedHunk, ...]) -> ProofStep:
    unneeded = [h for h in hunks if h.necessity is Necessity.UNNEEDED]
    if not unneeded:
        return _hunks(hunks)
    value = f"{len(hunks) - len(unneeded):,} of {counted(len(hunks), 'hunk')} needed"
    places = ", ".join(f"{one_line(h.hunk.path, 120)}:{h.hunk.line}" for h in unneeded[:3])
    more = f" and {len(unneeded) - 3:,} more" if len(unneeded) > 3 else ""
    return ProofStep("Nothing spare", value, f"All tests end alike without {places}{more}.", False)


def _rebased(rebased: Rebased) -> ProofStep:
    green = sum(run.green for run in rebased.green)
    broken = regressions(rebased.changes)
    detail = (
        f"The branch had moved to {rebased.commit.sha[:7]}, so all of it was run again there: "
        f"{green} of {len(rebased.green)} green with the fix"
    )
    detail += f", {len(broken):,} broken." if broken else ", nothing else broken."
    holds = bool(rebased.green) and green == len(rebased.green) and not broken
    return ProofStep("On the newest commit", "proved again" if holds else "not proved", detail, holds)
