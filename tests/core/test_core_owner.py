"""Whose code a run handles decides with whom it shares what was built."""

from __future__ import annotations

from dataclasses import replace

import builders
from bot.core.forge import Origin, Place

PLACE = Place(7, "Acme/Shop")


def test_a_pull_request_shares_nothing_with_its_repository_and_the_command_line_has_one_owner() -> None:
    run = builders.run()
    pulls = [replace(run, origin=Origin(PLACE, number, is_pull_request=True)).owner for number in (34, 35)]
    assert pulls == ["acme/shop#34", "acme/shop#35"]
    assert replace(run, origin=Origin(PLACE, 12)).owner == "acme/shop"
    assert replace(run, origin=Origin(PLACE, branch="main", head_sha="a" * 40)).owner == "acme/shop"
    assert run.owner == ""
