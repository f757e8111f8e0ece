"""`pull_request`: labels, an instruction in its own text, edits, and how it ended. Reviews have events of their own."""

from __future__ import annotations

from bot.core.commands import Command
from handlers.base import Fields, Handler
from handlers.threads import Thread


def decide(payload: Fields) -> Command | None:
    return Thread.of_pull_request(payload).changed()


HANDLER = Handler("pull_request", frozenset({"labeled", "unlabeled", "opened", "edited", "closed"}), decide)
