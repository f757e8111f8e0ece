"""How a handler reads a payload, and what a handler is. Which event asks for what is in the other files, one each.

Payloads are signed, yet still untrusted: people write their texts, and fields come and go with GitHub's versions. So a
handler takes the few fields it needs, checks each one's type, and ignores the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bot.core.commands import Command
from bot.core.errors import InputError
from bot.core.forge import Actor, Place

T = TypeVar("T")
REPOSITORY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/(?!\.{1,2}$)[A-Za-z0-9_.-]+")
COMMIT_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1 or SHA-256


class Malformed(InputError):
    """A payload lacks a field or has another type there. `path` is like "issue.number"; `expected` says what belongs
    there."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"The payload's {path!r} is not {expected}." if path else f"The payload is not {expected}.")
        self.path = path
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object of a payload. Every method raises Malformed when a field is there with another type; those
    without `_or` also when it is missing or null."""

    values: Mapping[str, object]
    path: str = ""

    @classmethod
    def of(cls, payload: object) -> Fields:
        if not isinstance(payload, Mapping):
            raise Malformed("", "a JSON object")
        return cls(payload)

    def part(self, name: str) -> Fields:
        return self._or_malformed(self.part_or_none(name), name, "an object")

    def part_or_none(self, name: str) -> Fields | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise Malformed(self._at(name), "an object")
        return Fields(value, self._at(name))

    def text(self, name: str, form: re.Pattern[str] | None = None, expected: str = "a text") -> str:
        """A text that is not empty and, where a form is given, has it from end to end."""
        value = self.text_or(name)
        if not value or (form is not None and not form.fullmatch(value)):
            raise Malformed(self._at(name), expected)
        return value

    def text_or(self, name: str, default: str = "") -> str:
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise Malformed(self._at(name), "a text")
        return value

    def number(self, name: str) -> int:
        """A whole number above zero: an id or the number of an issue."""
        return self._or_malformed(self.number_or_none(name), name, "a whole number above zero")

    def number_or_none(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise Malformed(self._at(name), "a whole number above zero")
        return value

    def flag_or(self, name: str, default: bool) -> bool:
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise Malformed(self._at(name), "true or false")
        return value

    def parts(self, name: str) -> tuple[Fields, ...]:
        """The objects of a list; none when the list is missing or null."""
        value = self.values.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise Malformed(self._at(name), "a list")
        found = []
        for index, item in enumerate(value):
            if not isinstance(item, Mapping):
                raise Malformed(f"{self._at(name)}[{index}]", "an object")
            found.append(Fields(item, f"{self._at(name)}[{index}]"))
        return tuple(found)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.values.get(name) is not None

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _or_malformed(self, value: T | None, name: str, expected: str) -> T:
        if value is None:
            raise Malformed(self._at(name), expected)
        return value


@dataclass(frozen=True, slots=True)
class Handler:
    """What one webhook event asks for. `decide` is pure; it is called for these actions only, and may raise
    Malformed."""

    event: str
    actions: frozenset[str]
    decide: Callable[[Fields], Command | None]


def place(payload: Fields) -> Place:
    """Where it happened. A delivery of a plain repository webhook has no installation, so it is Malformed."""
    return Place(
        payload.part("installation").number("id"),
        payload.part("repository").text("full_name", REPOSITORY_NAME, "a name like owner/repository"),
    )


def sender(payload: Fields) -> Actor:
    """Who did it."""
    return actor(payload.part("sender"))


def actor(account: Fields) -> Actor:
    login = account.text("login")
    return Actor(login, is_bot=account.text_or("type") == "Bot" or login.endswith("[bot]"))


def written_by_bot(payload: Fields, text: Fields) -> bool:
    """Whether a program wrote this text, or touched it just now. An account that is gone counts as a person's."""
    author = text.part_or_none("user")
    return sender(payload).is_bot or (author is not None and actor(author).is_bot)


def commit_hash(holder: Fields, name: str) -> str:
    return holder.text(name, COMMIT_HASH, "a full commit hash")


def text_before(payload: Fields, name: str) -> str | None:
    """What a text was before this edit; None when the edit left it as it was."""
    changes = payload.part_or_none("changes")
    change = changes.part_or_none(name) if changes else None
    return change.text_or("from") if change else None
