"""After the pull request: reviews lead to revisions of it, its end is remembered; and other people's are judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import FIXED_PRICING, ISSUE, PRICING, SHOP, TESTS, git
from github_app import RunningApp
from github_stories import concluded, headline, needs_world, outcome, push, running, settled, unmarked, verdict
from redis_at_hand import RedisAtHand

pytestmark = needs_world
TITLE, BODY = ISSUE.removeprefix("# ").split("\n\n", 1)
RATES = "def is_large(total):\n    return total > 100\n"
REVIEW = """\
The same mistake is in `rates.py`:

```python
from rates import is_large
is_large(100)
```

I expected `True`, got `False`.
"""
RATE_TESTS = """\
from rates import is_large


def test_small_and_large_totals_differ():
    assert not is_large(0) and not is_large(99) and is_large(101) and is_large(500)
"""
RATE_FILES = {"rates.py": RATES, "tests/test_rates.py": RATE_TESTS}
READY = {".github/fixbugs.yml": "pull_request:\n  draft: false\n"}  # drafts cannot be merged
FILES = {**SHOP, **RATE_FILES, **READY}
MORE_TESTS = f"{TESTS}\n\ndef test_a_hundred_gets_ten_percent():\n    assert discount(100) == 90\n"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, shared_redis: RedisAtHand) -> Iterator[RunningApp]:
    with running(tmp_path_factory, cache_dir, shared_redis, FILES) as app:
        yield app


def test_requested_changes_are_made_on_the_same_pull_request_and_its_end_is_remembered(app: RunningApp) -> None:
    world = app.world
    issue = world.open_issue(TITLE, BODY)
    world.label(issue, "fixbugs")
    verdict(app, issue)
    pull = app.pull(ready=lambda pull: f"Fixes #{issue}" in pull["body"])
    number, first = pull["number"], pull["head"]["sha"]

    world.review(number, REVIEW, by="bob")

    said = verdict(app, number)
    second = world.head(pull["head"]["ref"])
    assert headline(said) == "### ✅ Fixed"
    assert "asked for in bob’s review" in said
    assert git(world.mirror(), "rev-list", "--count", f"{first}..{second}") == "2\n"
    assert git(world.mirror(), "show", f"{second}:rates.py") == RATES.replace(">", ">=")
    assert git(world.mirror(), "show", f"{second}:pricing.py") == FIXED_PRICING
    assert [one["number"] for one in world.pulls(by_bot=True)] == [number]
    body = world.issue(number)["body"]
    assert f"Fixes #{issue}" in body
    assert "rates.py" in body

    world.ask("PUT", f"/pulls/{number}/merge", {}, by="ada")
    settled(app)
    assert outcome(app, number) is True


def test_a_review_of_somebody_elses_pull_request_is_left_alone(app: RunningApp, tmp_path: Path) -> None:
    push(app, tmp_path / "code", "theirs", {"README.md": "# Theirs\n"})
    number = app.world.open_pull("theirs", "Theirs")

    app.world.review(number, REVIEW, by="bob")
    settled(app)

    assert app.world.comments(number, by_bot=True) == []


def test_a_good_change_is_validated(app: RunningApp, tmp_path: Path) -> None:
    good = {"pricing.py": FIXED_PRICING, "tests/test_pricing.py": MORE_TESTS}
    sha = push(app, tmp_path / "code", "good", good, onto=first_commit(app))
    number = app.world.open_pull("good", "Discount from exactly 100 on")

    app.world.comment(number, "/fixbugs validate", by="bob")

    said = verdict(app, number)
    assert headline(said) == "### ✅ Validated"
    assert concluded(app, sha) == ["success"]
    assert app.world.head("good") == sha


def test_a_change_with_a_hunk_too_many_is_not(app: RunningApp, tmp_path: Path) -> None:
    spare = FIXED_PRICING.replace("if discount(total) >= 50", "if discount(total) > 49")
    assert spare not in (FIXED_PRICING, PRICING)
    bad = {"pricing.py": spare, "tests/test_pricing.py": MORE_TESTS}
    sha = push(app, tmp_path / "code", "bad", bad, onto=first_commit(app))
    number = app.world.open_pull("bad", "Discount from exactly 100 on, and more")

    app.world.comment(number, "/fixbugs validate", by="bob")

    said = unmarked(verdict(app, number))
    assert headline(said) == "### ❌ Not validated"
    assert concluded(app, sha) == ["failure"]


def first_commit(app: RunningApp) -> str:
    """Before anything was merged."""
    return git(app.world.mirror(), "rev-list", "--max-parents=0", "main").strip()
