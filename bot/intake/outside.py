"""Everything outside that taking in a command needs, bundled. What is done with it is in the files named after what
was asked."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bot.intake.policies import Policies
from bot.ports import Clock, Doorbell, Forge, Register, Store


class Notices(Protocol):
    """Keeps what people see of a run up to date."""

    async def refresh(self, run_id: str) -> float | None: ...


def random_suffix() -> str:
    return secrets.token_hex(3)


@dataclass(frozen=True)
class Outside:
    """`suffix` makes the end of a run's id. `schema_url` is where the settings' JSON Schema can be read, "" when it is
    not served."""

    forge: Forge
    store: Store
    register: Register
    doorbell: Doorbell
    notices: Notices
    clock: Clock
    policies: Policies
    schema_url: str = ""
    suffix: Callable[[], str] = field(default=random_suffix)
