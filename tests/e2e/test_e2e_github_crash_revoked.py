"""The App's key is revoked, or its installation suspended: nothing asks again and again, the log says what to do, and
what was proved is published once GitHub knows us again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import redis

from crash_stories import ask, attempts, fixed_once, nothing_left, over
from github_app import RunningApp
from redis_at_hand import RedisAtHand
from world.github import missing

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(600)]

Start = Callable[[Mapping[str, str]], RunningApp]
WHILE_S = 6.0
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


@pytest.fixture
def app(tmp_path: Path, cache_dir: Path, shared_redis: RedisAtHand, shop: Path) -> Iterator[RunningApp]:
    with nothing_left(), RunningApp(tmp_path, cache_dir, shared_redis, shop) as running:
        yield running


def revoke(app: RunningApp) -> None:
    for method in METHODS:
        app.world.fault(method, "", 401, times=100_000, message="Bad credentials", of_app=True)


def asked_within(app: RunningApp, seconds: float) -> int:
    """How many requests are made in so long."""
    before = len(app.world.requests())
    time.sleep(seconds)
    return len(app.world.requests()) - before


def kept(app: RunningApp) -> int:
    """Commands in the inbox."""
    with redis.from_url(app.redis.url) as client:
        return int(client.zcard("fixbugs:inbox"))


def test_a_question_waits_while_github_does_not_know_us(app: RunningApp) -> None:
    revoke(app)
    ask(app)
    app.start_worker()
    app.until(lambda: "app_refused" in app.log(), "GitHub refuses us")

    assert asked_within(app, WHILE_S) <= 3
    assert kept(app) == 1
    assert "Make a new key on the App's settings page and give it to FixBugs" in app.log()
    assert "Traceback" not in app.log()


def test_what_was_proved_is_published_once_github_knows_us_again(app: RunningApp) -> None:
    number = ask(app)
    app.start_worker()
    app.until(lambda: attempts(app, "validation"), "the fix is being proved")
    revoke(app)
    app.until(lambda: re.search(r"stage_ended run=\S+ stage=publication state=waiting", app.log()), "it is put off")

    assert asked_within(app, WHILE_S) <= 20

    app.world.forget()
    with redis.from_url(app.redis.url) as client:  # the minute until the next try has passed
        run = next(client.scan_iter("fixbugs:run:*"))
        client.hdel(run, "memo:retry:publication")
    over(app)
    fixed_once(app, number)


def test_a_suspended_installation_ends_its_run_without_asking_again_and_again(app: RunningApp) -> None:
    ask(app)
    app.start_worker()
    app.until(lambda: attempts(app, "gather"), "the run begins")
    app.world.order(suspended=app.world.installation_id)
    app.until(lambda: "stage_ended" in app.log().partition("stage=publication")[2], "the run ends")

    assert asked_within(app, WHILE_S) <= 10
    assert "The App's installation is suspended: its owner can unsuspend it in the account's settings." in app.log()
    assert "Traceback" not in app.log()
