"""When GitHub or Redis is unwell: webhooks come late, requests fail at random, and all ends as it should."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from command_line import FIXED_PRICING, ISSUE, SHOP, git
from github_app import RunningApp
from github_stories import command, headline, needs_world, our_checks, running, settled, verdict
from redis_at_hand import RedisAtHand, redis_server

pytestmark = needs_world
TITLE, BODY = ISSUE.removeprefix("# ").split("\n\n", 1)
# What GitHub answers on a bad day: status, headers, whether the change was made all the same.
ILLS: tuple[tuple[int, dict[str, str], bool], ...] = (
    (500, {}, False),
    (502, {}, True),
    (502, {}, False),
    (503, {"Retry-After": "1"}, False),
    (429, {"Retry-After": "1"}, False),
    (403, {"Retry-After": "1"}, False),
)
CALLS = (
    ("GET", r"/repos/acme/shop$"),
    ("GET", r"/issues/\d+$"),
    ("GET", r"/issues/\d+/comments"),
    ("POST", r"/issues/\d+/comments"),
    ("PATCH", r"/issues/comments/\d+"),
    ("POST", r"/reactions"),
    ("GET", r"/contents/"),
    ("GET", r"/collaborators/\w+/permission"),
    ("POST", r"/access_tokens"),
    ("POST", r"/git/(blobs|trees|commits|refs)"),
    ("PATCH", r"/git/refs/"),
    ("POST", r"/graphql"),
    ("POST", r"/pulls"),
    ("POST", r"/check-runs"),
    ("PATCH", r"/check-runs/"),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, shared_redis: RedisAtHand) -> Iterator[RunningApp]:
    with running(tmp_path_factory, cache_dir, shared_redis, SHOP) as app:
        yield app


def test_webhooks_that_found_redis_away_are_taken_in_later(
    tmp_path_factory: pytest.TempPathFactory, cache_dir: Path
) -> None:
    with redis_server(durable=True) as server, running(tmp_path_factory, cache_dir, server, SHOP) as app:
        world = app.world
        number = world.open_issue(TITLE, BODY)
        settled(app)
        app.kill_worker(app.workers[0])  # it would take them in by itself
        server.stop()
        world.label(number, "fixbugs")
        world.comment(number, "/fixbugs help")
        world.settle()
        assert [one["status_code"] for one in world.deliveries()][-2:] == [503, 503]
        server.start()

        done = command(app, "redeliver")

        assert (done.returncode, done.stdout) == (0, "2 webhooks taken in that had not arrived.\n"), done.stderr
        app.start_worker()
        assert headline(verdict(app, number)).startswith("### ✅ Fixed in [#")
        app.answer(number, "Write one of these on a line of its own")
        assert len(world.pulls(by_bot=True)) == 1
        assert len(world.comments(number, by_bot=True)) == 2


def test_runs_end_right_though_github_fails_at_random_calls(app: RunningApp) -> None:
    world, chance = app.world, random.Random(1)  # noqa: S311 - no secret
    numbers = [world.open_issue(TITLE, BODY) for _ in range(2)]
    for method, path in CALLS:
        status, headers, after = chance.choice(ILLS)
        times = chance.choice((0, 1, 1, 2))
        world.fault(method, path, status, times=times, headers=headers, after=after, of_app=True)
    for number in numbers:
        world.label(number, "fixbugs")

    for number in numbers:
        said = verdict(app, number)
        (pull,) = [pull for pull in world.pulls(by_bot=True) if f"Fixes #{number}" in pull["body"]]
        assert headline(said).startswith("### ✅ Fixed in [#")
        head = pull["head"]["sha"]
        assert git(world.mirror(), "show", f"{head}:pricing.py") == FIXED_PRICING
        assert git(world.mirror(), "rev-list", "--count", f"{world.head()}..{head}") == "2\n"
        assert len(world.comments(number, by_bot=True)) == 1
        app.until(partial(our_checks, app, head), "a check run")
        assert len(our_checks(app, head)) == 1
