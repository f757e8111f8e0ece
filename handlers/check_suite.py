"""`check_suite`: all checks of one app on one commit have ended, at least one badly."""

from __future__ import annotations

from bot.core.commands import Command
from handlers.base import Fields, Handler
from handlers.checks import app_slug, checks_failed, failed


def decide(payload: Fields) -> Command | None:
    suite = payload.part("check_suite")
    if not failed(suite):
        return None
    # The branch is null when the commit is on a fork's.
    branch = suite.text_or("head_branch")
    return checks_failed(payload, suite, branch=branch, app_slug=app_slug(suite), source="check_suite")


HANDLER = Handler("check_suite", frozenset({"completed"}), decide)
