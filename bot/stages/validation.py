"""Validation: proves one candidate in fresh sandboxes, or refuses them all. Nothing that screening said is believed."""

from __future__ import annotations

from dataclasses import replace

from bot.core.artifacts import (
    Attempt,
    CandidatePatch,
    Candidates,
    Dossier,
    Environment,
    JudgedHunk,
    Necessity,
    Reproduction,
    Validation,
)
from bot.core.errors import InputError
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.minimize import minimize
from bot.core.outcomes import Advance, GiveUp, StageOutcome
from bot.core.patch import Hunk, Patch, patch_from_hunks
from bot.core.path_roles import is_writable
from bot.core.proof import REPEATS, first_to_mind, necessity_of
from bot.core.run import StageName, Verdict
from bot.core.testing import Outcome, TestRun
from bot.stages.base import Stage, StageContext
from bot.stages.newer_base import Proof, proved_again
from bot.stages.parts import line_parts
from bot.stages.repetition import repeated
from bot.stages.restraint import literals_of_tests, refusal_of
from bot.stages.suite import compared
from bot.stages.trial import CutShort, Refused, Trial


async def validate(context: StageContext) -> StageOutcome:
    """The Validation of the first survivor that holds. Gives up, saying why, when none does."""
    reproduction, candidates = context.need(Reproduction), context.need(Candidates)
    tree = await context.deps.code.tree(context.run.repository, context.need(Dossier).commit.sha)
    if reproduction.test.patch is not None:
        tree = reproduction.test.patch.apply(tree)
    trial = Trial(context, context.need(Environment), reproduction, tree)
    rejected: list[Attempt] = []
    survivors = [screened.candidate for screened in candidates.survivors]
    for number, screened in enumerate(candidates.survivors):
        candidate, others = screened.candidate, tuple(survivors[number + 1 :])
        context.count("candidates")
        what = _what(candidate)
        try:
            proved = await _prove(trial, candidate)
            built = reproduction.test.patch is not None  # from one example in a report, not by who knows the code
            deaf = screened.witnesses == 0 or (built and candidates.ruled_out == 0)  # no other test would notice
            if others and deaf and len(reproduction.failing_ids) == 1:
                return _undecided(candidate, others, rejected)
            newer = await proved_again(context, proved.fix, _shown_by_runs)
            if isinstance(newer, GiveUp):
                return newer
            advanced = replace(proved, rejected=tuple(rejected), alternatives=others, witnesses=screened.witnesses)
            return Advance(replace(advanced, rebased=newer))
        except (Refused, InputError) as exc:  # a patch that does not fit is the candidate's fault, nobody's input
            rejected.append(Attempt(what, str(exc)))
        except CutShort as exc:
            rejected.append(Attempt(what, str(exc)))
            return _out_of_time(context, rejected)
    detail = "Every candidate that looked right in screening was refused by the proof."
    return GiveUp(Verdict.NO_FIX_FOUND, detail, (), _tried(rejected))


def _undecided(candidate: CandidatePatch, others: tuple[CandidatePatch, ...], rejected: list[Attempt]) -> GiveUp:
    """One example and several ways to satisfy it: choosing among them would be a guess."""
    detail = (
        f"{len(others) + 1} different changes make the failing test pass, and no other test tells any of them apart, "
        "so nothing decides between them."
    )
    questions = ("What should it give for one or two other inputs? Each further example, or test, rules changes out.",)
    passing = tuple(f"{_what(each)}: makes the failing test pass" for each in (candidate, *others))
    return GiveUp(Verdict.NO_FIX_FOUND, detail, questions, passing + _tried(rejected))


def _what(candidate: CandidatePatch) -> str:
    return f"{candidate.path}:{candidate.line} {candidate.description}"


def _out_of_time(context: StageContext, rejected: list[Attempt]) -> GiveUp:
    detail = (
        f"The time limit of {context.run.time_limit_s:.0f} s left too little for the proof. "
        "Give more with --time-limit."
    )
    return GiveUp(Verdict.OUT_OF_TIME, detail, (), _tried(rejected))


def _tried(rejected: list[Attempt]) -> tuple[str, ...]:
    return tuple(f"{attempt.what}: {attempt.result}" for attempt in rejected)


