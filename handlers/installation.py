"""`installation`: the App was installed, removed, suspended, woken up again, or given other permissions."""

from __future__ import annotations

from bot.core.commands import Command, InstallationChanged
from handlers.base import Fields, Handler
from handlers.installations import account, installation_id, names


def decide(payload: Fields) -> Command | None:
    action, repositories = payload.text("action"), names(payload, "repositories")
    return InstallationChanged(
        installation_id(payload),
        account(payload),
        action,
        added=repositories if action == "created" else (),
        removed=repositories if action == "deleted" else (),
    )


HANDLER = Handler(
    "installation", frozenset({"created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"}), decide
)
