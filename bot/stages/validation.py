"""Validation: proves one candidate in fresh sandboxes, or refuses them all. Nothing that screening said is believed."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.artifacts import (
    Attempt,
    CandidatePatch,
    Candidates,
    Dossier,
    Environment,
    JudgedHunk,
    Reproduction,
    SuiteChange,
    Validation,
)
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.minimize import minimize
from bot.core.outcomes import Advance, GiveUp, StageOutcome
from bot.core.patch import Hunk, Patch, patch_from_hunks
from bot.core.path_roles import is_writable
from bot.core.proof import REPEATS, necessity_of, regressions, suite_changes
from bot.core.run import StageName, Verdict
from bot.core.testing import Outcome, TestRun
from bot.core.tree import Tree
from bot.stages.base import Stage, StageContext
from bot.stages.repetition import repeated, wall_limit_s

PROVED_AT_MOST = 6  # candidates that the proof looks at
RERUNS = 2  # of a test that passed before and does not now: is it flaky?


class Refused(Exception):
    """The proof does not hold for this candidate; the text says where it broke."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One candidate before the judge: its tree is the base with the failing test in it."""

    context: StageContext
    environment: Environment
    reproduction: Reproduction
    tree: Tree

    async def run(self, patch: Patch, test_ids: tuple[str, ...]) -> TestRun:
        self.context.count("fresh_runs")
        bench = self.context.deps.workbench
        return await bench.run_tests(
            self.environment, patch.apply(self.tree), test_ids, wall_s=wall_limit_s(self.context)
        )


async def validate(context: StageContext) -> StageOutcome:
    """The Validation of the first survivor that holds. Gives up, saying why, when none does."""
    reproduction, candidates = context.need(Reproduction), context.need(Candidates)
    tree = await context.deps.code.tree(context.run.repository, context.need(Dossier).commit.sha)
    if reproduction.test.patch is not None:
        tree = reproduction.test.patch.apply(tree)
    proof = Proof(context, context.need(Environment), reproduction, tree)
    rejected: list[Attempt] = []
    survivors = [screened.candidate for screened in candidates.survivors]
    for candidate in survivors[:PROVED_AT_MOST]:
        context.count("candidates")
        try:
            return Advance(await _prove(proof, candidate, rejected, survivors))
        except Refused as exc:
            rejected.append(Attempt(f"{candidate.path}:{candidate.line} {candidate.description}", str(exc)))
    detail = "Every candidate that looked right in screening was refused by the proof."
    return GiveUp(Verdict.NO_FIX_FOUND, detail, (), tuple(f"{a.what}: {a.result}" for a in rejected))


async def _prove(
    proof: Proof, candidate: CandidatePatch, rejected: list[Attempt], survivors: list[CandidatePatch]
) -> Validation:
    """Green three times of three, nothing else broken, minimal, every hunk needed; raises Refused where it is not."""
    touched = [path for path in candidate.patch.paths if not is_writable(path)]
    if touched:
        raise Refused(f"it changes {touched[0]}, which a fix may not touch")
    fix = await _minimal(proof, candidate.patch)
    green = await _green(proof, fix)
    suite_after, changes = await _suite(proof, fix)
    hunks = tuple([await _judged(proof, fix, hunk) for hunk in fix.hunks()])
    context = proof.context
    context.finding(f"proved: green {REPEATS} of {REPEATS}, {len(hunks)} necessary hunk{'s' * (len(hunks) != 1)}")
    claim = f"{proof.reproduction.failing_ids[0]} passes with the fix, {REPEATS} of {REPEATS} times."
    context.add(Evidence(EvidenceKind.TEST, claim, Provenance(green[0].command), "", "validation"))
    others = tuple(other for other in survivors if other is not candidate)
    return Validation(candidate, fix, green, suite_after, changes, hunks, tuple(rejected), others)


async def _minimal(proof: Proof, patch: Patch) -> Patch:
    """The patch with every hunk and line gone that the named tests do not need."""
    hunks = await _fewest(proof, patch.hunks())
    lines = tuple(part for hunk in hunks for part in _line_parts(hunk))
    return patch_from_hunks(proof.tree, await _fewest(proof, lines) if len(lines) > len(hunks) else hunks)


