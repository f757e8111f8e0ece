"""An agent in a container, and the sandbox that it makes. Which container, and for what, does not belong here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from bot.core.errors import EnvironmentBroken, FixbugsError, SandboxCrashed, SandboxUnavailable
from sandbox.agent_sandbox import AgentSandbox
from sandbox.channel import Channel
from sandbox.docker.agent_source import BOOT, agent_source
from sandbox.docker.container import ENVIRONMENT, INSIDE_UID, PATH, ROOT, TEMPORARY, Container
from sandbox.docker.engine import engine_errors
from sandbox.docker.exec_pipe import ExecPipe
from sandbox.place import Place

T = TypeVar("T")
TOOLS = "/usr/local/bin"
LOOK_S = 10.0
IS_OLD = 64  # no exit code of the interpreter's own
OLD_ENOUGH = f"import sys; sys.exit({IS_OLD} * (sys.version_info < (3, 8)))"
TOO_OLD = (
    "The image's `python3` is too old: a sandbox needs Python 3.8 or newer to run in, whatever the project itself is "
    "tested with. Take an image that has it, or install it there as `python3`."
)


@asynccontextmanager
async def agent_in(
    container: Container, disk_bytes: int | None, *, temporary: str = TEMPORARY
) -> AsyncIterator[AgentSandbox]:
    """Starts an agent; leaving ends it and removes the container. Raises SandboxUnavailable when it does not start, but
    SandboxCrashed when it said nothing at all: the engine was restarted, or the machine is too busy."""
    environ = {"PATH": PATH, "LANG": "C.UTF-8", "FIXBUGS_ALONE": "1"}
    argv = ("python3", "-I", "-S", "-B", "-c", BOOT, *_place("", temporary).folders)
    connection = await asyncio.to_thread(container.run, argv, environ)
    ending = _Ending(container)
    pipe = await ExecPipe.open(connection, ending.end)
    try:
        try:
            await pipe.write(agent_source())
        except SandboxCrashed as error:
            await pipe.close()
            raise SandboxUnavailable(f"The sandbox did not start: {error}") from error
        channel = await Channel.open(pipe)
        ending.started = True
    except SandboxUnavailable as error:
        if ending.lacking:
            raise EnvironmentBroken(ending.lacking) from error
        if pipe.stdout or pipe.stderr:
            raise
        raise SandboxCrashed("The sandbox went away before its agent had started.") from error
    place = _place(channel.greeting, temporary)
    sandbox = AgentSandbox(channel, place, place.environ(), process_base=None, disk_bytes=disk_bytes)
    try:
        yield sandbox
    finally:
        await sandbox.close()


@dataclass
class _Ending:
    """Removes a container; where nothing could be started in it, looks first what its image lacks (`lacking`)."""

    container: Container
    started: bool = False
    lacking: str = ""

    def end(self) -> None:
        if not self.started and not self.container.gone:
            self.lacking = _lacking(self.container)
        self.container.remove()


def _lacking(container: Container) -> str:
    """What to say of an image in which no agent can start; "" when it is not to blame."""
    api = container.engine.api
    try:
        with engine_errors("look at an image's programs"):
            made = api.exec_create(container.id, ["python3", "-I", "-S", "-c", OLD_ENOUGH], user=str(INSIDE_UID))
            api.exec_start(made["Id"], detach=True)  # else the engine says what it lacks in the stream, if at all
            until = time.monotonic() + LOOK_S
            while (found := api.exec_inspect(made["Id"]))["Running"] and time.monotonic() < until:
                time.sleep(0.05)
        return TOO_OLD if found["ExitCode"] == IS_OLD else ""
    except EnvironmentBroken as error:
        return str(error)
    except FixbugsError:
        return ""


def _place(python: str, temporary: str) -> Place:
    return Place(root=ROOT, environment=ENVIRONMENT, python=python, temporary=temporary, tools=TOOLS)


async def uninterrupted(work: Callable[[], T], undo: Callable[[T], None]) -> T:
    """Runs blocking work in a thread; when the caller is cancelled meanwhile, what came of it is undone."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:

        async def finish() -> None:
            try:
                made = await task
            except Exception:
                return
            await asyncio.to_thread(undo, made)

        await asyncio.shield(asyncio.ensure_future(finish()))
        raise
