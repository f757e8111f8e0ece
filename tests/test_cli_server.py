"""The server's commands as a person meets them: what they say, and how they refuse."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from at_hand import NO_NAMESPACES
from bot.cli_server import look_back_s, open_to_all, queues
from bot.local.embedded_redis import find_program
from bot.settings import AppCredentials, ServerSettings, Settings
from bot.wiring_server import build_server
from redis_at_hand import HOW_TO_GET_ONE

PATIENCE_S = 30.0


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("FIXBUGS_") and name != "REDIS_URL"
    }
    return {**kept, "FIXBUGS_CACHE_DIR": str(tmp_path / "cache"), **more}


def fixbugs(tmp_path: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "bot.cli", *arguments]
    known = environ(tmp_path, **more)
    return subprocess.run(argv, env=known, check=False, capture_output=True, text=True, timeout=PATIENCE_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def up(tmp_path: Path, port: int, **more: str) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "bot.cli", "up", "--port", str(port)]
    process = subprocess.Popen(
        argv, env=environ(tmp_path, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def answered(url: str) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urlopen(url, timeout=5) as response:  # noqa: S310 (our own address)
                text: str = response.read().decode()
                return text
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def left_behind(cache: Path) -> list[str]:
    """Processes whose command line or environment names this folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(cache).encode() in (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.skipif(find_program() is None, reason=HOW_TO_GET_ONE)
def test_up_serves_with_a_redis_of_its_own_and_leaves_nothing_behind(tmp_path: Path) -> None:
    port = free_port()
    with up(tmp_path, port, FIXBUGS_SANDBOX="namespace") as process:
        health = answered(f"http://127.0.0.1:{port}/healthz")
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=PATIENCE_S)

    token = said.partition("token=")[2].split()[0]
    cache = tmp_path / "cache"
    assert health.strip() == "ok"
    assert process.returncode == 0
    assert left_behind(cache) == []
    assert said == (
        "FixBugs is up. Ctrl-C ends it.\n"
        f"  web      http://127.0.0.1:{port}\n"
        f"  webhook  http://127.0.0.1:{port}/webhook\n"
        f"  redis    its own, kept in {cache}/redis\n"
        "  workers  1, once there is a GitHub App\n"
        "  sandbox  namespaces (bubblewrap)\n"
        "\n"
        "There is no GitHub App yet. Create it here:\n"
        f"  open http://127.0.0.1:{port}/setup?token={token}\n"
        "\n"
        "GitHub must reach the webhook: set FIXBUGS_PUBLIC_URL to the address it has from outside.\n"
    )


@pytest.mark.parametrize("command", ["serve", "up"])
def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path, redis_url: str, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = fixbugs(tmp_path, command, "--port", str(port), FIXBUGS_REDIS_URL=redis_url)

    assert done.returncode == 2
    assert done.stderr == (
        f"fixbugs: 127.0.0.1:{port} cannot be listened on (Address already in use): choose another --host or --port.\n"
    )


def test_a_worker_without_an_app_says_how_to_get_one(tmp_path: Path, redis_url: str) -> None:
    done = fixbugs(tmp_path, "worker", FIXBUGS_REDIS_URL=redis_url, FIXBUGS_SANDBOX="none")

    assert done.returncode == 2
    assert done.stderr.startswith("fixbugs: There is no GitHub App yet: start `fixbugs serve`")


def test_credentials_that_cannot_be_read_are_named(tmp_path: Path, redis_url: str) -> None:
    file = tmp_path / "credentials.json"
    file.write_text("{}")
    done = fixbugs(
        tmp_path, "worker", FIXBUGS_REDIS_URL=redis_url, FIXBUGS_CREDENTIALS_FILE=str(file), FIXBUGS_SANDBOX="none"
    )

    assert done.returncode == 2
    assert f"The credentials in {file} cannot be used" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["worker", "up"])
