"""Local sandboxes as this machine can have them, for tests that need a real one. No assertions here."""

from __future__ import annotations

import asyncio
import atexit
import os
import platform
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from bot.core.testing import Isolation
from bot.core.tree import Tree
from bot.ports import Command, Completed, Limits, Recipe
from docker_at_hand import docker_settings, need_docker
from sandbox.agent_sandbox import AgentSandbox
from sandbox.bubblewrap import probe
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.local import LocalSandboxes

NO_NAMESPACES = probe()
needs_namespaces = pytest.mark.skipif(NO_NAMESPACES is not None, reason=NO_NAMESPACES or "")
on_linux = pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc: run it on Linux")
LOCAL = [pytest.param(Isolation.NAMESPACE, marks=needs_namespaces), pytest.param(Isolation.NONE)]
locally = pytest.mark.parametrize("isolation", LOCAL)
everywhere = pytest.mark.parametrize("isolation", [*LOCAL, pytest.param(Isolation.CONTAINER)])
T = TypeVar("T")
EMPTY = Recipe("empty", (), Tree({}))


@cache
def shared(isolation: Isolation, disk_bytes: int) -> LocalSandboxes | DockerSandboxes:
    """Sandboxes with an empty environment, built once for all tests. Skips the test where it takes Docker and there is
    none."""
    if isolation is Isolation.CONTAINER:
        need_docker()
    folder = tempfile.mkdtemp(prefix="fixbugs-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sandboxes: LocalSandboxes | DockerSandboxes
    if isolation is Isolation.CONTAINER:
        sandboxes = DockerSandboxes(docker_settings(disk_bytes=disk_bytes), Path(folder), {})
    else:
        sandboxes = LocalSandboxes(Path(folder), isolation, environ={}, disk_bytes=disk_bytes)
    asyncio.run(sandboxes.build(EMPTY))
    return sandboxes


def in_sandbox(isolation: Isolation, work: Callable[[AgentSandbox], Awaitable[T]], disk_bytes: int = 64 << 20) -> T:
    """What `work` returns, done in a fresh sandbox on an empty environment."""

    async def go() -> T:
        async with sandboxes.start(EMPTY.key) as sandbox:
            return await work(sandbox)

    sandboxes = shared(isolation, disk_bytes)
    return asyncio.run(asyncio.wait_for(go(), 60))


def python(sandbox: AgentSandbox, code: str, *args: str, stdin: bytes = b"") -> Command:
    """A command that runs this source on the sandbox's interpreter."""
    return Command((sandbox.place.python, "-I", "-S", "-c", code, *args), stdin=stdin)


def run_python(isolation: Isolation, code: str, limits: Limits | None = None) -> Completed:
    """How this source ends in a fresh sandbox."""
    return in_sandbox(isolation, lambda box: box.run(python(box, code), limits or Limits(wall_s=20.0)))


def processes_with(mark: str) -> list[int]:
    """Processes of this machine whose command line holds `mark`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in line:
                found.append(int(entry.name))
    return found


def family(pid: int) -> list[int]:
    """This process and its children, theirs included."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(further for child in children for further in family(int(child)))]


async def appears(mark: str) -> None:
    """Returns once a process whose command line holds `mark` runs."""
    while not processes_with(mark):  # noqa: ASYNC110 (another process does it: there is no event to wait for)
        await asyncio.sleep(0.05)
