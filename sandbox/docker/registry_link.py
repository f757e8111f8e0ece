"""The one way out of a container that builds: to package registries, over a stream that this process holds. What may
pass is decided by `sandbox.egress`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sandbox.docker.container import GUARD_UID, PATH, Container
from sandbox.docker.exec_pipe import ExecPipe
from sandbox.egress import Egress, Policy, forwarder_argv


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Implements `sandbox.egress.Stream` over what a forwarder in a container says and hears."""

    pipe: ExecPipe

    async def read(self, size: int) -> bytes:
        return await self.pipe.read_some(size)

    async def write(self, data: bytes) -> None:
        await self.pipe.write(data)


@asynccontextmanager
async def registry_link(container: Container, policy: Policy) -> AsyncIterator[Egress]:
    """For as long as the block lasts; what the build asked for in vain is in the notes of what is yielded. Raises
    SandboxUnavailable when it does not come up."""
    environ = {"PATH": PATH}
    connection = await asyncio.to_thread(container.run, forwarder_argv(), environ, GUARD_UID)
    pipe = await ExecPipe.open(connection, lambda: None)
    egress = Egress(policy)
    try:
        async with egress.serving(Forwarder(pipe)):
            yield egress
    finally:
        await pipe.close()