async def _fewest(proof: Proof, hunks: tuple[Hunk, ...]) -> tuple[Hunk, ...]:
    async def works(part: tuple[Hunk, ...]) -> bool:
        run = await proof.run(patch_from_hunks(proof.tree, part), proof.reproduction.test.test_ids)
        return run.green

    return await minimize(hunks, works)


def _line_parts(hunk: Hunk) -> tuple[Hunk, ...]:
    """A hunk as changes of single lines, where its lines pair up one to one or stand on one side only."""
    if len(hunk.old) == len(hunk.new):
        pairs = enumerate(zip(hunk.old, hunk.new, strict=True))
        return tuple(Hunk(hunk.path, hunk.line + i, (old,), (new,)) for i, (old, new) in pairs)
    if not hunk.new:
        return tuple(Hunk(hunk.path, hunk.line + i, (old,), ()) for i, old in enumerate(hunk.old))
    if not hunk.old:
        return tuple(Hunk(hunk.path, hunk.line, (), (new,)) for new in hunk.new)
    return (hunk,)


async def _green(proof: Proof, fix: Patch) -> tuple[TestRun, ...]:
    tree, ids = fix.apply(proof.tree), proof.reproduction.test.test_ids
    runs = await repeated(proof.context, proof.environment, tree, ids)
    for run in runs:
        if run.distrust:
            raise Refused(f"its test run cannot be trusted: {run.distrust}")
        if not run.green:
            broken = next((r.id for r in run.results if r.outcome is not Outcome.PASSED), "no test ran")
            passed = sum(run.green for run in runs)
            raise Refused(f"{broken} passes {passed} of {len(runs)} times with it")
    return runs


async def _suite(proof: Proof, fix: Patch) -> tuple[TestRun | None, tuple[SuiteChange, ...]]:
    """The suite with the fix, held against the baseline. Raises Refused when something that worked is broken."""
    baseline = proof.environment.baseline
    if baseline is None:
        return None, ()
    reached = tuple(r.id for r in baseline.results if r.outcome is not Outcome.MISSING)
    ids = reached + tuple(i for i in proof.reproduction.test.test_ids if i not in set(reached))
    after = await proof.run(fix, ids)
    changes = suite_changes(baseline, after, proof.environment.flaky)
    broken = regressions(changes)
    if broken:
        broken = await _still_broken(proof, fix, broken)
    if broken:
        names = ", ".join(change.id for change in broken[:3])
        states = f"{len(broken)} test{'s' * (len(broken) != 1)} that passed before: {names}"
        raise Refused(f"it breaks {states}. If such a test states the bug itself, a person has to decide")
    if after.distrust:
        raise Refused(f"the suite's run cannot be trusted: {after.distrust}")
    return after, changes


async def _still_broken(proof: Proof, fix: Patch, broken: tuple[SuiteChange, ...]) -> tuple[SuiteChange, ...]:
    """Those that fail again each time; the others are flaky."""
    for _ in range(RERUNS):
        again = await proof.run(fix, tuple(change.id for change in broken))
        failed = set(again.expected) - set(again.ids(Outcome.PASSED))
        broken = tuple(change for change in broken if change.id in failed)
        if not broken:
            break
    return broken


async def _judged(proof: Proof, fix: Patch, hunk: Hunk) -> JudgedHunk:
    """Why this hunk is needed, shown by running the failing test without it."""
    rest = patch_from_hunks(proof.tree, tuple(other for other in fix.hunks() if other != hunk))
    failing = proof.reproduction.failing_ids
    run = await proof.run(rest, failing)
    necessity = necessity_of(run, failing)
    if necessity is None:
        raise Refused(f"its change at {hunk.path}:{hunk.line} proved unnecessary when it was taken away again")
    return JudgedHunk(hunk, necessity, _shown(run))


def _shown(run: TestRun) -> str:
    for result in run.results:
        if result.outcome is not Outcome.PASSED:
            failure = result.failure
            said = f": {failure.exception_type}: {failure.message}".rstrip(": ") if failure else ""
            return f"{result.id} {result.outcome.value}{said.splitlines()[0][:160] if said else ''}"
    return run.distrust or "the run was not green"


STAGE = Stage(StageName.VALIDATION, (Dossier, Environment, Reproduction, Candidates), Validation, validate, attempts=1)
