"""Results that come from a project's own command are called so wherever people read them."""

from __future__ import annotations

from dataclasses import replace

from bot.core.testing import Basis
from bot.render.wording import notes_on
from builders import environment, fixed_record, with_artifacts


def test_results_of_a_command_of_the_projects_own_are_called_so_first_of_all() -> None:
    record = with_artifacts(fixed_record(), replace(environment(), basis=Basis.OWN_REPORT))
    assert notes_on(record)[0] == (
        "The tests were run by the project's own command, without control tests of ours: code that bends its own "
        "results could go unnoticed. The results come from the report of the project's own test command."
    )


def test_nothing_is_said_where_our_own_reporter_saw_the_tests() -> None:
    assert not any("own command" in note for note in notes_on(fixed_record()))
