"""`pull_request_review`: a review as a whole. Its comments on lines of the diff come by their own event."""

from __future__ import annotations

from bot.core.commands import Command, Reviewed
from handlers.base import Fields, Handler, place, sender, text_before, written_by_bot
from handlers.instructions import first_instruction, newly_instructed
from handlers.threads import Thread


def decide(payload: Fields) -> Command | None:
    review = payload.part("review")
    if written_by_bot(payload, review):
        return None
    thread, body = Thread.of_pull_request(payload), review.text_or("body")
    if payload.text("action") == "edited":
        return thread.instructed(newly_instructed(body, text_before(payload, "body")))
    instruction = first_instruction(body)
    if instruction is not None:
        return thread.instructed(instruction)
    if review.text("state").lower() != "changes_requested":  # an approval, or remarks that ask for nothing
        return None
    return Reviewed(place(payload), thread.number, sender(payload), body.strip(), review_id=review.number("id"))


HANDLER = Handler("pull_request_review", frozenset({"submitted", "edited"}), decide)
