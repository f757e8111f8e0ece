"""`issues`: labels, an instruction in an issue's own text, edits, and the issue's end."""

from __future__ import annotations

from bot.core.commands import Command
from handlers.base import Fields, Handler
from handlers.threads import Thread


def decide(payload: Fields) -> Command | None:
    return Thread.of_issue(payload).changed()


HANDLER = Handler(
    "issues", frozenset({"labeled", "unlabeled", "opened", "edited", "closed", "deleted", "transferred"}), decide
)
