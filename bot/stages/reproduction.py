"""Reproduction: finds a test that fails at the base commit for the reported reason, three times of three.

Where there is none it says why, honestly: it behaves already, it was not seen, or the report says too little.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.core.artifacts import Analysis, Attempt, CandidateTest, Dossier, Environment, Reproduction
from bot.core.errors import InputError
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import Advance, GiveUp, StageOutcome
from bot.core.proof import REPEATS, ReproductionVerdict, judge_reproduction
from bot.core.run import StageName, Verdict
from bot.core.testing import Outcome, TestRun
from bot.core.tree import Tree
from bot.ports import ReproduceQuestion
from bot.stages.base import Stage, StageContext
from bot.stages.history import FixingCommit, search_past
from bot.stages.load_errors import last_words
from bot.stages.questions import questions_for
from bot.stages.repetition import repeated
from bot.stages.targets import named_tests

HANGING_AT_MOST = 2  # of the named tests that do not end: one costs its whole time limit, three times over
UNLOADED = (Outcome.ERROR, Outcome.MISSING)
UNLIKE_GREEN = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.ERROR, Outcome.MISSING)


async def reproduce(context: StageContext) -> StageOutcome:
    """The Reproduction, or a no-fix verdict with exactly what was tried."""
    dossier, analysis, environment = context.need(Dossier), context.need(Analysis), context.need(Environment)
    tree = await context.deps.code.tree(context.run.repository, dossier.commit.sha)
    _check_named(dossier, analysis, environment)
    question = ReproduceQuestion(tree, dossier, analysis, environment.collection, environment.runner)
    candidates = await asyncio.to_thread(_candidates, context, question)
    if not candidates:
        return GiveUp(
            Verdict.NEEDS_INFORMATION,
            "The report does not say enough to build a test from it.",
            questions_for(dossier, analysis),
        )
    attempts: list[Attempt] = []
    behaving: list[CandidateTest] = []
    loads = False
    for proposed in candidates:
        context.count("candidates")
        candidate = _without_skipped(environment, proposed)
        verdict, runs = await _try(context, environment, tree, candidate)
        if verdict.failing_ids:
            _tell(context, environment, candidate, runs[0], verdict.failing_ids)
            return Advance(Reproduction(candidate, runs, verdict.failing_ids, tuple(attempts)))
        attempts.append(Attempt(candidate.why, verdict.reason))
        loads = loads or any(_loads(run) for run in runs)
        if verdict.passed:
            behaving.append(candidate)
    if not loads:
        return _unloadable(environment, attempts)
    return await _not_reproduced(context, tree, candidates, behaving, attempts)


def _loads(run: TestRun) -> bool:
    """Whether any test got as far as its own call, in a run that can be believed."""
    return not run.distrust and any(result.outcome not in UNLOADED for result in run.results)


def _tried(attempts: list[Attempt]) -> tuple[str, ...]:
    return tuple(f"{attempt.what.rstrip('.')}: {attempt.result}" for attempt in attempts)


def _unloadable(environment: Environment, attempts: list[Attempt]) -> GiveUp:
    """No test of what was reported got to run: that tells nothing of the bug."""
    if not environment.collection.errors:
        detail = f"No test that the report suggests could be run at this commit: {attempts[0].result}."
        return GiveUp(Verdict.CANNOT_RUN, detail, tried=_tried(attempts))
    path, text = environment.collection.errors[0]
    detail = (
        f"The code that the report is about does not load here, so no test of it can run. {path} says: "
        f"{last_words(text)}. Name a commit that this Python can load with --ref, or run this with an older Python."
    )
    return GiveUp(Verdict.CANNOT_RUN, detail, tried=_tried(attempts))


def _check_named(dossier: Dossier, analysis: Analysis, environment: Environment) -> None:
    """Raises InputError for a test that the person named and the runner does not know."""
    if not dossier.failing_tests:
        return
    resolved = named_tests(dossier, analysis, environment)
    for target in resolved.unknown:
        broken = next((text for where, text in environment.collection.errors if _holds(where, target)), "")
        if broken:
            raise InputError(f"The test {target} cannot be loaded at this commit: {last_words(broken)}.")
        close = resolved.suggestions.get(target, ())
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise InputError(f"There is no test {target} at this commit.{hint}")


def _holds(where: str, target: str) -> bool:
    """Whether what could not be loaded there may hold this test. Where no file is named, everything may."""
    path = where.partition("::")[0].rstrip("/")
    named = target.partition("::")[0].replace("\\", "/").rstrip("/")
    return where.startswith("(") or f"/{named}".endswith(f"/{path}") or path.startswith(f"{named}/")


def _candidates(context: StageContext, question: ReproduceQuestion) -> list[CandidateTest]:
    return [candidate for solver in context.deps.reproducers for candidate in solver.propose(question)]


async def _try(
    context: StageContext, environment: Environment, tree: Tree, candidate: CandidateTest
) -> tuple[ReproductionVerdict, tuple[TestRun, ...]]:
    """Runs one candidate at the base commit. A test that is in the tree already counts as its owner's word."""
    existing = candidate.patch is None
    ids = _worth_running(environment, candidate.test_ids) if existing else candidate.test_ids
    if candidate.patch is not None:
        tree = candidate.patch.apply(tree)
    runs = await repeated(context, environment, tree, ids)
    return judge_reproduction(runs, candidate.signature, hang_counts=existing), runs


