"""Workers killed with SIGKILL while GitHub is doing what they asked for: it happens, and nobody remembers it. Who goes
on finds it instead of doing it twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash_stories import ask, attempts, fixed_once, nothing_left, over, runs_of
from github_app import RunningApp
from redis_at_hand import RedisAtHand
from world.github import missing

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(600)]

QUICK = {"FIXBUGS_LEASE_S": "2", "FIXBUGS_SWEEP_S": "0.5"}
SLOW_MS = 1200
WHILE_ASKED = (("GET", r"/collaborators/"), ("POST", r"/reactions$"), ("POST", r"/comments$"))
WHILE_PUBLISHED = (("POST", r"/git/refs$"), ("POST", r"/pulls$"), ("PATCH", r"/git/refs/"), ("POST", r"/check-runs$"))


@pytest.fixture
def app(tmp_path: Path, cache_dir: Path, shared_redis: RedisAtHand, shop: Path) -> Iterator[RunningApp]:
    with nothing_left(), RunningApp(tmp_path, cache_dir, shared_redis, shop, QUICK) as running:
        yield running


def killed_while(app: RunningApp, method: str, path: str) -> None:
    """A worker that dies between this request and its answer."""

    def asked() -> bool:
        found = [one for one in app.world.requests() if one["method"] == method and re.search(path, one["path"])]
        return len(found) > before

    app.world.fault(method, path, 0, delay_ms=SLOW_MS)
    before = len([one for one in app.world.requests() if one["method"] == method and re.search(path, one["path"])])
    worker = app.start_worker()
    app.until(asked, f"{method} {path} is asked")
    app.kill_worker(worker)


def test_deaths_from_the_question_to_the_pull_request_leave_one_comment_and_one_pull_request(app: RunningApp) -> None:
    number = ask(app)

    for method, path in (*WHILE_ASKED, *WHILE_PUBLISHED):
        killed_while(app, method, path)
    app.start_worker()

    over(app)
    app.until(lambda: "command_done" in app.log(), "the command is done")
    fixed_once(app, number)
    assert len(runs_of(app)) == 1
    assert [one["content"] for one in app.world.reactions()] == ["eyes"]
    assert attempts(app, "publication") == 1 + len(WHILE_PUBLISHED)
