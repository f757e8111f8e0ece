"""Health: whether the process lives, and whether the server can work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from web_world import KEY, MemoryDoorbell, MemoryInbox, World, settings_for, world

from app import create_app
from bot.settings import AppCredentials


def checks(at: World) -> tuple[int, dict[str, Any]]:
    response = at.client.get("/readyz")
    return response.status_code, {
        check["name"]: (check["ok"], check["detail"]) for check in response.get_json()["checks"]
    }


def test_a_process_that_answers_lives(tmp_path: Path) -> None:
    response = world(tmp_path).client.get("/healthz")

    assert (response.status_code, response.text) == (200, "ok\n")


def test_with_redis_workers_and_a_key_the_server_is_ready(tmp_path: Path) -> None:
    assert checks(world(tmp_path)) == (
        200,
        {"redis": (True, "Redis answers."), "workers": (True, "1 at work."), "credentials": (True, "App 5.")},
    )


def test_without_redis_it_is_not_ready(tmp_path: Path) -> None:
    at = world(tmp_path)
    at.inbox.away = True

    status, found = checks(at)

    assert status == 503
    assert found["redis"] == (
        False,
        "Redis does not answer: check that it runs and that FIXBUGS_REDIS_URL is its address.",
    )
    assert found["workers"] == (False, "Not known while Redis does not answer.")


def test_without_a_worker_it_is_not_ready(tmp_path: Path) -> None:
    status, found = checks(world(tmp_path, workers=0))

    assert (status, found["workers"]) == (
        503,
        (False, "No worker gave a sign of life lately: start `fixbugs worker`."),
    )


KEYS = {"empty": "", "words": "no key", "cut": KEY[:60], "spoilt": KEY.replace("M", "*"), "not ASCII": "ключ"}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_with_a_key_that_cannot_be_read_it_is_not_ready(tmp_path: Path, key: str) -> None:
    settings = replace(settings_for(tmp_path), credentials=AppCredentials(5, key, "secret"))

    status, found = checks(World(settings))

    assert (status, found["credentials"]) == (
        503,
        (False, "The App's private key is not a readable PEM key: set it anew."),
    )


def test_before_the_app_is_created_it_is_not_ready(tmp_path: Path) -> None:
    status, found = checks(World(settings_for(tmp_path, created=False)))

    assert (status, found["credentials"]) == (503, (False, "No App was created yet: open /setup."))


def test_a_redis_that_is_really_away_is_seen(tmp_path: Path) -> None:
    app = create_app(settings_for(tmp_path), inbox=MemoryInbox(), doorbell=MemoryDoorbell())

    response = app.test_client().get("/readyz")

    assert response.status_code == 503
    assert response.get_json()["ready"] is False
