"""Repositories that are not as most are: another default branch that moves, archived ones, empty ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import FIXED_PRICING, ISSUE, SHOP, git
from github_app import RunningApp
from github_stories import answers, headline, needs_world, push, running, settled, unmarked, verdict
from redis_at_hand import RedisAtHand, redis_server

pytestmark = needs_world
TITLE, BODY = ISSUE.removeprefix("# ").split("\n\n", 1)
LATER = '\n\ndef gift(total):\n    """Free from two hundred on."""\n    return total >= 200\n'


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, shared_redis: RedisAtHand) -> Iterator[RunningApp]:
    with running(tmp_path_factory, cache_dir, shared_redis, SHOP, default_branch="trunk") as app:
        yield app


def test_a_branch_that_moves_on_gets_the_fix_on_its_newest_commit_proved_again(
    trunk: RunningApp, tmp_path: Path
) -> None:
    world = trunk.world
    first = world.head()
    number = world.open_issue(TITLE, BODY)
    world.label(number, "fixbugs")
    trunk.answer(number, "✅ | Reproduce the bug")

    newest = push(
        trunk, tmp_path / "code", "trunk", {"pricing.py": f'"""Prices and gifts."""\n{SHOP["pricing.py"]}{LATER}'}
    )

    said = verdict(trunk, number)
    pull = trunk.pull(ready=lambda pull: f"Fixes #{number}" in pull["body"])
    assert pull["base"]["ref"] == "trunk"
    assert git(world.mirror(), "rev-parse", f"{pull['head']['sha']}~2").strip() == newest
    whole = git(world.mirror(), "show", f"{pull['head']['sha']}:pricing.py")
    assert whole == f'"""Prices and gifts."""\n{FIXED_PRICING}{LATER}'
    assert headline(said).startswith("### ✅ Fixed in [#")
    assert newest[:7] in said
    assert newest[:7] in pull["body"]
    assert first != newest


def test_a_branch_whose_new_commit_fixed_the_bug_gets_no_pull_request(trunk: RunningApp, tmp_path: Path) -> None:
    world = trunk.world
    number = world.open_issue(TITLE, BODY)
    world.label(number, "fixbugs")
    trunk.answer(number, "✅ | Reproduce the bug")

    newest = push(trunk, tmp_path / "code", "trunk", {"pricing.py": fixed_by_hand(trunk)})

    said = unmarked(verdict(trunk, number))
    assert headline(said) == "### 🟡 No fix found"
    assert f"the branch moved to {newest[:10]} (Change pricing.py), which changes the same lines." in said
    assert [pull for pull in world.pulls(by_bot=True) if f"Fixes #{number}" in pull["body"]] == []


def test_an_archived_repository_is_left_alone(trunk: RunningApp) -> None:
    world = trunk.world
    number = world.open_issue(TITLE, BODY)
    world.archive()
    try:
        world.send("issue_comment", comment_on(trunk, number))
        settled(trunk)
    finally:
        world.ask("PATCH", "", {"archived": False}, by="acme")

    assert world.comments(number, by_bot=True) == []
    assert re.search(r"answer_refused place=acme/shop thread=\d+ .*archived", trunk.log())


def test_an_empty_repository_has_nothing_to_fix(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> None:
    with redis_server() as server, running(tmp_path_factory, cache_dir, server, {}, repository="acme/void") as app:
        number = app.world.open_issue(TITLE, BODY)
        app.world.label(number, "fixbugs")
        settled(app)

        assert answers(app, number)[0].startswith("This repository is empty: there is no code to look at yet.")


def fixed_by_hand(app: RunningApp) -> str:
    return git(app.world.mirror(), "show", "trunk:pricing.py").replace("total > threshold", "total >= threshold")


def comment_on(app: RunningApp, number: int) -> dict[str, object]:
    """The emulator sends no webhooks for an archived repository."""
    return {
        "action": "created",
        "comment": {"id": 1, "body": "/fixbugs", "user": {"login": "ada", "type": "User"}},
        "issue": app.world.issue(number),
        "repository": app.world.ask("GET", ""),
        "sender": {"login": "ada", "type": "User"},
        "installation": {"id": app.world.installation_id},
    }
