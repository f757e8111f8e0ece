"""Environment: builds what the project's tests run in, and the suite's baseline at the base commit."""

from __future__ import annotations

from dataclasses import replace

from bot.core.artifacts import Dossier, Environment
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import Advance, GiveUp, StageOutcome
from bot.core.run import StageName, Verdict
from bot.core.testing import Outcome, TestRun
from bot.core.tree import Tree
from bot.stages.base import Stage, StageContext
from bot.stages.load_errors import last_words

BASELINE_SHARE = 0.25  # of the time left: what is not reached by then is named, and not compared later
SECOND_RUN_BELOW_S = 20.0  # a suite as quick as this is run twice, which finds flaky tests that passed at first
RERUNS = 2
RERUN_AT_MOST = 50
NOT_PASSED = (Outcome.FAILED, Outcome.ERROR, Outcome.TIMED_OUT)


async def build(context: StageContext) -> StageOutcome:
    """The Environment with its baseline. Gives up when the project has no tests that can be run here."""
    dossier = context.need(Dossier)
    tree = await context.deps.code.tree(context.run.repository, dossier.commit.sha)
    environment = await context.deps.workbench.prepare(tree)
    context.count("build_s", environment.build_s)
    context.count("tests", len(environment.collection.ids))
    context.finding(_first_words(environment))
    if not environment.collection.ids:
        if environment.collection.errors:
            return GiveUp(
                Verdict.CANNOT_RUN, _nothing_collected(environment), tried=(environment.collection.output_tail,)
            )
        return Advance(replace(environment, baseline_skipped="the project has no tests"))
    baseline, flaky = await _baseline(context, environment, tree)
    why_not = _unusable(baseline)
    _record(context, environment, baseline, flaky, why_not)
    if why_not:
        return Advance(replace(environment, baseline_skipped=why_not))
    return Advance(replace(environment, baseline=baseline, flaky=flaky))


async def _baseline(context: StageContext, environment: Environment, tree: Tree) -> tuple[TestRun, tuple[str, ...]]:
    """The suite's outcomes at the base, and the tests that did not behave alike when run again."""
    bench = context.deps.workbench
    wall_s = max(10.0, context.remaining_s * BASELINE_SHARE)
    first = await bench.run_tests(environment, tree, environment.collection.ids, wall_s=wall_s)
    flaky: set[str] = set()
    if first.wall_s < SECOND_RUN_BELOW_S and first.wall_s < wall_s / 2:
        again = await bench.run_tests(environment, tree, environment.collection.ids, wall_s=wall_s)
        flaky |= _differing(first, again)
        if first.distrust and not again.distrust:
            first = again
    red = first.ids(*NOT_PASSED)[:RERUN_AT_MOST]
    timed_out = set(first.ids(Outcome.TIMED_OUT))
    for _ in range(RERUNS):
        rest = [test_id for test_id in red if test_id not in flaky and test_id not in timed_out]
        if not rest or context.remaining_s < wall_s:
            break
        again = await bench.run_tests(environment, tree, rest, wall_s=wall_s)
        flaky |= _differing(first, again)
    return first, tuple(test_id for test_id in first.expected if test_id in flaky)


def _unusable(baseline: TestRun) -> str:
    """Why nothing may be compared with this run, or "". One that ended early is good as far as it got."""
    missing = len(baseline.ids(Outcome.MISSING))
    if baseline.distrust and missing in (0, len(baseline.expected)):
        return f"its run at the base commit cannot be trusted: {baseline.distrust}"
    return ""


def _differing(first: TestRun, again: TestRun) -> set[str]:
    found = set()
    for result in again.results:
        before = first.result(result.id)
        if before and Outcome.MISSING not in (before.outcome, result.outcome) and before.outcome is not result.outcome:
            found.add(result.id)
    return found


def _record(
    context: StageContext, environment: Environment, baseline: TestRun, flaky: tuple[str, ...], why_not: str
) -> None:
    """Says what the baseline showed, or why it shows nothing."""
    source = Provenance("baseline at the base commit")
    for note in environment.notes:
        context.add(Evidence(EvidenceKind.ENVIRONMENT, note, Provenance("environment"), producer="environment"))
    if why_not:
        claim = f"The suite is not compared: {why_not}."
        context.add(Evidence(EvidenceKind.TEST, claim, source, producer="environment"))
        return
    red = baseline.ids(*NOT_PASSED)
    missing = baseline.ids(Outcome.MISSING)
    context.count("baseline_red", len(red))
    context.count("baseline_flaky", len(flaky))
    if red:
        claim = f"{len(red)} of {_tests(len(baseline.expected) - len(missing))} fail before any change."
        context.add(Evidence(EvidenceKind.TEST, claim, source, "\n".join(red[:20]), "environment"))
    if flaky:
        claim = f"{_tests(len(flaky))} did not end alike when run again: flaky."
        context.add(Evidence(EvidenceKind.TEST, claim, source, "\n".join(flaky[:20]), "environment"))
    if missing:
        claim = f"{_tests(len(missing))} of the suite never ended at the base commit and cannot be compared."
        context.add(Evidence(EvidenceKind.TEST, claim, source, "\n".join(missing[:20]), "environment"))


def _tests(count: int) -> str:
    return f"{count} test{'s' * (count != 1)}"


def _first_words(environment: Environment) -> str:
    unread = len(environment.collection.errors)
    how = "cached" if environment.cached else f"built in {environment.build_s:.1f} s"
    broken = f", {unread} file{'s do' if unread > 1 else ' does'} not load" if unread else ""
    count = _tests(len(environment.collection.ids))
    return f"{environment.toolchain}/{environment.runner}, {how}; {count}{broken}"


def _nothing_collected(environment: Environment) -> str:
    path, text = environment.collection.errors[0]
    advice = "Make the suite load at this commit, or name another with --ref."
    if path.startswith("("):  # not one file's fault
        return (
            f"No test could be collected: {text.splitlines()[0].rstrip(':') if text else 'nothing was said'}. {advice}"
        )
    return f"No test could be collected: {path} does not load ({last_words(text)}). {advice}"


STAGE = Stage(StageName.ENVIRONMENT, (Dossier,), Environment, build)
