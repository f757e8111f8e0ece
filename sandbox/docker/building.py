"""Builds environments in containers and keeps them as images: each once, whoever asks, and never half of one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core.errors import EnvironmentBroken, FixbugsError, Permanent
from bot.core.redact import redacted
from bot.ports import Built, Command, Ended, Limits, Recipe, Service
from sandbox.agent_sandbox import AgentSandbox
from sandbox.build_steps import TAIL_BYTES, check_step, filled_in
from sandbox.docker.agent_link import agent_in, uninterrupted
from sandbox.docker.build_settings import BuildOutfit, outfit_of
from sandbox.docker.container import CACHE, ENVIRONMENT, INSIDE_UID, ROOT, Box, Container
from sandbox.docker.engine import Engine, engine_errors
from sandbox.docker.eviction import DOWNLOADS, Eviction
from sandbox.docker.images import Images, Kept
from sandbox.docker.registry_link import registry_link
from sandbox.egress import Egress
from sandbox.environments import EnvironmentCache

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WATCH_S = 5.0  # between two looks at how much a build has written
MOST_BYTES = 12 << 30  # one environment
CACHE_BYTES = 4 << 30  # a repository's downloads; beyond it they are fetched anew
# Empties the folders named by its arguments, also those that were made unreadable: the first one always, the others
# when they hold more bytes than it says. By the interpreter that the agent was started with: the build may have put a
# `find` of its own first.
CLEAN = """
import os, shutil, sys
def empty(folder):
    for root, names, _ in os.walk(folder):
        for path in (os.path.join(root, name) for name in names):
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    for entry in os.scandir(folder):
        (shutil.rmtree if entry.is_dir(follow_symlinks=False) else os.unlink)(entry.path)
def size(folder):
    found = 0
    for root, _, names in os.walk(folder):
        found += sum(os.lstat(os.path.join(root, name)).st_blocks * 512 for name in names)
    return found
most, always, *others = sys.argv[1:]
for folder in [always] + [other for other in others if size(other) > int(most)]:
    empty(folder)
"""
ROOM = (
    "No space left on the disk of the Docker engine while the environment was built. Make room there (`docker system "
    "df` shows what takes it; `fixbugs doctor --clean --environments` removes what FixBugs built), then run again."
)


@dataclass(frozen=True, slots=True)
class Builder:
    """On one engine. `folder` keeps locks, and when each environment was used last."""

    engine: Engine
    folder: Path
    environ: Mapping[str, str]

    @property
    def images(self) -> Images:
        return Images(self.engine, self.folder / "used")

    async def build(self, recipe: Recipe) -> Built:
        """Raises EnvironmentBroken with the output's tail when a command fails."""
        services = tuple(service for service in recipe.services if self.images.allows(service.image))
        async with EnvironmentCache(self.folder / "locks").locked(recipe.key):
            base = await asyncio.to_thread(self.images.base, recipe.image)
            kept = await asyncio.to_thread(self.images.kept, recipe.key)
            cached = kept is not None and (kept.base, kept.services) == (base, services)
            if kept is None or not cached:
                await self._build(recipe, base, services)
                kept = await asyncio.to_thread(self._kept, recipe.key)
            await asyncio.to_thread(self.images.use, recipe.key)
        if not cached:
            await asyncio.to_thread(self._tidy)
        left_out = (_left_out(service) for service in recipe.services if service not in services)
        return Built(recipe.key, ENVIRONMENT, cached, kept.build_s, kept.output_tail, (*kept.notes, *left_out))

    def _tidy(self) -> None:
        with suppress(FixbugsError), engine_errors("make room"):  # what was built is there all the same
            Eviction(self.engine, self.folder / "used").tidy(time.time())

    def _kept(self, key: str) -> Kept:
        """Raises Permanent when it was not built."""
        kept = self.images.kept(key)
        if kept is None:
            raise Permanent(f"There is no environment under the key {key!r}: build it first.")
        return kept

    async def box_of(self, key: str) -> Box:
        """What a sandbox on this environment is made of."""
        kept = await asyncio.to_thread(self._kept, EnvironmentCache(self.folder).slot(key).folder.name)
        await asyncio.to_thread(self.images.use, key)
        return Box(kept.image, "run", volumes=kept.volumes, services=kept.services)

    async def _build(self, recipe: Recipe, base: str, services: tuple[Service, ...]) -> None:
        outfit = await asyncio.to_thread(outfit_of, self.environ, self.engine.settings.registries)
        box = Box(
            base,
            "build",
            build=True,
            cache=f"{DOWNLOADS}{recipe.owner}" if recipe.owner else "",
            memory_bytes=recipe.limits.memory_bytes,
            volumes=await asyncio.to_thread(self._volumes, base),
        )
        for service in services:
            await asyncio.to_thread(self.images.fetched, service.image)
        started = time.monotonic()
        async with AsyncExitStack() as leaving:
            container = await uninterrupted(lambda: Container.start(self.engine, box), lambda made: made.remove())
            leaving.push_async_callback(asyncio.to_thread, container.remove)
            sandbox = await leaving.enter_async_context(agent_in(container, None, temporary=f"{ROOT}/temporary"))
            egress = await leaving.enter_async_context(registry_link(container, outfit.policy))
            await leaving.enter_async_context(_bounded(container, sandbox))
            tail = await _run_steps(sandbox, recipe, outfit, egress, started)
            size_bytes = await asyncio.to_thread(container.written_bytes)
            tail, _ = redacted(tail)  # it is kept with the image, for all who can see that
            built_s, notes = time.monotonic() - started, egress.notes()
            made = Kept("", base, built_s, tail, size_bytes, box.volumes, services, notes, recipe.owner)
            await uninterrupted(lambda: self.images.keep(recipe.key, container.id, made), lambda _: None)

    def _volumes(self, base: str) -> tuple[str, ...]:
        with engine_errors("look at a base image"):
            found = self.engine.api.inspect_image(base)
        return tuple((found.get("Config") or {}).get("Volumes") or ())


