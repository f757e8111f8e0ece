"""The one way out of a container that builds: to package registries, over a stream that this process holds. What may
pass is decided by `sandbox.egress`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.docker.build_settings import BuildOutfit
from sandbox.docker.container import Container


@asynccontextmanager
async def registry_link(
    container: Container, outfit: BuildOutfit, registries: tuple[str, ...]
) -> AsyncIterator[list[str]]:
    """Yields the list of hosts that the build asked for in vain; it grows."""
    yield []
