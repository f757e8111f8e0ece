"""A container as tests of proof get it, small and cheap, for attacks from inside; and what the engine says of it, which
no attacker writes. No assertions here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import docker.errors

from at_hand import python
from bot.ports import Completed, Limits
from docker_at_hand import docker_settings
from sandbox.agent_sandbox import AgentSandbox
from sandbox.docker.agent_link import agent_in
from sandbox.docker.container import INSIDE_UID, Box, Container
from sandbox.docker.engine import Engine
from sandbox.docker.images import Images

T = TypeVar("T")
MEMORY_BYTES, DISK_BYTES, FILES, PROCESSES = 128 << 20, 32 << 20, 5000, 64
LIMIT_S = 60.0


@dataclass(frozen=True)
class Cell:
    """One container and the sandbox in it. `runner` has the event loop that it belongs to."""

    container: Container
    box: AgentSandbox
    runner: asyncio.Runner

    def waited(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(asyncio.wait_for(work, LIMIT_S))

    def python(
        self, code: str, *args: str, on_stdout: Callable[[bytes], None] | None = None, **limits: Any
    ) -> Completed:
        """How this source ends in it."""
        asked = replace(Limits(wall_s=20.0), **limits)
        return self.waited(self.box.run(python(self.box, code, *args), asked, on_stdout))

    def printed(self, code: str, *args: str) -> str:
        """What this source prints; what it says as its error, when it ends with one."""
        done = self.python(code, *args)
        return (done.stdout if done.exit_code == 0 else done.stderr).decode("utf-8", "replace")

    def processes(self) -> list[list[str]]:
        """[uid, pid, command line] of all that runs in it, as its engine sees it: its guards are left out."""
        found = self.container.engine.api.top(self.container.id, ps_args="-eo uid,pid,args")["Processes"]
        return [row for row in found if row[0] == str(INSIDE_UID)]

    def is_quiet(self) -> bool:
        """Whether the agent is all that runs in it, and still does what it is told."""
        said = self.printed("print('at your service')")
        return said == "at your service\n" and len(self.processes()) == 1

    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = self.container.engine.api.inspect_container(self.container.id)
        return found


@contextmanager
def cell_on(engine: Engine, notes: Path, image: str = "", **settings: Any) -> Iterator[Cell]:
    """A fresh one, on the base for Python or another image of the engine's."""
    wanted: dict[str, Any] = {
        "memory_bytes": MEMORY_BYTES,
        "disk_bytes": DISK_BYTES,
        "files": FILES,
        "processes": PROCESSES,
        **settings,
    }
    small = replace(engine, settings=docker_settings(**wanted))
    container = Container.start(small, Box(image or Images(engine, notes).base("python"), "run"))
    try:
        with asyncio.Runner() as runner:
            link = agent_in(container, DISK_BYTES)
            cell = Cell(container, runner.run(link.__aenter__()), runner)
            try:
                yield cell
            finally:
                runner.run(link.__aexit__(None, None, None))
    finally:
        container.remove()


def exists(engine: Engine, container: str) -> bool:
    """Whether the engine still has it, running or not."""
    try:
        engine.api.inspect_container(container)
    except docker.errors.NotFound:
        return False
    return True
