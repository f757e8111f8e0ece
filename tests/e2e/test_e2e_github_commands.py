"""What people write to the App in issues: instructions, questions, mistakes, and words of those who may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import FIXED_PRICING, ISSUE, RATES, SHOP, THIN, git
from github_app import RunningApp
from github_stories import answers, headline, needs_world, running, settled, verdict
from redis_at_hand import RedisAtHand

pytestmark = needs_world
TITLE, BODY = ISSUE.removeprefix("# ").split("\n\n", 1)
THIN_TITLE, THIN_BODY = THIN.removeprefix("# ").split("\n\n", 1)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, shared_redis: RedisAtHand) -> Iterator[RunningApp]:
    files = {**SHOP, "rates.py": RATES}
    with running(tmp_path_factory, cache_dir, shared_redis, files, private=False) as app:
        yield app


def test_a_thin_report_gets_questions_and_with_their_answer_a_pull_request(app: RunningApp) -> None:
    world = app.world
    number = world.open_issue(THIN_TITLE, THIN_BODY)
    world.label(number, "fixbugs")

    said = verdict(app, number)
    assert headline(said) == "### 🟡 Needs information"
    assert "**What we need to know**\n\n1. " in said
    assert "answer in a comment, then" in said
    assert world.pulls(by_bot=True) == []

    world.comment(number, f"Sorry, here it is:\n\n{BODY}")
    world.comment(number, "/fixbugs retry")
    again = verdict(app, number, nth=2)
    pull = app.pull(ready=lambda pull: f"Fixes #{number}" in pull["body"])
    assert headline(again) == f"### ✅ Fixed in [#{pull['number']}]({pull['html_url']})"
    assert git(world.mirror(), "show", f"{pull['head']['sha']}:pricing.py") == FIXED_PRICING


def test_explain_names_the_cause_and_changes_nothing(app: RunningApp) -> None:
    world = app.world
    number = world.open_issue(TITLE, BODY)
    pulls = len(world.pulls(by_bot=True))

    world.comment(number, "/fixbugs explain", by="bob")

    said = verdict(app, number)
    assert headline(said) == "### ✅ Explained"
    assert f"blob/{world.head()}/pricing.py#L4" in said
    assert "`/fixbugs` looks for a fix" in said
    assert len(world.pulls(by_bot=True)) == pulls


def test_reproduce_shows_a_failing_test_and_writes_it_nowhere(app: RunningApp) -> None:
    world = app.world
    number = world.open_issue(TITLE, BODY)
    pulls, branches = len(world.pulls(by_bot=True)), len(world.ask("GET", "/branches", by="root"))

    world.comment(number, "/fixbugs reproduce")

    said = verdict(app, number)
    assert headline(said) == "### ✅ Reproduced"
    assert "+    assert discount(100) == pytest.approx(90.0)" in said
    assert "Prove the fix" not in said
    assert (len(world.pulls(by_bot=True)), len(world.ask("GET", "/branches", by="root"))) == (pulls, branches)


def test_questions_are_answered_once_each(app: RunningApp) -> None:
    world = app.world
    number = world.open_issue("Anything", "Nothing to see.")
    for instruction in ("help", "status", "stop", "validate", "stpo"):
        world.comment(number, f"/fixbugs {instruction}")
    settled(app)
    for delivery in world.deliveries():
        if delivery["event"] == "issue_comment" and json.loads(delivery["body"])["issue"]["number"] == number:
            world.redeliver(delivery["guid"])
    settled(app)

    first, *others = sorted(answers(app, number), key=lambda said: "does not know" not in said)
    assert first.startswith("FixBugs does not know `/fixbugs stpo`.\n\nWrite one of these on a line of its own:")
    assert sorted(said.split("\n")[0][:40] for said in others) == [
        "No run was asked for here yet. `/fixbugs",
        "There is nothing to stop: no run is goin",
        "Write one of these on a line of its own:",
        "`/fixbugs validate` judges a pull reques",
    ]


def test_an_outsider_is_refused_once_and_politely(app: RunningApp) -> None:
    world = app.world
    number = world.open_issue(TITLE, BODY)
    for _ in range(3):
        world.comment(number, "/fixbugs please", by="mallory")
    settled(app)

    (said,) = answers(app, number)
    assert said.startswith("Sorry @mallory, FixBugs takes requests only from people with the **write** role")
    assert len(world.comments(number, by_bot=True)) == 1
    assert not [one for one in world.reactions() if one["target"] == number]


def test_bots_quotations_and_code_ask_for_nothing(app: RunningApp) -> None:
    world = app.world
    number = world.open_issue(TITLE, BODY)
    world.comment(number, "> /fixbugs\n\nWhat is that?")
    world.comment(number, "Write this:\n\n```\n/fixbugs\n```\n")
    world.comment(number, "Then `/fixbugs`, or in a sentence /fixbugs.")
    world.settle()
    payload = json.loads(world.deliveries()[-1]["body"])
    payload["comment"]["body"] = "/fixbugs"
    payload["comment"]["user"] = payload["sender"] = {"login": "dependabot[bot]", "type": "Bot", "id": 99}
    assert world.send("issue_comment", payload).status_code in (202, 204)
    settled(app)

    assert world.comments(number, by_bot=True) == []
