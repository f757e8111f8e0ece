"""Root cause: ranks where the cause may lie, beside the reproduction. Decides nothing; the fix is proved by tests."""

from __future__ import annotations

import asyncio
import logging

from bot.core.artifacts import Analysis, Dossier, Environment, RootCause, Suspect
from bot.core.errors import InputError, Transient
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import Advance, StageOutcome
from bot.core.run import StageName
from bot.core.sanitize import sanitize
from bot.core.testing import Outcome
from bot.core.tree import Tree
from bot.ports import LocateQuestion
from bot.stages.base import Stage, StageContext
from bot.stages.localisation import cited, locate, run_with_coverage, texts_now
from bot.stages.targets import named_tests

log = logging.getLogger(__name__)

KEPT_SUSPECTS = 20
HISTORY_FILES = 3
HISTORY_S = 10.0


async def find(context: StageContext) -> StageOutcome:
    """The RootCause. Where the report names tests that are in the tree, what they execute is weighed too."""
    dossier, analysis, environment = context.need(Dossier), context.need(Analysis), context.need(Environment)
    tree = await context.deps.code.tree(context.run.repository, dossier.commit.sha)
    question = LocateQuestion(tree, analysis, tuple(text.text for text in texts_now(dossier, analysis.heard)))
    failing = _failing_now(environment, named_tests(dossier, analysis, environment).ids)
    if failing:
        question = await run_with_coverage(context, environment, question, failing)
    suspects = await asyncio.to_thread(locate, context.deps.locators, question)
    suspects = cited(suspects[:KEPT_SUSPECTS], context.record.evidence)
    context.count("suspects", len(suspects))
    if not suspects:
        return Advance(RootCause((), "Nothing in the report or the tests points at a place in the code."))
    first = suspects[0]
    context.finding(f"{len(suspects)} suspect{'s' * (len(suspects) != 1)}; first: {place(first)}")
    context.add(_fact(tree, first))
    await _tell_last_changes(context, dossier.commit.sha, suspects)
    return Advance(RootCause(suspects, statement(first)))


async def _tell_last_changes(context: StageContext, sha: str, suspects: tuple[Suspect, ...]) -> None:
    """Who last changed the most suspect files. Useful to people, and no more than that: where it takes long, it is
    left out."""
    code, repository = context.deps.code, context.run.repository
    try:
        async with asyncio.timeout(min(HISTORY_S, context.remaining_s / 10)):
            for path in list(dict.fromkeys(suspect.path for suspect in suspects))[:HISTORY_FILES]:
                for commit in await code.touching(repository, sha, (path,), 1):
                    subject = sanitize(commit.subject, markdown=False).text
                    by = f"{commit.sha[:10]} by {commit.author} on {commit.at:%Y-%m-%d}"
                    where = Provenance(f"commit {commit.sha[:10]}")
                    claim = f"{path} was last changed in {by}: {subject}"
                    context.add(Evidence(EvidenceKind.HISTORY, claim, where, producer="root_cause"))
    except (TimeoutError, InputError, Transient):
        log.info("history_left_out run=%s", context.run.id)


def _failing_now(environment: Environment, named: tuple[str, ...]) -> tuple[str, ...]:
    if environment.baseline is None:
        return ()
    red = set(environment.baseline.ids(Outcome.FAILED, Outcome.TIMED_OUT))
    return tuple(test_id for test_id in named if test_id in red)


def place(suspect: Suspect) -> str:
    """ "path:line in symbol", as people read it."""
    return f"{suspect.path}:{suspect.line_start}" + (f" in {suspect.symbol}" if suspect.symbol else "")


def statement(suspect: Suspect) -> str:
    """One or two sentences on a suspect: where, and the strongest reason."""
    first = suspect.reasons[0].rstrip(".") if suspect.reasons else ""
    return f"The most suspect place is {place(suspect)}." + (f" {first[:1].upper()}{first[1:]}." if first else "")


def _fact(tree: Tree, suspect: Suspect) -> Evidence:
    lines = (tree.text(suspect.path) or "").split("\n")[suspect.line_start - 1 : suspect.line_end]
    where = Provenance(suspect.path, suspect.line_start, suspect.line_end)
    return Evidence(EvidenceKind.CODE, statement(suspect), where, "\n".join(lines[:12]), "root_cause")


STAGE = Stage(StageName.ROOT_CAUSE, (Dossier, Analysis, Environment), RootCause, find)
