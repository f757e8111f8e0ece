"""Many webhooks at once: the same one again and again, one repository that asks for twenty runs, and hundreds that have
nothing to do with us."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from crash_stories import BODY, TITLE, ask, attempts, fixed_once, nothing_left, over, runs_of
from github_app import RunningApp
from redis_at_hand import RedisAtHand
from webhook_payloads import Payload, examples
from world.github import missing

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(600)]

Start = Callable[[Mapping[str, str]], RunningApp]
OTHER = "acme/tools"


@pytest.fixture
def start(tmp_path: Path, cache_dir: Path, shared_redis: RedisAtHand, shop: Path) -> Iterator[Start]:
    """Starts the App with these settings."""
    with ExitStack() as stack:
        stack.enter_context(nothing_left())

        def started(settings: Mapping[str, str]) -> RunningApp:
            about = {"other_repositories": (OTHER,)}
            return stack.enter_context(RunningApp(tmp_path, cache_dir, shared_redis, shop, dict(settings), about))

        yield started


def explain(app: RunningApp, title: str) -> None:
    """An issue whose cause is asked for: the shortest of all runs."""
    app.world.comment(app.world.open_issue(title, BODY), "/fixbugs explain")


def labelling(app: RunningApp) -> Any:
    """The webhook of the newest label, as it was sent."""
    app.world.settle()
    return [one for one in app.world.deliveries() if one["action"] == "labeled"][-1]


def test_one_webhook_ten_times_and_ten_that_ask_for_the_same_make_one_run(start: Start) -> None:
    app = start({})
    number = ask(app)
    sent = labelling(app)
    payload = json.loads(sent["body"])

    with ThreadPoolExecutor(8) as pool:
        same = list(pool.map(lambda _: app.world.redeliver(sent["guid"]), range(10)))
        app.start_worker()
        others = list(pool.map(lambda _: app.world.send("issues", payload).status_code, range(6)))
        list(pool.map(lambda by: app.world.comment(number, "/fixbugs", by=by), ["ada", "bob", "ada", "bob"]))

    assert same == [202] * 10
    assert others == [202] * 6
    over(app)
    app.until(lambda: app.log().count("command_done") >= 11, "all commands are carried out")
    fixed_once(app, number)
    assert len(runs_of(app)) == 1


def test_a_repository_with_twenty_runs_lets_another_repositorys_one_in_before_most_of_them(start: Start) -> None:
    app = start({"FIXBUGS_ACTIVE_RUNS": "2"})
    for turn in range(20):
        explain(app, f"{TITLE}, report {turn + 1}")
    app.start_worker()
    app.until(lambda: len(runs_of(app)) == 20, "all twenty are asked for")

    world = app.world
    world.repository, ours = OTHER, world.repository
    explain(app, TITLE)
    world.repository = ours

    theirs = app.until(
        lambda: re.search(rf"run_asked run=(\S+) how=created thread={OTHER}#1 ", app.log()), "it is asked"
    )
    app.until(lambda: f"stage_started run={theirs[1]} " in app.log(), "it begins")
    assert attempts(app, "gather") <= 6


def test_hundreds_of_webhooks_that_are_none_of_our_business_are_taken_in_while_a_run_goes_on(start: Start) -> None:
    app = start({})
    app.start_worker()
    number = ask(app)
    app.until(lambda: attempts(app, "gather"), "the run begins")

    with ThreadPoolExecutor(8) as pool, httpx.Client(timeout=30) as client:

        def send(one: tuple[str, Payload]) -> int:
            body = json.dumps(one[1]).encode()
            return client.post(app.world.webhook_url, content=body, headers=app.world.signed(one[0], body)).status_code

        answers = list(pool.map(send, examples()))

    assert len(answers) > 300
    assert set(answers) <= {202, 400}, "400: those of webhooks that belong to no App"
    over(app)
    fixed_once(app, number)
    app.until(lambda: not waiting(app), "every command is carried out or dropped")
    assert "Traceback" not in app.log()
    assert "Traceback" not in app.log("serve")
    assert "command_failed" not in app.log()


def waiting(app: RunningApp) -> int:
    """Commands in the inbox."""
    with redis.from_url(app.redis.url) as client:
        return int(client.zcard("fixbugs:inbox"))