def test_an_unknown_sandbox_is_refused(tmp_path: Path, command: str) -> None:
    done = fixbugs(tmp_path, command, FIXBUGS_SANDBOX="docker-ish")

    assert (done.returncode, done.stderr) == (
        2,
        "fixbugs: FIXBUGS_SANDBOX is 'docker-ish': give docker, namespace or none.\n",
    )


def test_a_worker_refuses_to_start_without_docker(tmp_path: Path, redis_url: str) -> None:
    done = fixbugs(tmp_path, "worker", FIXBUGS_REDIS_URL=redis_url, DOCKER_HOST=f"unix://{tmp_path}/none.sock")

    assert done.returncode == 2
    assert done.stderr == (
        "fixbugs: The code of repositories cannot be isolated here. There is no Docker engine at "
        f"unix://{tmp_path}/none.sock: install Docker (docs.docker.com/engine/install) and start it, or run with "
        "FIXBUGS_SANDBOX=namespace for code that you trust more. FIXBUGS_SANDBOX=none runs it as this user, without "
        "isolation: only for repositories that you trust like your own.\n"
    )


@pytest.mark.skipif(find_program() is None, reason=HOW_TO_GET_ONE)
def test_a_try_out_without_docker_says_that_namespaces_are_weaker(tmp_path: Path) -> None:
    port = free_port()
    with up(tmp_path, port, DOCKER_HOST=f"unix://{tmp_path}/none.sock") as process:
        answered(f"http://127.0.0.1:{port}/healthz")
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=PATIENCE_S)

    line = next(line for line in said.splitlines() if line.startswith("  sandbox  "))
    weaker = (
        "none, so that workers will not start" if NO_NAMESPACES else "namespaces (bubblewrap), weaker than containers"
    )
    assert line.startswith(f"  sandbox  {weaker}. There is no Docker engine at unix://{tmp_path}/none.sock: install")


def test_a_redis_address_that_is_none_is_refused(tmp_path: Path) -> None:
    done = fixbugs(tmp_path, "redeliver", FIXBUGS_REDIS_URL="localhost")

    assert done.returncode == 2
    assert "It looks like redis://localhost:6379/0 or redis://:password@host:6379/0" in done.stderr


@pytest.mark.parametrize(
    ("url", "open_"),
    [
        ("redis://localhost:6379/0", True),
        ("rediss://redis.example:6380", True),
        ("redis://:s3cret@localhost:6379/0", False),
        ("redis://me:s3cret@localhost", False),
        ("unix:///run/redis.sock", False),
    ],
)
def test_a_redis_that_a_build_could_use_is_told_from_one_that_it_could_not(url: str, open_: bool) -> None:
    assert open_to_all(url) is open_


def test_queues_are_chosen_by_name() -> None:
    assert queues("gather, fix,gather") == ("gather", "fix")
    for wrong in ("", "gather,nonsense", ","):
        with pytest.raises(argparse.ArgumentTypeError):
            queues(wrong)


def test_a_look_back_is_a_time() -> None:
    assert [look_back_s(text) for text in ("90m", "12h", "3d")] == [5400.0, 43200.0, 259200.0]
    for wrong in ("", "3", "0d", "3 weeks"):
        with pytest.raises(argparse.ArgumentTypeError):
            look_back_s(wrong)


def test_building_a_server_connects_to_nothing(tmp_path: Path) -> None:
    known = AppCredentials(1, "-----BEGIN RSA PRIVATE KEY-----", "secret")
    server = ServerSettings("redis://127.0.0.1:1/0", known, tmp_path / "credentials.json", sandbox="none")

    assert build_server(Settings(tmp_path, "ada", {}), server).settings is server


def test_the_command_line_loads_nothing_of_the_server_before_it_is_asked_to() -> None:
    code = (
        "import sys, bot.cli\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('flask', 'gunicorn', 'dramatiq', 'githubkit', 'redis')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S)

    assert done.stdout.strip() == "[]"
