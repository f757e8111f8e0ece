"""The Redis server that `fixbugs up` runs for somebody who has none."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from bot.core.errors import InputError, Transient
from bot.local.embedded_redis import EmbeddedRedis, await_redis, embedded_redis, find_program
from redis_at_hand import HOW_TO_GET_ONE

pytestmark = pytest.mark.skipif(find_program() is None, reason=HOW_TO_GET_ONE)


@contextmanager
def running(own: EmbeddedRedis) -> Iterator[redis.Redis]:
    process = subprocess.Popen(own.argv, stdin=subprocess.DEVNULL)
    try:
        await_redis(own.url, 10.0)
        with redis.Redis.from_url(own.url) as client:
            yield client
    finally:
        process.terminate()
        process.wait(10)


def test_what_it_holds_survives_it(tmp_path: Path) -> None:
    with embedded_redis(tmp_path / "redis") as own:
        with running(own) as client:
            client.set("run", "1")
        with running(own) as client:
            assert client.get("run") == b"1"


def test_only_its_user_can_reach_it(tmp_path: Path) -> None:
    with embedded_redis(tmp_path / "redis") as own, running(own) as client:
        assert client.config_get("port")["port"] == "0"
        assert stat.S_IMODE((tmp_path / "redis").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "redis" / "redis.sock").stat().st_mode) == 0o700


def test_a_long_path_gets_a_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    with embedded_redis(folder) as own, running(own) as client:
        assert client.ping()
        assert len(own.url) < 108


def test_two_of_them_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        embedded_redis(tmp_path),
        pytest.raises(InputError, match="Another `fixbugs up` uses"),
        embedded_redis(tmp_path),
    ):
        pass


def test_a_server_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="start it, or name another with FIXBUGS_REDIS_URL"):
        await_redis(f"unix://{tmp_path}/nothing.sock", 0.1)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="looks like redis://localhost:6379/0"):
        await_redis("localhost:6379", 0.1)
