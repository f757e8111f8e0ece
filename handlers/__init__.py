"""What webhooks ask for: one pure file per event. Adding an event is a file and a line in HANDLERS (and, unless GitHub
always sends it, in app.yml). Carrying out what is asked belongs to `bot.intake`."""

from __future__ import annotations

from dataclasses import replace

from bot.core.commands import Command, Instructed, Reviewed
from bot.core.redact import redacted
from handlers import (
    check_run,
    check_suite,
    installation,
    installation_repositories,
    issue_comment,
    issues,
    pull_request,
    pull_request_review,
    pull_request_review_comment,
    workflow_run,
)
from handlers.base import Fields, Handler, Malformed

HANDLERS: dict[str, Handler] = {
    module.HANDLER.event: module.HANDLER
    for module in (
        issues,
        issue_comment,
        pull_request,
        pull_request_review,
        pull_request_review_comment,
        check_suite,
        check_run,
        workflow_run,
        installation,
        installation_repositories,
    )
}
ALWAYS_SENT = frozenset({"installation", "installation_repositories"})  # to every App, subscribed or not

__all__ = ["ALWAYS_SENT", "HANDLERS", "Handler", "Malformed", "decide"]


def decide(event: str, payload: object) -> Command | None:
    """What a delivery asks for; None when it asks for nothing. `payload` is parsed JSON. Secrets that somebody wrote
    into the guidance are taken out here, before it is kept anywhere.

    Raises Malformed when the payload of an event that we act on lacks what is needed.
    """
    handler = HANDLERS.get(event)
    if handler is None:
        return None
    fields = Fields.of(payload)
    command = handler.decide(fields) if fields.text("action") in handler.actions else None
    if isinstance(command, Instructed | Reviewed) and command.guidance:
        return replace(command, guidance=redacted(command.guidance)[0])
    return command
