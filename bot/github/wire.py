"""Reads GitHub's JSON tolerantly: what we need must be there and of its type, all else is ignored. No meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from bot.core.errors import Permanent


@dataclass(frozen=True, slots=True)
class Fields:
    """An object out of an answer. `what` names it in messages ("issue acme/shop#12"). Names may lead inwards
    ("head.repo.full_name"); a null on the way counts as not there. Raises Permanent naming the field."""

    data: object
    what: str

    def text(self, name: str) -> str:
        found = self._at(name)
        if not isinstance(found, str):
            self._fail(name, "a text")
        return found

    def text_or(self, name: str, default: str = "") -> str:
        found = self._at(name)
        return found if isinstance(found, str) else default

    def number(self, name: str) -> int:
        found = self.number_or_none(name)
        if found is None:
            self._fail(name, "a whole number")
        return found

    def number_or_none(self, name: str) -> int | None:
        found = self._at(name)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    def flag(self, name: str) -> bool:
        """False when it is not there."""
        return self._at(name) is True

    def time(self, name: str) -> datetime:
        try:
            return datetime.fromisoformat(self.text(name).replace("Z", "+00:00"))
        except ValueError:
            self._fail(name, "a time")

    def has(self, name: str) -> bool:
        return self._at(name) is not None

    def inner(self, name: str) -> Fields:
        """What is at this name, which may be nothing."""
        return Fields(self._at(name), self.what)

    def items(self, name: str) -> tuple[Fields, ...]:
        """The objects in a list; none when it is not there."""
        found = self._at(name)
        return (
            tuple(Fields(item, self.what) for item in found if isinstance(item, Mapping))
            if isinstance(found, list)
            else ()
        )

    def _at(self, name: str) -> object:
        found: object = self.data
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def _fail(self, name: str, kind: str) -> NoReturn:
        raise Permanent(
            f"GitHub's answer on {self.what} has no usable '{name}' ({kind} was expected). Its API may have changed, "
            "or something between it and us rewrites answers: please report this to FixBugs."
        )
