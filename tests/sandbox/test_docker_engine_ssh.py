"""An engine behind ssh: sandboxes work through our own tunnel, which comes back when it is cut and ends with us."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from at_hand import family, processes_with
from bot.core.errors import SandboxUnavailable, Transient
from bot.core.tree import Tree
from bot.ports import Command, Limits, Recipe
from docker_at_hand import need_docker
from engine_far_away import SshServer, behind_ssh
from sandbox.docker.engine import Engine
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.docker.settings import DockerSettings

ROOT = Path(__file__).parents[2]
EMPTY = Recipe("empty-over-ssh", (), Tree({}))
HOLDER = (
    "import sys, time\nfrom sandbox.docker.engine import Engine\nfrom sandbox.docker.settings import DockerSettings\n"
    "engine = Engine.connect(DockerSettings(host=sys.argv[1]))\nprint('open', flush=True)\ntime.sleep(60)"
)


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    need_docker()
    folder = Path(tempfile.mkdtemp(prefix="ssh-", dir=tmp_path_factory.getbasetemp()))
    with behind_ssh(folder) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder}/bin:{os.environ['PATH']}")
        yield server


def tunnels(server: SshServer) -> list[int]:
    """Clients of this server, and their keepers."""
    return processes_with(f"-p {server.port}".replace(" ", "\0"))


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.1)


def test_sandboxes_work_over_ssh_and_a_tunnel_that_is_cut_comes_back(far: SshServer, tmp_path: Path) -> None:
    async def asked(sandboxes: DockerSandboxes, script: str) -> bytes:
        async with sandboxes.start(EMPTY.key) as sandbox:
            return (await sandbox.run(Command(("sh", "-c", script)), Limits(wall_s=30))).stdout

    async def go() -> None:
        sandboxes = DockerSandboxes(DockerSettings(host=far.host, warm=0), tmp_path, {})
        try:
            await sandboxes.build(EMPTY)
            assert await asked(sandboxes, "echo hello") == b"hello\n"
            running = asyncio.create_task(asked(sandboxes, "sleep 30"))
            await asyncio.sleep(1.5)
            await asyncio.to_thread(far.stop)
            with pytest.raises(Transient):
                await running
            await asyncio.to_thread(far.start)
            assert await _sooner_or_later(lambda: asked(sandboxes, "echo again")) == b"again\n"
        finally:
            await asyncio.to_thread(sandboxes.close)

    asyncio.run(asyncio.wait_for(go(), 100))
    assert tunnels(far) == []


async def _sooner_or_later(ask: Callable[[], object]) -> object:
    for _ in range(40):
        try:
            return await ask()  # type: ignore[misc] # a coroutine
        except Transient:
            await asyncio.sleep(0.5)
    raise AssertionError("the tunnel did not come back")


def test_a_process_that_is_killed_leaves_no_tunnel(far: SshServer) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, far.host], cwd=ROOT, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    assert len(family(holder.pid)) >= 2
    assert tunnels(far)

    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate(timeout=10)

    until(lambda: not tunnels(far))


def test_what_ssh_says_is_said(far: SshServer) -> None:
    with pytest.raises(SandboxUnavailable) as caught:
        Engine.connect(DockerSettings(host=f"ssh://127.0.0.1:{far.port}/no/such.sock"))
    assert "DOCKER_HOST" in str(caught.value) or "does not" in str(caught.value)

    (far.folder / "known").rename(far.folder / "known.away")
    try:
        with pytest.raises(SandboxUnavailable) as caught:
            Engine.connect(DockerSettings(host=far.host))
    finally:
        (far.folder / "known.away").rename(far.folder / "known")
    assert "Host key verification failed. `ssh` to it must work without a question" in str(caught.value)
    assert tunnels(far) == []