def _without_skipped(environment: Environment, candidate: CandidateTest) -> CandidateTest:
    """A candidate that asks nothing of tests which the project itself skips or expects to fail."""
    if environment.baseline is None:
        return candidate
    set_aside = set(environment.baseline.ids(Outcome.SKIPPED, Outcome.XFAILED))
    kept = tuple(test_id for test_id in candidate.test_ids if test_id not in set_aside)
    return replace(candidate, test_ids=kept) if kept else candidate


def _worth_running(environment: Environment, test_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Of a person's tests, those that the baseline saw failing or did not reach; all of them when there are none."""
    if environment.baseline is None:
        return test_ids
    red = set(environment.baseline.ids(*UNLIKE_GREEN))
    hanging = set(environment.baseline.ids(Outcome.TIMED_OUT))
    chosen: list[str] = []
    for test_id in test_ids:
        if test_id in red and (test_id not in hanging or sum(c in hanging for c in chosen) < HANGING_AT_MOST):
            chosen.append(test_id)
    return tuple(chosen) or test_ids


def _tell(
    context: StageContext, environment: Environment, candidate: CandidateTest, run: TestRun, failing: tuple[str, ...]
) -> None:
    result = run.result(failing[0])
    failure = result.failure if result else None
    shown = f"{failure.exception_type}: {failure.message}".rstrip(": ") if failure else "it does not end"
    context.finding(f"{failing[0]} fails {REPEATS} of {REPEATS} times: {shown.splitlines()[0][:120]}")
    claim = f"{failing[0]} fails at the base commit, {REPEATS} of {REPEATS} times."
    command = context.deps.workbench.reproduction_command(environment, failing)
    quote = failure.text if failure else ""
    context.add(Evidence(EvidenceKind.TEST, claim, Provenance(command), quote, candidate.producer))


async def _not_reproduced(
    context: StageContext,
    tree: Tree,
    candidates: list[CandidateTest],
    behaving: list[CandidateTest],
    attempts: list[Attempt],
) -> GiveUp:
    """Why there is no red test: it behaves already (then since when), or it could not be shown."""
    tried = _tried(attempts)
    detail = "None of the tests that the report suggests fails at this commit for the reported reason."
    if not behaving:
        return GiveUp(Verdict.NOT_REPRODUCIBLE, detail, _what_differs(), tried)
    test = behaving[0]
    past = await search_past(context, test, test.patch.apply(tree) if test.patch else tree)
    if past.fixing is not None:
        commit = past.fixing.commit
        context.finding(f"fixed by {commit.sha[:10]} {commit.subject}")
        return GiveUp(Verdict.ALREADY_FIXED, _since(context, past.fixing), (), tried)
    older = f" and at {past.behaving} older commit{'s' * (past.behaving != 1)}" if past.behaving else ""
    if test.patch is None:
        count = len(test.test_ids)
        named = f"The {f'{count} named tests pass' if count > 1 else 'named test passes'} at this commit"
        detail = f"{named}, {REPEATS} of {REPEATS} times{f',{older}' if older else ''}; no commit was seen failing."
        return GiveUp(Verdict.NOT_REPRODUCIBLE, detail, _what_differs(), tried)
    if len(behaving) < len(candidates):
        return GiveUp(Verdict.NOT_REPRODUCIBLE, detail, _what_differs(), tried)
    if older:
        detail = f"What the report shows behaves as it asks for at this commit{older}; no commit was seen failing."
        return GiveUp(Verdict.NOT_REPRODUCIBLE, detail, _what_differs(), tried)
    detail = "What the report shows already behaves as it asks for at this commit; no older commit could be tried."
    return GiveUp(Verdict.ALREADY_FIXED, detail, (), tried)


def _since(context: StageContext, fixing: FixingCommit) -> str:
    commit = fixing.commit
    named = f"{commit.sha[:10]} ({commit.subject}, {commit.author}, {commit.at:%Y-%m-%d})"
    context.add(
        Evidence(EvidenceKind.HISTORY, f"Commit {named} behaves; an older one does not.", Provenance(commit.sha))
    )
    if fixing.exact:
        return f"It behaves as the report asks for since commit {named}; the commit before it fails."
    wrong = fixing.last_wrong.sha[:10]
    return f"It behaves as the report asks for since commit {named} or an earlier one; {wrong} fails."


def _what_differs() -> tuple[str, ...]:
    return (
        "Which version or commit shows the bug? (this run used the commit named above)",
        "Which Python version, operating system and versions of dependencies does it need?",
        "Is there a shorter snippet, or a test, that fails for you every time?",
    )


STAGE = Stage(StageName.REPRODUCTION, (Dossier, Analysis, Environment), Reproduction, reproduce)
