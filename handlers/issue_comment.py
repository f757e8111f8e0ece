"""`issue_comment`: what people say on issues and pull requests, with or without an instruction. Comments on lines of a
diff have an event of their own."""

from __future__ import annotations

from bot.core.commands import Command
from handlers.base import Fields, Handler, text_before, written_by_bot
from handlers.instructions import first_instruction, newly_instructed
from handlers.threads import Thread


def decide(payload: Fields) -> Command | None:
    comment = payload.part("comment")
    if written_by_bot(payload, comment):  # our own comment among them
        return None
    thread, comment_id, body = Thread.of_issue(payload), comment.number("id"), comment.text_or("body")
    match payload.text("action"):
        case "deleted":
            return thread.discussed(comment_id, removed=True)
        case "edited":
            instruction = newly_instructed(body, text_before(payload, "body"))
        case _:
            instruction = first_instruction(body)
    return thread.instructed(instruction, comment_id) or thread.discussed(comment_id)


HANDLER = Handler("issue_comment", frozenset({"created", "edited", "deleted"}), decide)
