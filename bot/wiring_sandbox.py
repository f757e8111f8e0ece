"""Chooses what isolates the project's code, and builds it: the only place that names the kinds of sandbox. The rest of
what a run needs is put together in `bot.wiring`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from bot.core.errors import InputError, SandboxUnavailable
from bot.core.testing import Isolation
from bot.ports import Sandboxes
from bot.sandbox_settings import SandboxSettings
from bot.settings import Settings
from sandbox.bubblewrap import probe
from sandbox.capacity import Capacity, Shared
from sandbox.docker.settings import DockerSettings
from sandbox.egress.policy import Allowed
from sandbox.local import LocalSandboxes
from sandbox.workbench import SandboxWorkbench

DEFAULTS = DockerSettings()


class SandboxChoice(Enum):
    """What a person asked for: the best there is, containers, namespaces, or no isolation at all."""

    AUTO = "auto"
    DOCKER = "docker"
    NAMESPACE = "namespace"
    NONE = "none"


def choose_isolation(
    choice: SandboxChoice,
    settings: SandboxSettings,
    *,
    unsafe_allowed: bool,
    no_docker: Callable[[SandboxSettings], str | None] | None = None,
    no_namespaces: Callable[[], str | None] = probe,
) -> Isolation:
    """The strongest isolation that this machine offers and the choice allows. `no_docker` and `no_namespaces` say why
    there are no containers or namespaces, or None where there are.

    Raises SandboxUnavailable, with what to do, rather than fall back to less than was asked for; InputError for a
    choice that contradicts itself.
    """
    if choice is SandboxChoice.NONE:
        if not unsafe_allowed:
            raise InputError("--sandbox none runs the project's code as you; say so with --unsafe-local too.")
        return Isolation.NONE
    reasons = []
    if choice in (SandboxChoice.AUTO, SandboxChoice.DOCKER):
        reason = (no_docker or why_no_docker)(settings)
        if reason is None:
            return Isolation.CONTAINER
        reasons.append(reason)
    if choice in (SandboxChoice.AUTO, SandboxChoice.NAMESPACE):
        reason = no_namespaces()
        if reason is None:
            return Isolation.NAMESPACE
        reasons.append(reason)
    if choice is SandboxChoice.AUTO and unsafe_allowed:
        return Isolation.NONE
    raise SandboxUnavailable(" ".join(reasons))


def why_no_docker(settings: SandboxSettings) -> str | None:
    """None where sandboxes can run in containers; else the reason and what to do."""
    from sandbox.docker.engine import probe_docker  # noqa: PLC0415 (Docker's library takes a while to load)

    return context_unread(settings) or probe_docker(docker_settings(settings))


def context_unread(settings: SandboxSettings) -> str | None:
    """What to say to somebody whose engine is named in a way that we do not follow."""
    if not settings.context:
        return None
    return (
        f"DOCKER_CONTEXT is {settings.context!r}, and FixBugs does not read Docker's contexts: set DOCKER_HOST to its "
        f"address instead (`docker context inspect {settings.context}` shows it)."
    )


def docker_settings(given: SandboxSettings) -> DockerSettings:
    """What the operator said, and the defaults where nothing was. Raises InputError for a registry that is none."""
    for registry in given.registries:
        Allowed.parse(registry)
    return replace(
        DEFAULTS,
        host=given.host,
        cert_path=given.cert_path,
        runtime=given.runtime,
        images={**DEFAULTS.images, **dict(given.images)},
        allowed_images=given.allowed_images,
        registries=(*DEFAULTS.registries, *given.registries),
        cpus=given.cpus or DEFAULTS.cpus,
        memory_bytes=given.memory_bytes or DEFAULTS.memory_bytes,
        disk_bytes=given.disk_bytes or DEFAULTS.disk_bytes,
        environments_bytes=given.environments_bytes or DEFAULTS.environments_bytes,
        capacity=given.slots or DEFAULTS.capacity,
    )


def capacity_of(settings: Settings, isolation: Isolation) -> Capacity:
    """How many sandboxes run at once, counted over all processes that use this cache folder and this engine."""
    given = settings.sandbox
    remote = isolation is Isolation.CONTAINER and bool(given.host) and not given.host.startswith("unix://")
    name = hashlib.sha256(given.host.encode()).hexdigest()[:10] if remote else "here"
    slots = given.slots or (_processors_there(given) if remote else os.cpu_count()) or 1
    return Capacity(settings.cache_dir / "slots" / name, slots)


def sandboxes_of(settings: Settings, isolation: Isolation, capacity: Capacity | None = None) -> Sandboxes:
    """Sandboxes that share this host's capacity. Starts and writes nothing yet."""
    given = settings.sandbox
    found: Sandboxes
    if isolation is Isolation.CONTAINER:
        from sandbox.docker.sandboxes import DockerSandboxes  # noqa: PLC0415 (as above)

        found = DockerSandboxes(docker_settings(given), settings.cache_dir, settings.environ)
    else:
        disk_bytes = given.disk_bytes or DEFAULTS.disk_bytes
        folder = settings.cache_dir / "environments"
        found = LocalSandboxes(folder, isolation, disk_bytes=disk_bytes, environ=settings.environ)
    return Shared(found, capacity or capacity_of(settings, isolation))


def workbench_of(settings: Settings, isolation: Isolation) -> SandboxWorkbench:
    """A workbench whose lanes are as many as can run at once."""
    capacity = capacity_of(settings, isolation)
    sandboxes = sandboxes_of(settings, isolation, capacity)
    memory_bytes = settings.sandbox.memory_bytes or DEFAULTS.memory_bytes
    return SandboxWorkbench(sandboxes, memory_bytes=memory_bytes, lanes=min(capacity.slots, 8))


def _processors_there(given: SandboxSettings) -> int:
    """Of an engine on another machine. Raises SandboxUnavailable."""
    from sandbox.docker.engine import Engine  # noqa: PLC0415 (as above)

    engine = Engine.connect(docker_settings(given))
    try:
        return engine.cpus
    finally:
        engine.close()
