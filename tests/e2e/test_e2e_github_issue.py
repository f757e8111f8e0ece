"""From a label to a pull request: the real app and a real worker, a real Redis, real git, and a GitHub of our own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import FIXED_PRICING, ISSUE, PRICING, git
from github_app import RunningApp
from redis_at_hand import RedisAtHand
from world.github import missing

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(600)]
TITLE, BODY = ISSUE.removeprefix("# ").split("\n\n", 1)


@pytest.fixture
def app(tmp_path: Path, cache_dir: Path, shared_redis: RedisAtHand, shop: Path) -> Iterator[RunningApp]:
    with RunningApp(tmp_path, cache_dir, shared_redis, shop) as running:
        running.start_worker()
        yield running


def test_a_label_leads_to_a_draft_pull_request_with_the_failing_test_first(app: RunningApp) -> None:
    world = app.world
    number = world.open_issue(TITLE, BODY)
    base = world.head()

    world.label(number, "fixbugs")

    comment = app.answer(number, "Fixed in [#")
    pull = app.pull()
    assert pull["draft"]
    assert pull["base"]["ref"] == "main"
    assert pull["head"]["ref"] == f"fixbugs/issue-{number}-no-discount-at-exactly-100"
    assert f"Fixes #{number}" in pull["body"]
    mirror = world.mirror()
    fix, test = git(mirror, "rev-list", f"{base}..{pull['head']['sha']}").split()
    assert git(mirror, "rev-parse", f"{test}^").strip() == base
    assert git(mirror, "show", f"{test}:pricing.py") == PRICING
    assert git(mirror, "show", f"{fix}:pricing.py") == FIXED_PRICING
    assert git(mirror, "diff", "--name-only", base, test).startswith("tests/")
    assert git(mirror, "diff", "--name-only", test, fix).split() == ["pricing.py"]
    assert f"#{pull['number']}" in comment
    assert len(world.comments(number, by_bot=True)) == 1
    assert len(world.pulls(by_bot=True)) == 1
    assert any(reaction["content"] == "eyes" for reaction in world.reactions())
