"""Where a report says the cause lies: at the proved change, when the analysis named another place."""

from __future__ import annotations

from dataclasses import replace

from bot.core.artifacts import Candidates, RootCause, Suspect
from bot.core.outcomes import RunRecord
from bot.render.wording import cause_sentence
from builders import fixed_record

NEAR = Suspect("paperboy/dates.py", 10, 20, 2.0, "add_months", ("executed by 1 of 1 failing tests",))
AWAY = RootCause((NEAR,), "The most suspect place is paperboy/dates.py:10 in add_months.")


def with_cause(record: RunRecord, cause: RootCause) -> RunRecord:
    others = tuple(a for a in record.artifacts if not isinstance(a, RootCause | Candidates))
    return replace(record, artifacts=(*others, cause))


def test_what_the_analysis_said_stays_where_it_names_the_proved_place() -> None:
    cause = RootCause((NEAR,), "add_months in paperboy/dates.py:16 counts the wrong month.")

    assert cause_sentence(with_cause(fixed_record(), cause)) == cause.statement


def test_a_proved_change_elsewhere_is_the_cause() -> None:
    assert cause_sentence(with_cause(fixed_record(), AWAY)) == (
        "paperboy/dates.py:16 in add_months. Changing it, and nothing else, makes the failing test pass. "
        "Executed by 1 of 1 failing tests."
    )


def test_a_run_without_a_proof_says_what_it_suspects() -> None:
    assert cause_sentence(replace(with_cause(fixed_record(), AWAY), verdict=None)) == AWAY.statement
