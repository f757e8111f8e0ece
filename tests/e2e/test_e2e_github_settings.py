"""A repository's own settings: mistakes are shown where they are, and wishes are kept."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import FIXED_RATES, ISSUE, RATES, RED_TESTS, SHOP, git
from github_app import RunningApp
from github_stories import (
    answers,
    concluded,
    headline,
    job_log,
    needs_world,
    our_checks,
    outcome,
    push,
    running,
    settled,
    unmarked,
    verdict,
)
from redis_at_hand import RedisAtHand

pytestmark = needs_world
TITLE, BODY = ISSUE.removeprefix("# ").split("\n\n", 1)
SETTINGS = ".github/fixbugs.yml"
BROKEN = "label: repair\nfailed_checks: sometimes\n"
WISHES = """\
label: repair
failed_checks: always
protected: [pricing.py]
pull_request:
  draft: false
  branch_prefix: repairs/
"""
FRESH_S = 5.0  # how long the settings are remembered


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, shared_redis: RedisAtHand) -> Iterator[RunningApp]:
    address = {"FIXBUGS_PUBLIC_URL": "https://fixbugs.example.com"}
    files = {**SHOP, SETTINGS: BROKEN}
    with running(tmp_path_factory, cache_dir, shared_redis, files, settings=address) as app:
        app.world.ask("POST", "/labels", {"name": "repair", "color": "00aa00"}, by="acme")
        yield app


def test_mistakes_are_quoted_with_their_line_and_a_link_once(app: RunningApp) -> None:
    world = app.world
    number = world.open_issue(TITLE, BODY)
    for _ in range(2):
        world.comment(number, "/fixbugs")
    settled(app)

    (said,) = answers(app, number)
    assert said.startswith("No run was started: [`.github/fixbugs.yml`](")
    assert f"[Line 2]({world.web_url}/acme/shop/blob/main/{SETTINGS}#L2): " in said.replace(
        world.api_url, world.web_url
    )
    assert "failed_checks: sometimes" in said
    assert "https://fixbugs.example.com/fixbugs.schema.json" in said


def test_wishes_are_kept(app: RunningApp, tmp_path: Path) -> None:
    """How branches are named, and ready pull requests, also for a check of the default branch; its end is noted."""
    world = app.world
    files = {SETTINGS: WISHES, "rates.py": RATES, "tests/test_rates.py": RED_TESTS}
    sha = push(app, tmp_path / "code", "main", files)
    time.sleep(FRESH_S)
    world.fail_check(sha, job_log(tmp_path / "code"), branch="main")

    pull = app.pull(ready=lambda pull: not pull["draft"])

    assert pull["head"]["ref"].startswith("repairs/")
    assert (pull["base"]["ref"], pull["draft"]) == ("main", False)
    assert git(world.mirror(), "show", f"{pull['head']['sha']}:rates.py") == FIXED_RATES
    assert concluded(app, sha) == ["success"]
    assert len(our_checks(app, sha)) == 1
    assert outcome(app, pull["number"]) is None

    world.close(pull["number"])
    settled(app)
    assert outcome(app, pull["number"]) is False


def test_another_label_means_nothing(app: RunningApp) -> None:
    number = app.world.open_issue(TITLE, BODY)
    app.world.label(number, "fixbugs")
    settled(app)
    assert [comment["body"] for comment in app.world.comments(number, by_bot=True)] == []


def test_a_fix_that_would_touch_a_protected_file_is_not_made(app: RunningApp) -> None:
    world = app.world
    number = world.open_issue(TITLE, BODY)
    before = len(world.pulls(by_bot=True))
    world.label(number, "repair")

    said = unmarked(verdict(app, number))

    assert headline(said) == "### 🟡 No fix found"
    assert "pricing.py is suspect, and the settings of this repository keep fixes out of there." in re.sub(
        r"\[`?(pricing\.py)`?\]\(\S+\)", r"\1", said
    )
    assert len(world.pulls(by_bot=True)) == before
