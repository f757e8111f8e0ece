"""Judgement: holds somebody's pull request to the proof that a fix of ours must pass. Changes nothing of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.core.artifacts import Dossier, Environment, JudgedHunk, Judgement, SuiteChange
from bot.core.change import Change, change_between, with_files
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import Advance, GiveUp, StageOutcome
from bot.core.proof import RED, REPEATS, judge_reproduction, suite_changes
from bot.core.run import Commit, StageName, Verdict
from bot.core.testing import FailureSignature, Outcome, TestRun
from bot.core.tree import Tree
from bot.stages.base import Stage, StageContext
from bot.stages.needed_hunks import needed_hunks
from bot.stages.repetition import repeated, wall_limit_s

SUITE_SHARE = 0.3  # of the time left, for the suite at the base
RERUNS = 2
NAMED = 3


@dataclass
class Case:
    """What is judged, and what was found of it so far. `base_tree` has none of the pull request's files."""

    context: StageContext
    environment: Environment
    base: Commit
    head: Commit
    base_tree: Tree
    head_tree: Tree
    change: Change
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def with_tests(self) -> Tree:
        """The base with the pull request's tests in it."""
        return with_files(self.base_tree, self.head_tree, self.change.tests)


async def judge(context: StageContext) -> StageOutcome:
    """The Judgement. Gives up where there is nothing to judge."""
    case = await _case(context)
    if not case.change.paths:
        return GiveUp(Verdict.NEEDS_INFORMATION, f"Between {case.base.sha[:10]} and its head nothing is changed.")
    _note_unjudged(case)
    test_ids = await _own_tests(case)
    red, failing = await _red(case, test_ids) if test_ids else ((), ())
    green = await _green(case, failing or test_ids) if test_ids else ()
    before, changes = await _suite(case)
    hunks: tuple[JudgedHunk, ...] = ()
    if failing and all(run.green for run in green):
        hunks = await _hunks(case, failing)
    judged = Judgement(
        case.base,
        case.head,
        test_ids,
        failing,
        red,
        green,
        before,
        case.environment.baseline,
        changes,
        hunks,
        tuple(case.findings),
        tuple(case.notes),
    )
    context.finding("it holds up" if judged.sound else case.findings[0])
    return Advance(judged)


async def _case(context: StageContext) -> Case:
    code, repository = context.deps.code, context.run.repository
    head = context.need(Dossier).commit
    target = await code.resolve(repository, context.run.base or "HEAD")
    base = await code.merge_base(repository, head.sha, target.sha)
    base_tree, head_tree = await code.tree(repository, base.sha), await code.tree(repository, head.sha)
    change = change_between(base_tree, head_tree)
    return Case(context, context.need(Environment), base, head, base_tree, head_tree, change)


def _note_unjudged(case: Case) -> None:
    change = case.change
    if change.config:
        case.notes.append(
            f"It changes build, dependency or CI configuration ({_some(change.config)}): look at that with care. Base "
            "and head were both tested in the environment that the head asks for."
        )
    if change.others:
        case.notes.append(f"Not judged, because no test run can tell: {_some(change.others)}.")
    if change.silent:
        case.notes.append(f"Only comments or layout differ in {_some(change.silent)}.")


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


async def _own_tests(case: Case) -> tuple[str, ...]:
    """The tests in the files of tests that the pull request adds or changes."""
    files = tuple(path for path in case.change.tests if path in case.head_tree and path.endswith(".py"))
    if not files:
        case.findings.append("It adds or changes no test, so nothing shows what it fixes.")
        return ()
    collection = await case.context.deps.workbench.collect(case.environment, case.head_tree, files)
    if not collection.ids:
        case.findings.append(f"No test could be collected at its head from {_some(files)}.")
    return collection.ids


async def _red(case: Case, test_ids: tuple[str, ...]) -> tuple[tuple[TestRun, ...], tuple[str, ...]]:
    """The tests that fail on the base, with the runs that show it."""
    runs = await repeated(case.context, case.environment, case.with_tests, test_ids)
    verdict = judge_reproduction(runs, FailureSignature(), hang_counts=True)
    case.context.count("red", len(verdict.failing_ids))
    if verdict.failing_ids:
        claim = f"{verdict.failing_ids[0]} fails on the base, {REPEATS} of {REPEATS} times."
        case.context.finding(claim)
        case.context.add(Evidence(EvidenceKind.TEST, claim, Provenance(runs[0].command), producer="judgement"))
        return runs, verdict.failing_ids
    if verdict.passed:
        case.findings.append("All of its tests pass on the base too, so they do not show what it fixes.")
    else:
        case.findings.append(f"None of its tests fails on the base in a way that shows a bug: {verdict.reason}.")
    return runs, ()


