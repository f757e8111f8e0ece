"""`pull_request_review_comment`: a comment on a line of a pull request's diff."""

from __future__ import annotations

from bot.core.commands import Command, Reviewed
from handlers.base import Fields, Handler, place, sender, text_before, written_by_bot
from handlers.instructions import first_instruction, newly_instructed
from handlers.threads import Thread


def decide(payload: Fields) -> Command | None:
    comment = payload.part("comment")
    if written_by_bot(payload, comment):
        return None
    thread, comment_id, body = Thread.of_pull_request(payload), comment.number("id"), comment.text_or("body")
    if payload.text("action") == "edited":
        edited = newly_instructed(body, text_before(payload, "body"))
        return thread.instructed(edited, comment_id, in_review=True)
    instruction = first_instruction(body)
    if instruction is not None:
        return thread.instructed(instruction, comment_id, in_review=True)
    return Reviewed(
        place(payload),
        thread.number,
        sender(payload),
        body.strip(),
        review_id=comment.number_or_none("pull_request_review_id"),
        comment_id=comment_id,
        path=comment.text_or("path"),
        line=comment.number_or_none("line") or comment.number_or_none("original_line"),  # null once it is outdated
    )


HANDLER = Handler("pull_request_review_comment", frozenset({"created", "edited"}), decide)
