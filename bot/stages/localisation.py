"""Where may the cause lie: runs the locators, and the coverage that one of them lives on.

Shared by root cause and fix; ranking belongs to `bot.core.select`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.artifacts import Dossier, Environment, SourceText, Suspect
from bot.core.evidence import Evidence
from bot.core.select import merge
from bot.core.testing import Outcome
from bot.ports import LocateQuestion, Locator
from bot.stages.base import StageContext

COVERAGE_SHARE = 0.15  # of the time left, for the tests that pass
COVERAGE_COST = 3.0  # how much longer a test may take while its lines are recorded
PASSING_AT_MOST = 400


async def run_with_coverage(
    context: StageContext, environment: Environment, question: LocateQuestion, failing_ids: Sequence[str]
) -> LocateQuestion:
    """The question with per-test coverage: of the failing tests, and of passing ones as far as time allows."""
    bench, tree = context.deps.workbench, question.tree
    share_s = max(10.0, context.remaining_s * COVERAGE_SHARE)
    failed = await bench.run_tests(environment, tree, failing_ids, wall_s=share_s, coverage=True)
    passing = _affordable(environment, failing_ids, share_s)
    passed = await bench.run_tests(environment, tree, passing, wall_s=share_s, coverage=True) if passing else None
    coverage = failed.coverage + (passed.coverage if passed else ())
    context.count("covered_tests", len(coverage))
    return replace(
        question,
        coverage=coverage,
        failing_ids=failed.ids(Outcome.FAILED, Outcome.TIMED_OUT),
        passing_ids=failed.ids(Outcome.PASSED) + (passed.ids(Outcome.PASSED) if passed else ()),
    )


def _affordable(environment: Environment, failing_ids: Sequence[str], share_s: float) -> tuple[str, ...]:
    """Passing tests, those that lie nearest to a failing one first, until their time is used up."""
    if environment.baseline is None:
        return ()
    homes = {test_id.split("::")[0] for test_id in failing_ids}
    folders = {home.rpartition("/")[0] for home in homes}

    def distance(test_id: str) -> int:
        home = test_id.split("::", maxsplit=1)[0]
        return 0 if home in homes else 1 if home.rpartition("/")[0] in folders else 2

    chosen: list[str] = []
    spent_s = 0.0
    skip = set(environment.flaky) | set(failing_ids)
    results = [r for r in environment.baseline.results if r.outcome is Outcome.PASSED and r.id not in skip]
    for result in sorted(results, key=lambda r: distance(r.id)):
        spent_s += result.duration_s * COVERAGE_COST
        if spent_s > share_s or len(chosen) >= PASSING_AT_MOST:
            break
        chosen.append(result.id)
    return tuple(chosen)


def texts_now(dossier: Dossier, heard: Sequence[SourceText]) -> tuple[SourceText, ...]:
    """All that was said: as gathered, with what was said since in place of an older text of the same name."""
    newer = {text.name: text for text in heard}
    gathered = tuple(
        replace(newer.pop(text.name), kind=text.kind) if text.name in newer else text for text in dossier.texts
    )
    return (*gathered, *newer.values())


def cited(suspects: Sequence[Suspect], facts: Sequence[Evidence]) -> tuple[Suspect, ...]:
    """The suspects, each with the ids of the facts that point into it."""

    def points_into(fact: Evidence, suspect: Suspect) -> bool:
        about = fact.about
        if about is None or about.source != suspect.path or about.line_start is None:
            return False
        return suspect.line_start <= about.line_start <= suspect.line_end

    return tuple(
        replace(suspect, evidence=tuple(fact.id for fact in facts if points_into(fact, suspect)))
        for suspect in suspects
    )


def locate(locators: Sequence[Locator], question: LocateQuestion) -> tuple[Suspect, ...]:
    """All locators' rankings in one, most suspect first."""
    return merge({locator.name: locator.locate(question) for locator in locators})