async def _green(case: Case, test_ids: tuple[str, ...]) -> tuple[TestRun, ...]:
    runs = await repeated(case.context, case.environment, case.head_tree, test_ids)
    untrusted = next((run.distrust for run in runs if run.distrust), "")
    if untrusted:
        case.findings.append(f"A run of its tests at its head cannot be trusted: {untrusted}.")
        return runs
    for test_id in test_ids:
        passed = sum((r := run.result(test_id)) is not None and r.outcome is Outcome.PASSED for run in runs)
        skipped = all((r := run.result(test_id)) is not None and r.outcome is Outcome.SKIPPED for run in runs)
        if passed < len(runs) and not skipped:
            case.findings.append(f"At its head {test_id} passes {passed} of {len(runs)} times.")
    return runs


async def _suite(case: Case) -> tuple[TestRun | None, tuple[SuiteChange, ...]]:
    """The suite at the base, and each test that ends differently at the head; findings for those that broke."""
    after = case.environment.baseline
    if after is None:
        why = case.environment.baseline_skipped or "there is none"
        case.notes.append(f"The rest of the suite was not compared: {why}.")
        return None, ()
    bench = case.context.deps.workbench
    known = await bench.collect(case.environment, case.base_tree, ())
    ids = known.ids or ()
    if not ids:
        case.notes.append("The suite could not be collected at the base, so it was not compared.")
        return None, ()
    wall_s = max(wall_limit_s(case.context), case.context.remaining_s * SUITE_SHARE)
    before = await bench.run_tests(case.environment, case.base_tree, ids, wall_s=wall_s)
    if before.distrust and len(before.ids(Outcome.MISSING)) in (0, len(ids)):
        case.notes.append(f"The suite was not compared: its run at the base cannot be trusted: {before.distrust}.")
        return None, ()
    reached = {result.id for result in after.results}
    changes = tuple(c for c in suite_changes(before, after, case.environment.flaky) if c.id in reached)
    gone = tuple(result.id for result in before.results if result.id not in reached)
    if gone:
        case.notes.append(f"{len(gone)} of the base's tests are not in its suite: {_some(gone)}.")
    worse = tuple(c.id for c in changes if c.before is Outcome.PASSED and c.after in (*RED, Outcome.ERROR))
    for test_id in await _broken(case, tuple(i for i in worse if i not in case.environment.flaky)):
        case.findings.append(f"{test_id} passes at the base and fails at its head.")
    return before, changes


async def _broken(case: Case, worse: tuple[str, ...]) -> tuple[str, ...]:
    """Of the tests that passed at the base and fail at the head, those that do so each time they are run again."""
    if not worse:
        return ()
    at_head = await repeated(case.context, case.environment, case.head_tree, worse, RERUNS)
    at_base = await repeated(case.context, case.environment, case.base_tree, worse, RERUNS)

    def always(runs: tuple[TestRun, ...], test_id: str, *, passed: bool) -> bool:
        results = [run.result(test_id) for run in runs]
        return all(r is not None and (r.outcome is Outcome.PASSED) is passed for r in results)

    flaky = [i for i in worse if not (always(at_head, i, passed=False) and always(at_base, i, passed=True))]
    if flaky:
        case.notes.append(f"Flaky, so not counted against it: {_some(tuple(flaky))}.")
    return tuple(i for i in worse if i not in flaky)


async def _hunks(case: Case, failing: tuple[str, ...]) -> tuple[JudgedHunk, ...]:
    """Each hunk of its code taken away: is it needed?"""
    stripped = with_files(case.head_tree, case.base_tree, case.change.code.paths)
    judged = await needed_hunks(case.context, case.environment, stripped, case.change.code, failing)
    if judged.left_out:
        whole = len(case.change.code.hunks())
        case.findings.append(f"Nothing shows that {judged.left_out} of its {whole} hunks are needed: time was up.")
    if judged.untrusted:
        which = "1 of its hunks is" if judged.untrusted == 1 else f"{judged.untrusted} of its hunks are"
        case.findings.append(f"Nothing shows that {which} needed: the run without it cannot be trusted.")
    if judged.silent:
        change = "changes" if judged.silent == 1 else "change"
        case.notes.append(f"{judged.silent} of its hunks {change} no code: comments, docstrings or layout.")
    for hunk in judged.unneeded:
        case.findings.append(f"Its change at {hunk.path}:{hunk.line} is not needed by any test that was run.")
    return judged.hunks


STAGE = Stage(StageName.VALIDATION, (Dossier, Environment), Judgement, judge, attempts=1)
