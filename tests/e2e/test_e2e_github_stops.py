"""While a run goes on: it is stopped in three ways, asked about, and told more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from at_hand import processes_with
from command_line import ISSUE, SHOP
from github_app import RunningApp
from github_stories import answers, headline, needs_world, running, settled, unmarked, verdict
from redis_at_hand import RedisAtHand

pytestmark = needs_world
TITLE, BODY = ISSUE.removeprefix("# ").split("\n\n", 1)
NAP = "87.125"
SLOW = f"""\
import subprocess


def test_takes_its_time():
    subprocess.run(["sleep", "{NAP}"], check=True)
"""
STOP_S = 5.0


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, shared_redis: RedisAtHand) -> Iterator[RunningApp]:
    with running(tmp_path_factory, cache_dir, shared_redis, {**SHOP, "tests/test_slow.py": SLOW}) as app:
        yield app


def napping(app: RunningApp) -> int:
    """A labelled issue whose run is executing the slow test."""
    number = app.world.open_issue(TITLE, BODY)
    app.world.label(number, "fixbugs")
    app.answer(number, "FixBugs is on it")
    app.until(lambda: processes_with(f"sleep\0{NAP}"), "the slow test runs")
    return number


def stopped(app: RunningApp, number: int, stop: Callable[[], object]) -> str:
    """The run's comment once it is stopped, held to the time that this may take, and to leaving nothing behind."""
    began_s = time.monotonic()
    stop()
    said = verdict(app, number)
    took_s = time.monotonic() - began_s
    assert headline(said) == "### 🟡 Stopped"
    assert took_s < STOP_S
    app.until(lambda: not processes_with(f"sleep\0{NAP}"), "the slow test ends", 10)
    assert len(app.world.comments(number, by_bot=True)) == 1
    assert app.world.pulls(by_bot=True) == []
    return unmarked(said)


def test_stop_ends_a_run_within_seconds_and_says_who_asked(app: RunningApp) -> None:
    number = napping(app)
    said = stopped(app, number, lambda: app.world.comment(number, "/fixbugs stop", by="bob"))
    assert "@bob stopped it." in said


def test_taking_the_label_away_stops_the_run(app: RunningApp) -> None:
    number = napping(app)
    said = stopped(app, number, lambda: app.world.unlabel(number, "fixbugs"))
    assert "@ada took the label away." in said


def test_closing_the_issue_stops_the_run(app: RunningApp) -> None:
    number = napping(app)
    said = stopped(app, number, lambda: app.world.close(number))
    assert "@ada closed the issue." in said


def test_a_run_that_goes_on_is_told_more_and_tells_how_far_it_is(app: RunningApp) -> None:
    world = app.world
    number = napping(app)

    late = world.comment(number, "It happens with `discount(100.0)` too.")
    world.ask("PATCH", f"/issues/comments/{late}", {"body": "It happens with `discount(100.0)`, too."})
    world.comment(number, "/fixbugs status", by="bob")
    world.comment(number, "/fixbugs explain", by="bob")
    settled(app)

    told = app.answer(number, "Said after the analysis had begun, not used")
    assert unmarked(told).count(f"[comment {late} by @ada]") == 1
    how_far, joined = answers(app, number)
    assert " is going on, 2 of " in how_far
    assert "now: build the project." in how_far
    assert joined.split("\n")[0].endswith("is going on here already; `/fixbugs stop` ends it.")
    world.comment(number, "/fixbugs stop")
    verdict(app, number)
