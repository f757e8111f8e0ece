"""What issues and pull requests have in common as threads: labels, closing, and texts with or without an instruction.
Which event carries what is in the files named after the events."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.commands import Command, Discussed, Instructed, Labelled, ThreadClosed, Unlabelled
from handlers.base import Fields, place, sender, text_before, written_by_bot
from handlers.instructions import Instruction, first_instruction, newly_instructed


@dataclass(frozen=True, slots=True)
class Thread:
    """The issue or pull request that a payload is about."""

    payload: Fields
    fields: Fields
    is_pull_request: bool

    @classmethod
    def of_issue(cls, payload: Fields) -> Thread:
        """The forge calls a pull request an issue, too, where both share something: comments, for one."""
        issue = payload.part("issue")
        return cls(payload, issue, issue.has("pull_request"))

    @classmethod
    def of_pull_request(cls, payload: Fields) -> Thread:
        return cls(payload, payload.part("pull_request"), True)

    @property
    def number(self) -> int:
        return self.fields.number("number")

    def changed(self) -> Command | None:
        """What the payload's action did to it. Any that is not named here ended it."""
        match self.payload.text("action"):
            case "labeled":
                return self.labelled()
            case "unlabeled":
                return self.unlabelled()
            case "opened":
                return self.opened()
            case "edited":
                return self.edited()
            case _:
                return self.closed()

    def labelled(self) -> Command:
        return Labelled(place(self.payload), self.number, self.is_pull_request, sender(self.payload), self._label())

    def unlabelled(self) -> Command:
        return Unlabelled(place(self.payload), self.number, self.is_pull_request, sender(self.payload), self._label())

    def closed(self) -> Command:
        """Also when it was deleted or moved to another repository: the thread is no longer here."""
        head = self.fields.part_or_none("head")
        head_repository = head.part_or_none("repo") if head else None  # null when the fork is gone
        return ThreadClosed(
            place(self.payload),
            self.number,
            self.is_pull_request,
            sender(self.payload),
            merged=self.fields.flag_or("merged", False),
            head_ref=head.text_or("ref") if head else "",
            head_repository=head_repository.text_or("full_name") if head_repository else "",
        )

    def opened(self) -> Command | None:
        if written_by_bot(self.payload, self.fields):
            return None
        return self.instructed(first_instruction(self.fields.text_or("body")))

    def edited(self) -> Command | None:
        """An edit of the title or of the thread's own text."""
        if written_by_bot(self.payload, self.fields):
            return None
        before = text_before(self.payload, "body")
        instruction = newly_instructed(self.fields.text_or("body"), before)
        if instruction is not None:
            return self.instructed(instruction)
        return self.discussed() if before is not None or text_before(self.payload, "title") is not None else None

    def instructed(
        self, instruction: Instruction | None, comment_id: int | None = None, *, in_review: bool = False
    ) -> Instructed | None:
        if instruction is None:
            return None
        return Instructed(
            place(self.payload),
            self.number,
            self.is_pull_request,
            sender(self.payload),
            instruction.ask,
            guidance=instruction.guidance,
            comment_id=comment_id,
            in_review=in_review,
            unknown=instruction.unknown,
        )

    def discussed(self, comment_id: int | None = None, *, removed: bool = False) -> Discussed:
        return Discussed(
            place(self.payload), self.number, self.is_pull_request, sender(self.payload), comment_id, removed=removed
        )

    def _label(self) -> str:
        return self.payload.part("label").text("name")
