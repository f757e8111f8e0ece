"""Sandboxes on this machine, without Docker: in namespaces (bubblewrap), or as plain processes with limits only.

One sandbox is one long-lived agent process (`sandbox.agent`); `sandbox.agent_sandbox` is its host side. How a namespace
is made belongs to `sandbox.bubblewrap`, keeping environments to `sandbox.environments`.

Paths: in a namespace the tree always lies at the same place, the environment too. Without one both are real folders,
and every sandbox has a tree folder of its own: nothing built into an environment may rely on the tree's path.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from bot.core.errors import Permanent
from bot.core.testing import Isolation
from bot.ports import Built, Recipe
from sandbox.agent.files import remove
from sandbox.agent_sandbox import AgentSandbox
from sandbox.binds import hand_over
from sandbox.bubblewrap import ENVIRONMENT, Namespace, find_bubblewrap, probe
from sandbox.build_steps import TAIL_BYTES, check_step, filled_in
from sandbox.channel import Channel
from sandbox.environments import Built as Kept
from sandbox.environments import EnvironmentCache, Slot, disk_errors
from sandbox.indexes import BuildSettings, build_settings
from sandbox.place import Place, base_interpreter, plain_launch, tasks_of
from sandbox.process_pipe import COOKIE, ProcessPipe

__all__ = ["LocalSandboxes", "find_bubblewrap", "probe"]

ROOM = (
    "No space left on the disk while the environment was built. Make room where the cache is (`fixbugs doctor` "
    "names it), or choose another folder with FIXBUGS_CACHE_DIR, then run again."
)

ENFORCED = {
    Isolation.NAMESPACE: (
        "no network (except while dependencies are installed)",
        "host files hidden; only the interpreter, system libraries and the environment are visible, read-only",
        "an unprivileged user without capabilities; dangerous system calls refused",
        "size of files and folders, memory, number of processes, output and wall-clock time limited",
        "every process ended with its command",
    ),
    Isolation.NONE: (
        "no isolation: code runs as you, with your files and your network",
        "memory, size of files, output and wall-clock time limited",
        "processes ended with their command, as far as they can be found",
    ),
}


class LocalSandboxes:
    """Implements `bot.ports.Sandboxes`. Environments are kept below `cache_dir`, per interpreter and isolation.

    `python` is the base interpreter that environments are made from (default: the one behind this process).
    `disk_bytes` is how much the tree and scratch folders of one sandbox may hold. `environ` is the operator's
    environment, of which builds get the package index settings only (default: this process's).
    """

    def __init__(
        self,
        cache_dir: Path,
        isolation: Isolation,
        python: Path | None = None,
        *,
        disk_bytes: int = 1 << 30,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        if isolation not in ENFORCED:
            raise Permanent(f"The local sandbox cannot isolate by {isolation.value}.")
        self._isolation = isolation
        self._python = python or base_interpreter()
        self._disk_bytes = disk_bytes
        self._environ = os.environ if environ is None else environ
        name = f"{isolation.value}-{sha256(str(self._python).encode()).hexdigest()[:10]}"
        self._namespace: Namespace | None = None
        self._cache = EnvironmentCache(cache_dir.absolute() / name)

    @property
    def isolation(self) -> Isolation:
        return self._isolation

    @property
    def enforced(self) -> tuple[str, ...]:
        return ENFORCED[self._isolation]

    async def build(self, recipe: Recipe) -> Built:
        async with self._cache.locked(recipe.key) as slot:
            kept = slot.built()
            cached = kept is not None
            if kept is None:
                kept = await self._build(recipe, slot)
            await asyncio.to_thread(slot.use)
        if not cached:
            await self._cache.tidy(time.time())
        return Built(recipe.key, self._environment_inside(slot), cached, kept.build_s, kept.output_tail)

    @asynccontextmanager
    async def start(self, key: str) -> AsyncIterator[AgentSandbox]:
        slot = self._cache.slot(key)
        if slot.built() is None:
            raise Permanent(f"There is no environment under the key {key!r}: build it first.")
        await asyncio.to_thread(slot.use)
        if self._isolation is Isolation.NAMESPACE:
            async with self._in_namespace(slot, None, None) as sandbox:
                yield sandbox
            return
        with disk_errors(Path(tempfile.gettempdir())):
            root = Path(os.path.realpath(tempfile.mkdtemp(prefix="fixbugs-")))  # noqa: ASYNC240 (a folder just made)
        try:
            async with self._as_plain_process(slot, root) as sandbox:
                yield sandbox
        finally:
            with contextlib.suppress(OSError):  # what a command made unremovable is left to the system's cleaning
                await asyncio.shield(asyncio.to_thread(remove, str(root)))

    # ----------------------------------------------------------- starting

    def _environment_inside(self, slot: Slot) -> str:
        return ENVIRONMENT if self._isolation is Isolation.NAMESPACE else str(slot.environment)

    @asynccontextmanager
    async def _in_namespace(
        self, slot: Slot, root: Path | None, settings: BuildSettings | None
    ) -> AsyncIterator[AgentSandbox]:
        """In namespaces: its own folders in memory; or, with `settings`, to build: in `root`, and with network."""
        if self._namespace is None:
            self._namespace = await asyncio.to_thread(Namespace.find, self._python)
        namespace = self._namespace
        with namespace.launch(slot.environment, root, settings, self._disk_bytes) as launch:
            channel = await Channel.open(await ProcessPipe.open(launch))
        place = namespace.place()
        disk_bytes = self._disk_bytes if root is None else None
        sandbox = AgentSandbox(channel, place, place.environ(), namespace.process_base(), disk_bytes)
        async with aclosing(sandbox):
            yield sandbox

    @asynccontextmanager
    async def _as_plain_process(self, slot: Slot, root: Path) -> AsyncIterator[AgentSandbox]:
        place = Place(
            root=str(root),
            environment=str(slot.environment),
            python=str(self._python),
            temporary=f"{root}/temporary",
            tools=f"{root}/tools",
        )
        launch = plain_launch(place)
        channel = await Channel.open(await ProcessPipe.open(launch))
        environ = place.environ() | {COOKIE: launch.token}
        sandbox = AgentSandbox(channel, place, environ, tasks_of(os.getuid()), disk_bytes=None)
        async with aclosing(sandbox):
            yield sandbox

    # ----------------------------------------------------------- building

    async def _build(self, recipe: Recipe, slot: Slot) -> Kept:
        slot.clear()
        try:
            kept = await self._run_recipe(recipe, slot)
            await asyncio.to_thread(slot.finish, kept)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(slot.drop))
            raise
        return kept

    def _building(self, slot: Slot, settings: BuildSettings) -> AbstractAsyncContextManager[AgentSandbox]:
        if self._isolation is Isolation.NAMESPACE:
            hand_over(slot.environment, slot.work)
            return self._in_namespace(slot, slot.work, settings)
        if settings.uv is not None:
            tools = slot.work / "tools"
            tools.mkdir()
            (tools / "uv").symlink_to(settings.uv.resolve())
        return self._as_plain_process(slot, slot.work)

    async def _run_recipe(self, recipe: Recipe, slot: Slot) -> Kept:
        settings = build_settings(self._environ, Path.home())
        started = time.monotonic()
        tail = b""
        async with self._building(slot, settings) as sandbox:
            await sandbox.put_tree(recipe.tree)
            sandbox.environ |= await settings_inside(settings, sandbox)
            for command in recipe.commands:
                left_s = recipe.limits.wall_s - (time.monotonic() - started)
                filled = filled_in(command, sandbox.place)
                done = await sandbox.run(filled, replace(recipe.limits, wall_s=max(left_s, 0.0)))
                tail = (tail + done.stdout + done.stderr)[-TAIL_BYTES:]
                check_step(filled, done, recipe.limits, tail.decode("utf-8", "replace"), ROOM)
        return Kept(time.monotonic() - started, tail.decode("utf-8", "replace"))


async def settings_inside(settings: BuildSettings, sandbox: AgentSandbox) -> dict[str, str]:
    """Puts uv's configuration file where a build finds it; returns the variables that the build gets."""
    environ = dict(settings.environ)
    if settings.uv_config:
        path = f"{sandbox.scratch_path}/uv.toml"
        await sandbox.put_file(path, settings.uv_config.encode())
        environ["UV_CONFIG_FILE"] = path
    return environ