async def _prove(trial: Trial, candidate: CandidatePatch) -> Validation:
    """Green three times of three, nothing else broken, minimal, every hunk needed; raises Refused where it is not."""
    touched = [
        path for path in candidate.patch.paths if not is_writable(path, trial.context.run.policy.protected_paths)
    ]
    if touched:
        raise Refused(f"it changes {touched[0]}, which a fix may not touch")
    fix = await _minimal(trial, candidate.patch)
    reason = refusal_of(fix, literals_of_tests(trial.tree, trial.reproduction.failing_ids))
    if reason:
        raise Refused(reason.rstrip("."))
    green, suite_after, changes, hunks = await _shown_by_runs(trial, fix)
    context = trial.context
    context.finding(f"proved: green {REPEATS} of {REPEATS}, {_counted(hunks)}")
    claim = f"{trial.reproduction.failing_ids[0]} passes with the fix, {REPEATS} of {REPEATS} times."
    context.add(Evidence(EvidenceKind.TEST, claim, Provenance(green[0].command), "", "validation"))
    return Validation(candidate, fix, green, suite_after, changes, hunks)


async def _shown_by_runs(trial: Trial, fix: Patch) -> Proof:
    green = await _green(trial, fix)
    suite_after, changes = await compared(trial, fix)
    return green, suite_after, changes, tuple([await _judged(trial, fix, hunk) for hunk in fix.hunks()])


def _counted(hunks: tuple[JudgedHunk, ...]) -> str:
    coupled = sum(hunk.necessity is Necessity.COUPLED for hunk in hunks)
    needed = len(hunks) - coupled
    said = f"{needed} necessary hunk{'s' * (needed != 1)}"
    return f"{said}, {coupled} without which it does not load" if coupled else said


async def _minimal(trial: Trial, patch: Patch) -> Patch:
    """The patch with every hunk and line gone that the named tests do not need."""
    hunks = await _fewest(trial, patch.hunks())
    lines = tuple(part for hunk in hunks for part in line_parts(hunk))
    return patch_from_hunks(trial.tree, await _fewest(trial, lines) if len(lines) > len(hunks) else hunks)


async def _fewest(trial: Trial, hunks: tuple[Hunk, ...]) -> tuple[Hunk, ...]:
    async def works(part: tuple[Hunk, ...]) -> bool:
        return await trial.works(patch_from_hunks(trial.tree, part))

    return await minimize(hunks, works)


async def _green(trial: Trial, fix: Patch) -> tuple[TestRun, ...]:
    tree, ids = fix.apply(trial.tree), trial.reproduction.test.test_ids
    runs = await repeated(trial.context, trial.environment, tree, ids)
    for run in runs:
        if run.distrust:
            raise trial.untrusted(run, "its test run")
    for run in runs:
        if not run.green:
            broken = next((r.id for r in run.results if r.outcome is not Outcome.PASSED), "no test")
            passed = sum((r := run.result(broken)) is not None and r.outcome is Outcome.PASSED for run in runs)
            raise Refused(f"{broken} passes {passed} of {len(runs)} times with it")
    return runs


async def _judged(trial: Trial, fix: Patch, hunk: Hunk) -> JudgedHunk:
    """Why this hunk is needed, shown by running the tests without it: each time, when it is one of several. (Without
    an only hunk the code is the base, which was seen red already.)"""
    others = tuple(other for other in fix.hunks() if other != hunk)
    judged = await _judged_once(trial, others, hunk)
    for _ in range(REPEATS - 1 if others else 0):
        judged = await _judged_once(trial, others, hunk)
    return judged


async def _judged_once(trial: Trial, others: tuple[Hunk, ...], hunk: Hunk) -> JudgedHunk:
    run, ids = await _without(trial, patch_from_hunks(trial.tree, others))
    necessity = necessity_of(run, ids)
    if necessity is None:
        raise Refused(f"its change at {hunk.path}:{hunk.line} proved unnecessary when it was taken away again")
    if run.distrust and not any(r.failure and r.failure.phase == "collect" for r in run.results):
        raise trial.untrusted(run, f"the run without its change at {hunk.path}:{hunk.line}")
    return JudgedHunk(hunk, necessity, first_to_mind(run))


async def _without(trial: Trial, rest: Patch) -> tuple[TestRun, tuple[str, ...]]:
    """The run that speaks: of the failing tests, or where these pass, of the others that the person named."""
    failing = trial.reproduction.failing_ids
    others = tuple(test_id for test_id in trial.reproduction.test.test_ids if test_id not in failing)
    run = await trial.run(rest, failing)
    return (await trial.run(rest, others), others) if run.green and others else (run, failing)


STAGE = Stage(StageName.VALIDATION, (Dossier, Environment, Reproduction, Candidates), Validation, validate, attempts=1)
