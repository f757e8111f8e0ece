"""Workers that leave, web processes and a Redis that restart, and workers that share the stages: runs go on."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from crash_stories import ask, attempts, fixed_once, nothing_left, over
from github_app import RunningApp, end
from redis_at_hand import RedisAtHand, redis_server
from world.github import missing

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(600)]

Start = Callable[[Mapping[str, str]], RunningApp]
HELP = "Write one of these on a line of its own"


@pytest.fixture
def start(tmp_path: Path, cache_dir: Path, shared_redis: RedisAtHand, shop: Path) -> Iterator[Start]:
    """Starts the App with these settings."""
    with ExitStack() as stack:
        stack.enter_context(nothing_left())

        def started(settings: Mapping[str, str]) -> RunningApp:
            return stack.enter_context(RunningApp(tmp_path, cache_dir, shared_redis, shop, dict(settings)))

        yield started


def test_a_stage_of_a_worker_that_is_told_to_end_goes_on_in_another_at_once(start: Start) -> None:
    app = start({"FIXBUGS_LEASE_S": "900", "FIXBUGS_SWEEP_S": "900"})  # neither would help in time
    workers = {log: app.start_worker(log=log) for log in ("one", "other")}
    app.until(lambda: all("worker_started" in app.log(log) for log in workers), "both workers are up")
    number = ask(app)
    leaver = app.until(lambda: next((log for log in workers if attempts(app, "fix", log)), ""), "the fix is looked for")
    stayer = next(log for log in workers if log != leaver)

    workers[leaver].send_signal(signal.SIGTERM)

    assert workers[leaver].wait(15) == 0
    assert "stage=fix why=leaving" in app.log(leaver)
    assert "clean=True" in app.log(leaver)
    over(app, log=stayer)
    fixed_once(app, number)


def test_webhooks_are_refused_while_redis_is_away_and_the_run_ends_once_it_is_back(
    tmp_path: Path, cache_dir: Path, shop: Path
) -> None:
    with nothing_left(), redis_server(durable=True) as kept, RunningApp(tmp_path, cache_dir, kept, shop) as app:
        app.start_worker()
        number = ask(app)
        app.until(lambda: attempts(app, "reproduction"), "the bug is being reproduced")

        kept.stop()
        app.world.comment(number, "/fixbugs help")
        app.world.settle()
        refused = [one for one in app.world.deliveries() if one["event"] == "issue_comment"][-1]
        time.sleep(1.0)
        kept.start()

        assert refused["status_code"] == 503
        assert app.world.redeliver(refused["guid"]) == 202
        app.answer(number, HELP)
        over(app)
        fixed_once(app, number, besides=1)


def test_workers_that_share_the_stages_and_not_their_caches_end_the_run_together_while_the_web_process_restarts(
    start: Start, tmp_path: Path
) -> None:
    """The restart costs only the webhooks that came meanwhile."""
    app = start({})
    reading, running = ("gather", "analysis", "root_cause", "delivery", "notice"), ("environment", "reproduction")
    app.start_worker(*reading, log="reader")
    app.start_worker(*running, log="runner")
    elsewhere = {"FIXBUGS_CACHE_DIR": str(tmp_path / "another machine's cache")}
    app.start_worker("fix", "validation", "publication", log="prover", environ=elsewhere)

    number = ask(app)
    app.until(lambda: attempts(app, "gather", "reader"), "the run begins")
    end(app.web)
    app.world.comment(number, "/fixbugs help")
    app.world.settle()
    lost = next(sent for sent in reversed(app.world.deliveries()) if sent["event"] == "issue_comment")
    app.start_web()

    assert lost["status_code"] != 202
    assert app.world.redeliver(lost["guid"]) == 202
    app.answer(number, HELP)
    over(app, log="prover")
    fixed_once(app, number, besides=1)
    started = {log: set(re.findall(r"stage_started run=\S+ stage=(\S+)", app.log(log))) for log in ("reader", "runner")}
    assert started == {"reader": {"gather", "analysis", "root_cause"}, "runner": set(running)}
