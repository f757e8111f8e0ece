"""What the core asks of the world: one Protocol per thing outside. Implementations live in adapters, never here.

Five kinds: the world (`Code`, `Store`, `Publisher`, `Progress`, `Clock`), the forge (`Forge`, `Reports`,
`Credentials`), what a server keeps (`Register`, `Inbox`, `Doorbell`), where untrusted code
runs (`Sandboxes` and `Sandbox`, low level; `Workbench`, which knows tests), and the solvers (`Locator`, `Reproducer`,
`Fixer`).
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.ports.forge import Credentials, DeliveriesApi, Forge, Gathered, Reports, SentDelivery
from bot.ports.register import Delivery, Doorbell, Inbox, Opened, Opening, Register
from bot.ports.sandbox import Built, Command, Completed, Ended, Limits, Recipe, Sandbox, Sandboxes, Service
from bot.ports.solvers import Fixer, FixQuestion, LocateQuestion, Locator, ReproduceQuestion, Reproducer
from bot.ports.workbench import AS_FOUND, Check, ScreeningPlan, ScriptRun, Workbench
from bot.ports.world import Claim, Clock, Code, Progress, Publisher, Store


@dataclass(frozen=True)
class Deps:
    """Everything outside, bundled; built in `bot.wiring` only."""

    clock: Clock
    reports: Reports
    code: Code
    store: Store
    workbench: Workbench
    publisher: Publisher
    progress: Progress
    locators: tuple[Locator, ...]
    reproducers: tuple[Reproducer, ...]
    fixers: tuple[Fixer, ...]


__all__ = [
    "AS_FOUND",
    "Built",
    "Check",
    "Claim",
    "Clock",
    "Code",
    "Command",
    "Completed",
    "Credentials",
    "DeliveriesApi",
    "Delivery",
    "Deps",
    "Doorbell",
    "Ended",
    "FixQuestion",
    "Fixer",
    "Forge",
    "Gathered",
    "Inbox",
    "Limits",
    "LocateQuestion",
    "Locator",
    "Opened",
    "Opening",
    "Progress",
    "Publisher",
    "Recipe",
    "Register",
    "Reports",
    "ReproduceQuestion",
    "Reproducer",
    "Sandbox",
    "Sandboxes",
    "ScreeningPlan",
    "ScriptRun",
    "SentDelivery",
    "Service",
    "Store",
    "Workbench",
]
