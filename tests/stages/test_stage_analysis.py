"""The report, read into facts that suspects cite."""

from __future__ import annotations

from dataclasses import replace

from stage_runs import DOSSIER, Ran, context_of, ran

from bench import instant
from bot.core.artifacts import Analysis, SourceText, Suspect
from bot.core.outcomes import Advance
from bot.core.run import StageName
from bot.ports import LocateQuestion
from bot.stages.analysis import KEPT_SUSPECTS

TRACEBACK = """Traceback (most recent call last):
  File "cart.py", line 2, in total
    return sum(prices[1:])
TypeError: unsupported operand
"""


class Everywhere:
    name = "everywhere"

    def locate(self, question: LocateQuestion) -> tuple[Suspect, ...]:
        return tuple(Suspect("cart.py", line, line, 1 / line) for line in range(1, 50))


def analysed(text: str) -> Ran:
    dossier = replace(DOSSIER, texts=(SourceText("issue.md", "issue", text),))
    return ran(context_of(StageName.ANALYSIS, dossier, deps=replace(instant.deps(), locators=(Everywhere(),))))


def made(stage: Ran) -> Analysis:
    assert isinstance(stage.outcome, Advance)
    assert isinstance(stage.outcome.artifact, Analysis)
    return stage.outcome.artifact


def test_the_first_words_are_the_error_that_was_reported() -> None:
    assert analysed(TRACEBACK).findings == ["TypeError: unsupported operand"]


def test_the_best_suspects_are_kept() -> None:
    assert [s.line_start for s in made(analysed("It is wrong.")).suspects] == list(range(1, KEPT_SUSPECTS + 1))


def test_every_fact_that_a_suspect_cites_is_in_the_ledger() -> None:
    stage = analysed(TRACEBACK)
    cited = {fact for suspect in made(stage).suspects for fact in suspect.evidence}

    assert cited
    assert cited <= {fact.id for fact in stage.evidence}


def test_what_was_said_since_gathering_is_read_and_replaces_its_older_version() -> None:
    old = SourceText("issue #12", "issue", "# Total\n\nIt is wrong.")
    edited = SourceText("issue #12", "comment", f"# Total is wrong\n\n{TRACEBACK}")
    late = SourceText("comment 5 by @ada", "comment", "Seen with version 1.4.2 too.")
    context = context_of(StageName.ANALYSIS, replace(DOSSIER, texts=(old,)))
    context.record = replace(context.record, handed_in=(edited, late))
    analysis = made(ran(context))

    assert analysis.title == "Total is wrong"
    assert [error.exception_type for error in analysis.tracebacks] == ["TypeError"]
    assert analysis.heard == (edited, late)


def test_the_issue_gives_the_title_when_guidance_comes_before_it() -> None:
    texts = (
        SourceText("guidance by @bob", "comment", "Only for coupons."),
        SourceText("issue #12", "issue", "# Total is wrong\n\nIt is."),
    )
    assert made(ran(context_of(StageName.ANALYSIS, replace(DOSSIER, texts=texts)))).title == "Total is wrong"