def _left_out(service: Service) -> str:
    return (
        f"Tests may need the service {service.name!r} ({service.image}), which this server does not allow: "
        "its operator can add the image to FIXBUGS_ALLOWED_IMAGES."
    )


async def _run_steps(sandbox: AgentSandbox, recipe: Recipe, outfit: BuildOutfit, egress: Egress, started: float) -> str:
    """Runs the recipe's commands, then removes everything but the environment; the tail of what they printed."""
    await sandbox.put_tree(recipe.tree)
    for name, content in outfit.files:
        await sandbox.put_file(f"{sandbox.scratch_path}/{name}", content)
    sandbox.environ |= outfit.variables(sandbox.scratch_path)
    tail = b""
    for command in recipe.commands:
        left_s = recipe.limits.wall_s - (time.monotonic() - started)
        filled = filled_in(command, sandbox.place)
        done = await sandbox.run(filled, replace(recipe.limits, wall_s=max(left_s, 0.0)))
        tail = (tail + done.stdout + done.stderr)[-TAIL_BYTES:]
        text = tail.decode("utf-8", "replace")
        try:
            check_step(filled, done, recipe.limits, text, ROOM)
        except EnvironmentBroken as error:
            raise EnvironmentBroken(" ".join((str(error), *egress.notes())), text) from error
    most_bytes = CACHE_BYTES if recipe.owner else 0  # nobody's downloads are kept
    argv = (sandbox.place.python, "-I", "-S", "-c", CLEAN, str(most_bytes), ROOT, CACHE)
    done = await sandbox.run(Command(argv, cwd="/"), Limits(wall_s=300.0))
    if (done.ended, done.exit_code) != (Ended.EXITED, 0):
        said = done.stderr.decode("utf-8", "replace")
        raise EnvironmentBroken("What the build left behind could not be removed.", said)
    return tail.decode("utf-8", "replace")


def _downloaded_bytes(container: Container) -> int:
    """How much its downloads take, which are no part of its own layer; 0 where that cannot be told."""
    api = container.engine.api
    with suppress(FixbugsError, ValueError, IndexError), engine_errors("measure the downloads of a build"):
        made = api.exec_create(container.id, ["du", "-sk", CACHE], stderr=False, user=str(INSIDE_UID))
        return int(api.exec_start(made["Id"])[:40].split()[0]) << 10
    return 0


@asynccontextmanager
async def _bounded(container: Container, sandbox: AgentSandbox) -> AsyncIterator[None]:
    """Ends the build when it writes more than one environment may hold."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            if await asyncio.to_thread(lambda: container.written_bytes() + _downloaded_bytes(container)) > MOST_BYTES:
                sandbox.channel.kill(f"The build wrote more than {MOST_BYTES >> 30} GB; it was ended.")
                return

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
