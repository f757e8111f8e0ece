"""Fix: generates candidate patches and screens them, most promising first. What survives is only a candidate still."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial

from bot.core.artifacts import (
    Analysis,
    CandidatePatch,
    Candidates,
    Dossier,
    Environment,
    Reproduction,
    RootCause,
    Screened,
    Suspect,
)
from bot.core.outcomes import Advance, GiveUp, StageOutcome
from bot.core.path_roles import is_protected, is_writable
from bot.core.run import StageName, Verdict
from bot.ports import FixQuestion, LocateQuestion
from bot.stages.base import Stage, StageContext
from bot.stages.localisation import locate, run_with_coverage, texts_now
from bot.stages.search import SURVIVORS_AT_MOST, Search

SINGLES_AT_MOST = 6000
PAIRS_AT_MOST = 6000
SUSPECTS_LOOKED_AT = 5  # for what is protected among them


async def fix(context: StageContext) -> StageOutcome:
    """The Candidates, best first. Gives up when none survives."""
    environment, reproduction = context.need(Environment), context.need(Reproduction)
    question = await _question(context)
    search = Search(context, environment, reproduction, question)
    await search.screen(_raced(context, question), SINGLES_AT_MOST)
    if not search.survivors and not search.out_of_time:
        seeds = search.seeds()
        pairs = (pair for fixer in context.deps.fixers for pair in fixer.pairs(question, seeds))
        await search.screen(pairs, PAIRS_AT_MOST)
    for counter, amount in (("generated", search.generated), ("screened", search.screened)):
        context.count(counter, amount)
    context.count("survivors", len(search.survivors))
    context.count("refused", len(search.refused))
    if not search.survivors:
        kept_out = off_limits(question.suspects, context.run.policy.protected_paths)
        return GiveUp(Verdict.NO_FIX_FOUND, f"{search.why_nothing()} {kept_out}".strip(), (), search.nearest())
    best = best_first(search.survivors)
    return Advance(
        Candidates(
            best[:SURVIVORS_AT_MOST],
            tuple(search.refused),
            search.generated,
            search.screened,
            question.suspects[:20],
            search.out_of_time,
            len(search.regressing),
        )
    )


async def _question(context: StageContext) -> FixQuestion:
    """Where the cause may be, now that a failing test exists, and what to ask of the fixers."""
    dossier, analysis, environment = context.need(Dossier), context.need(Analysis), context.need(Environment)
    reproduction = context.need(Reproduction)
    tree = await context.deps.code.tree(context.run.repository, dossier.commit.sha)
    if reproduction.test.patch is not None:
        tree = reproduction.test.patch.apply(tree)
    question = LocateQuestion(tree, analysis, tuple(text.text for text in texts_now(dossier, analysis.heard)))
    question = await run_with_coverage(context, environment, question, reproduction.failing_ids)
    suspects = await asyncio.to_thread(locate, context.deps.locators, question)
    suspects = suspects or context.need(RootCause).suspects
    return FixQuestion(
        tree,
        reproduction,
        suspects,
        question.coverage,
        partial(is_writable, protected=context.run.policy.protected_paths),
    )


def _raced(context: StageContext, question: FixQuestion) -> Iterator[CandidatePatch]:
    """All fixers' candidates, in turns."""
    streams = [fixer.propose(question) for fixer in context.deps.fixers]
    while streams:
        for stream in list(streams):
            candidate = next(stream, None)
            if candidate is None:
                streams.remove(stream)
            else:
                yield candidate


def off_limits(suspects: Sequence[Suspect], protected: Sequence[str]) -> str:
    """Which of the most suspect files the repository's own settings keep fixes out of, in a sentence; "" for none."""
    paths = dict.fromkeys(suspect.path for suspect in suspects[:SUSPECTS_LOOKED_AT])
    kept_out = [path for path in paths if is_protected(path, protected)]
    if not kept_out:
        return ""
    verb = "is" if len(kept_out) == 1 else "are"
    return f"{', '.join(kept_out)} {verb} suspect, and the settings of this repository keep fixes out of there."


def best_first(survivors: Sequence[Screened]) -> tuple[Screened, ...]:
    """Smallest and least surprising edit first; among equals the one that was proposed first."""

    def cost(screened: Screened) -> tuple[float, int]:
        candidate = screened.candidate
        size = sum(hunk.size for hunk in candidate.patch.hunks())
        return (round(candidate.surprise - 0.25 * candidate.suspicion, 3), size)

    return tuple(sorted(survivors, key=cost))


STAGE = Stage(StageName.FIX, (Dossier, Analysis, Environment, Reproduction, RootCause), Candidates, fix, attempts=1)
