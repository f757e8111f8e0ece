"""An agent in a container, and the sandbox that it makes. Which container, and for what, does not belong here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from bot.core.errors import SandboxCrashed, SandboxUnavailable
from sandbox.agent_sandbox import AgentSandbox
from sandbox.channel import Channel
from sandbox.docker.agent_source import BOOT, agent_source
from sandbox.docker.container import ENVIRONMENT, PATH, ROOT, TEMPORARY, Container
from sandbox.docker.exec_pipe import ExecPipe
from sandbox.place import Place

T = TypeVar("T")
TOOLS = "/usr/local/bin"


@asynccontextmanager
async def agent_in(
    container: Container, disk_bytes: int | None, *, temporary: str = TEMPORARY
) -> AsyncIterator[AgentSandbox]:
    """Starts an agent; leaving ends it and removes the container. Raises SandboxUnavailable when it does not start, but
    SandboxCrashed when it said nothing at all: the engine was restarted, or the machine is too busy."""
    environ = {"PATH": PATH, "LANG": "C.UTF-8", "FIXBUGS_ALONE": "1"}
    argv = ("python3", "-I", "-S", "-B", "-c", BOOT, *_place("", temporary).folders)
    connection = await asyncio.to_thread(container.run, argv, environ)
    pipe = await ExecPipe.open(connection, container.remove)
    try:
        await pipe.write(agent_source())
        channel = await Channel.open(pipe)
    except SandboxUnavailable as error:
        if pipe.stdout or pipe.stderr:
            raise
        raise SandboxCrashed("The sandbox went away before its agent had started.") from error
    place = _place(channel.greeting, temporary)
    sandbox = AgentSandbox(channel, place, place.environ(), process_base=None, disk_bytes=disk_bytes)
    try:
        yield sandbox
    finally:
        await sandbox.close()


def _place(python: str, temporary: str) -> Place:
    return Place(root=ROOT, environment=ENVIRONMENT, python=python, temporary=temporary, tools=TOOLS)


async def uninterrupted(work: Callable[[], T], undo: Callable[[T], None]) -> T:
    """Runs blocking work in a thread; when the caller is cancelled meanwhile, what came of it is undone."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:

        async def finish() -> None:
            await asyncio.to_thread(undo, await task)

        await asyncio.shield(asyncio.ensure_future(finish()))
        raise
