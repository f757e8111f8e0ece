"""The App with its code in containers: from label to pull request, workers that are killed, runs that are stopped. No
container outlives what it was for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from command_line import ISSUE, SHOP, commit
from crash_stories import ask, attempts, fixed_once, runs_of
from github_app import RunningApp
from github_stories import headline, needs_world, verdict
from redis_at_hand import RedisAtHand
from sandbox.docker.engine import Engine

pytestmark = needs_world
TITLE, BODY = ISSUE.removeprefix("# ").split("\n\n", 1)
SLOW = """\
import time


def test_takes_its_time():
    time.sleep(87)
"""
RUNNER = "/fixbugs/start.py"
DOCKER = {"FIXBUGS_SANDBOX": "docker", "FIXBUGS_LEASE_S": "2", "FIXBUGS_SWEEP_S": "0.5"}
# How far a stage gets until a container is at work for it.
DEATHS = {"environment": 1.5, "reproduction": 0.8, "fix": 1.0, "validation": 0.8}


def app_of(tmp_path: Path, cache_dir: Path, server: RedisAtHand, files: dict[str, str]) -> RunningApp:
    commit(tmp_path / "shop", files)
    return RunningApp(tmp_path, cache_dir, server, tmp_path / "shop", DOCKER)


def containers(engine: Engine, *pids: int) -> list[Any]:
    """What runs in the name of these processes."""
    found = engine.api.containers(all=True, filters={"label": "fixbugs=1"})
    return [one for one in found if one["Labels"].get("fixbugs.owner", "::").split(":")[1] in map(str, pids)]


@pytest.fixture
def app(docker_engine: Engine, tmp_path: Path, cache_dir: Path, shared_redis: RedisAtHand) -> Iterator[RunningApp]:
    with app_of(tmp_path, cache_dir, shared_redis, SHOP) as running:
        yield running


def test_a_label_becomes_a_pull_request_though_workers_die_with_their_containers(
    app: RunningApp, docker_engine: Engine
) -> None:
    number = ask(app)
    dead = []
    for stage, after_s in DEATHS.items():
        worker = app.start_worker(dies_at=f"stage_started stage={stage}", after_s=after_s)
        app.buried(worker)
        dead.append(worker.pid)
        app.until(lambda: not containers(docker_engine, *dead), "the dead worker's containers are gone", 10.0)
    last = app.start_worker()

    fixed_once(app, number)
    assert len(runs_of(app)) == 1
    assert {stage: attempts(app, stage) >= 2 for stage in DEATHS} == dict.fromkeys(DEATHS, True)
    last.terminate()
    last.wait(20)
    app.until(lambda: not containers(docker_engine, last.pid), "the last worker's containers are gone", 10.0)


def test_a_run_that_is_stopped_leaves_no_container_at_work(
    docker_engine: Engine, tmp_path: Path, cache_dir: Path, shared_redis: RedisAtHand
) -> None:
    with app_of(tmp_path, cache_dir, shared_redis, {**SHOP, "tests/test_slow.py": SLOW}) as app:
        worker = app.start_worker()
        number = app.world.open_issue(TITLE, BODY)
        app.world.label(number, "fixbugs")
        app.until(lambda: busy(docker_engine, worker.pid), "the tests run")
        began_s = time.monotonic()
        app.world.comment(number, "/fixbugs stop")
        said = verdict(app, number)

        assert headline(said) == "### 🟡 Stopped"
        assert time.monotonic() - began_s < 10.0
        app.until(lambda: not busy(docker_engine, worker.pid), "the tests are over", 5.0)


def busy(engine: Engine, pid: int) -> bool:
    """Whether a container of this process's runs tests."""
    return any(RUNNER in line for one in containers(engine, pid) for line in processes(engine, one["Id"]))


def processes(engine: Engine, container: str) -> list[str]:
    try:
        return [" ".join(row) for row in engine.api.top(container)["Processes"] or ()]
    except docker.errors.APIError:  # it went away meanwhile
        return []
