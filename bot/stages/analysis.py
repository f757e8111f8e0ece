"""Analysis: reads the report into facts and ranks first suspects from them. Runs nothing of the project."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.core.artifacts import Analysis, Dossier
from bot.core.outcomes import Advance, StageOutcome
from bot.core.run import StageName
from bot.ports import LocateQuestion
from bot.readers import read_report
from bot.stages.base import Stage, StageContext
from bot.stages.localisation import cited, locate, texts_now

KEPT_SUSPECTS = 20


async def analyse(context: StageContext) -> StageOutcome:
    """The Analysis. A report that says little makes a thin one; whether that is enough shows in the reproduction."""
    dossier = context.need(Dossier)
    tree = await context.deps.code.tree(context.run.repository, dossier.commit.sha)
    heard = context.record.handed_in
    texts = texts_now(dossier, heard)
    analysis, facts = await asyncio.to_thread(read_report, texts, tree)
    for fact in facts:
        context.add(fact)
    question = LocateQuestion(tree, analysis, tuple(text.text for text in texts))
    suspects = await asyncio.to_thread(locate, context.deps.locators, question)
    context.count("facts", len(facts))
    context.count("suspects", len(suspects))
    context.finding(_first_words(analysis))
    suspects = cited(suspects[:KEPT_SUSPECTS], context.ledger.facts)
    return Advance(replace(analysis, suspects=suspects, heard=heard))


def _first_words(analysis: Analysis) -> str:
    if analysis.tracebacks:
        error = analysis.tracebacks[-1]
        return f"{error.exception_type}: {error.message}".rstrip(": ")[:120]
    for expectation in analysis.expectations:
        if expectation.quote:
            return expectation.quote.strip()[:120]
    if analysis.test_ids:
        return f"failing: {analysis.test_ids[0]}"
    return analysis.title[:120]


STAGE = Stage(StageName.ANALYSIS, (Dossier,), Analysis, analyse)
