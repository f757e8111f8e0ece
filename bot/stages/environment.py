"""Environment: builds what the project's tests run in, and the suite's baseline at the base commit."""

from __future__ import annotations

from dataclasses import replace

from bot.core.artifacts import Dossier, Environment
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import Advance, GiveUp, StageOutcome
from bot.core.policy import Policy
from bot.core.redact import redacted
from bot.core.run import StageName, Verdict
from bot.core.testing import Isolation, Outcome, TestRun
from bot.stages.base import Stage, StageContext
from bot.stages.baseline import NOT_PASSED, baseline_of, unusable, with_baseline
from bot.stages.load_errors import last_words
from bot.stages.prepared import prepared


async def build(context: StageContext) -> StageOutcome:
    """The Environment with its baseline. Gives up when the project has no tests that can be run here."""
    dossier = context.need(Dossier)
    tree = await context.deps.code.tree(context.run.repository, dossier.commit.sha)
    environment = await prepared(context, tree)
    unheeded = _unheeded(context.run.policy, environment.isolation)
    environment = replace(environment, notes=(*_without_secrets(environment.notes), *unheeded))
    context.count("build_s", environment.build_s)
    context.count("tests", len(environment.collection.ids))
    context.finding(_first_words(environment))
    if not environment.collection.ids:
        if environment.collection.errors:
            return GiveUp(
                Verdict.CANNOT_RUN, _nothing_collected(environment), tried=(environment.collection.output_tail,)
            )
        return Advance(replace(environment, baseline_skipped="the project has no tests"))
    baseline, flaky = await baseline_of(context, environment, tree)
    why_not = unusable(baseline)
    _record(context, environment, baseline, flaky, why_not)
    return Advance(with_baseline(environment, baseline, flaky))


def _without_secrets(notes: tuple[str, ...]) -> tuple[str, ...]:
    """They quote what tools printed: an index's address may hold a password."""
    return tuple(redacted(note)[0] for note in notes)


def _unheeded(policy: Policy, isolation: Isolation) -> tuple[str, ...]:
    """A sentence on what of the repository's settings this sandbox does not use, so that nobody counts on it."""
    if not policy.wishes.image or isolation is Isolation.CONTAINER:
        return ()
    return ("`image` of .github/fixbugs.yml: not used, because only the Docker sandbox has images.",)


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
