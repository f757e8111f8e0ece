"""Each question is about something that is missing, and nothing that was said is asked again."""

from __future__ import annotations

from stage_runs import DOSSIER, analysis

from bot.core.artifacts import Analysis, Expectation, Snippet, Traceback
from bot.core.evidence import Provenance
from bot.stages.questions import questions_for

HERE = Provenance("issue.md", 1)
CODE = "Which code shows it? A few lines that can be run as they are, imports included, are enough."
VERSION = "Which version or commit do you use?"


def test_a_report_that_says_nothing_is_asked_for_everything() -> None:
    dossier = DOSSIER.__class__(DOSSIER.commit, (), ())

    assert questions_for(dossier, analysis()) == (
        CODE,
        "What did you expect to happen, as an exact value or exception?",
        "What happens instead? Paste the full traceback or the exact output.",
        "Does a test of this repository fail because of it? Then its name is enough.",
        VERSION,
    )


def test_a_snippet_without_an_expectation_is_asked_about_by_its_last_line() -> None:
    report = Analysis("t", snippets=(Snippet("import cart\ncart.total([1])\n", HERE),))

    assert questions_for(DOSSIER, report)[0] == (
        "What should `cart.total([1])` give instead? State the exact value, or the exception."
    )


def test_what_was_said_is_not_asked() -> None:
    report = Analysis(
        "t",
        tracebacks=(Traceback("KeyError", "'a'", (), HERE),),
        snippets=(Snippet("total()", HERE),),
        expectations=(Expectation(HERE, expected="3"),),
        versions=("1.3",),
    )

    assert questions_for(DOSSIER, report) == ()
