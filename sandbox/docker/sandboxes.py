"""Sandboxes in containers: starts them on environments that are images. Building those is `sandbox.docker.building`'s
work, fencing one container in `sandbox.docker.container`'s."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import docker.errors

from bot.core.errors import SandboxCrashed, SandboxUnavailable, Transient
from bot.core.testing import Isolation
from bot.ports import Built, Recipe
from sandbox.agent_sandbox import AgentSandbox
from sandbox.docker.agent_link import agent_in, uninterrupted
from sandbox.docker.building import Builder
from sandbox.docker.container import Container
from sandbox.docker.engine import Engine
from sandbox.docker.settings import DockerSettings
from sandbox.docker.warm import WarmPool

T = TypeVar("T")
RESTART_S = 30.0  # that an engine may need for a restart, on a busy machine
LOOK_S = 0.5  # between two tries
AWAY = "The Docker engine went away while a sandbox was in use. Does it run (`docker info`)?"
ENFORCED = (
    "no network (while dependencies are installed: package registries only)",
    "a container of its own: read-only system, an unprivileged user, no capability, no new privileges",
    "system calls by allow-list: no tracing, io_uring, kernel keys, new namespaces or unusual sockets",
    "memory, processors, number of processes and files, size of files and folders, output and wall-clock time limited",
    "every process ended with its command; the container removed afterwards, also when FixBugs dies",
)


class DockerSandboxes:
    """Implements `bot.ports.Sandboxes` on a Docker engine, which may be on another machine: only streams are used.

    `cache_dir` keeps locks and notes on environments; `environ` is the operator's environment, of which builds get the
    package settings only. The engine is connected to when it is first needed.
    """

    def __init__(self, settings: DockerSettings, cache_dir: Path, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._folder, self._environ = cache_dir / "docker", environ
        self._engine: Engine | None = None
        self._pool: WarmPool | None = None
        self._lock = threading.Lock()

    @property
    def isolation(self) -> Isolation:
        return Isolation.CONTAINER

    @property
    def enforced(self) -> tuple[str, ...]:
        stronger = (f"the container runtime {self._settings.runtime}",) if self._settings.runtime else ()
        return (*ENFORCED, *stronger)

    async def build(self, recipe: Recipe) -> Built:
        engine = await self._connected()
        return await _patiently(lambda: self._builder(engine).build(recipe))

    @asynccontextmanager
    async def start(self, key: str) -> AsyncIterator[AgentSandbox]:
        engine = await self._connected()
        box = await _patiently(lambda: self._builder(engine).box_of(key))
        async with AsyncExitStack() as leaving:
            container = await _patiently(
                lambda: uninterrupted(lambda: self._warm(engine).take(box), lambda made: made.remove())
            )
            leaving.push_async_callback(asyncio.to_thread, container.remove)
            try:
                yield await leaving.enter_async_context(agent_in(container, self._settings.disk_bytes))
            except SandboxCrashed as error:
                if await asyncio.to_thread(self._reachable):
                    raise
                raise Transient(AWAY) from error  # which says nothing about the code that ran

    def _builder(self, engine: Engine) -> Builder:
        return Builder(engine, self._folder, self._environ)

    async def _connected(self) -> Engine:
        if self._engine is None:
            await asyncio.to_thread(self._connect)
        assert self._engine is not None  # noqa: S101 (_connect raises or sets it)
        return self._engine

    def _connect(self) -> None:
        with self._lock:
            if self._engine is None:
                self._engine = Engine.connect(self._settings)

    def _reachable(self) -> bool:
        """Whether the engine takes a new connection: one that is shutting down still answers on those it has."""
        try:
            Engine.connect(self._settings).close()
        except SandboxUnavailable:
            return False
        return True

    def _warm(self, engine: Engine) -> WarmPool:
        with self._lock:
            if self._pool is None:
                self._pool = WarmPool(lambda box: Container.start(engine, box), self._settings.warm)
            return self._pool

    def close(self) -> None:
        """Removes containers that wait, and leaves the engine."""
        with self._lock:
            if self._pool:
                self._pool.close()
            if self._engine:
                self._engine.close()
            self._pool = self._engine = None


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Does it again, a while, where the engine itself is away: it is being restarted. What it refuses, and what goes
    wrong in a sandbox, is left to whoever asked."""
    until = time.monotonic() + RESTART_S
    while True:
        try:
            return await work()
        except Transient as error:
            refused = isinstance(error.__cause__, docker.errors.APIError)
            if refused or isinstance(error, SandboxCrashed) or time.monotonic() > until:
                raise
        await asyncio.sleep(LOOK_S)
