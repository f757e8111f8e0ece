"""`installation_repositories`: repositories were added to an installation, or taken from it."""

from __future__ import annotations

from bot.core.commands import Command, InstallationChanged
from handlers.base import Fields, Handler
from handlers.installations import account, installation_id, names


def decide(payload: Fields) -> Command | None:
    return InstallationChanged(
        installation_id(payload),
        account(payload),
        payload.text("action"),
        added=names(payload, "repositories_added"),
        removed=names(payload, "repositories_removed"),
    )


HANDLER = Handler("installation_repositories", frozenset({"added", "removed"}), decide)
