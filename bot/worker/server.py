"""What a worker needs of the world, bundled. Building it is `bot.wiring_server`'s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.core.commands import Command
from bot.intake.outside import Notices
from bot.intake.redelivery import Redelivery
from bot.ports import Deps, Doorbell, Inbox, Register, Store
from bot.settings import ServerSettings


class ServerStore(Store, Protocol):
    """The store, and what only a server asks of it; see `bot.store.redis_store`."""

    async def overdue(self) -> tuple[str, ...]: ...

    async def beat(self, worker_id: str, ttl_s: float) -> None: ...


class Desk(Protocol):
    """Carries out what webhooks ask for."""

    async def carry_out(self, command: Command) -> None: ...


@dataclass(frozen=True)
class Server:
    """Everything that a worker needs. `redelivery` is None where no App is known to ask about."""

    settings: ServerSettings
    deps: Deps
    store: ServerStore
    register: Register
    inbox: Inbox
    doorbell: Doorbell
    desk: Desk
    notices: Notices
    redelivery: Redelivery | None = None
