"""One environment variable as the value it stands for, or a complaint that names it. Which there are is said where the
settings are: `bot.settings`, `bot.sandbox_settings`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bot.core.errors import InputError

T = TypeVar("T", int, float)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|b)?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(frozen=True, slots=True)
class Variables:
    """A variable that is empty counts as not set. Everything raises InputError for a value that cannot be used."""

    environ: Mapping[str, str]

    def value(self, name: str, default: str = "") -> str:
        return self.environ.get(name, "").strip() or default

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        """The first choice is the default."""
        found = self.value(name, choices[0])
        if found not in choices:
            raise InputError(f"{name} is {found!r}: give {_or(choices)}.")
        return found

    def flag(self, name: str) -> bool:
        text = self.value(name, "0").lower()
        if text not in ("0", "1", "false", "true", "no", "yes"):
            raise InputError(f"{name} is {text!r}: give 1 or 0.")
        return text in ("1", "true", "yes")

    def number(self, name: str, default: T, kind: Callable[[str], T]) -> T:
        """Above zero."""
        text = self.value(name)
        if not text:
            return default
        try:
            found = kind(text)
        except ValueError:
            found = kind("0")
        if not (found > 0 and math.isfinite(found)):
            raise InputError(f"{name} is {text!r}, which is not a number above zero.")
        return found

    def size_bytes(self, name: str, least_bytes: int) -> int | None:
        """Of "2g", "512m" or a plain number of bytes; None when it is not set."""
        text = self.value(name)
        if not text:
            return None
        match = _SIZE.fullmatch(text)
        if match is None:
            raise InputError(f"{name} is {text!r}: give a size like 512m or 2g.")
        size_bytes = int(float(match[1]) * _UNITS[(match[2] or "").lower()])
        if size_bytes < least_bytes:
            raise InputError(f"{name} is {text!r}, which is too little: give {least_bytes >> 20}m or more.")
        return size_bytes

    def names(self, name: str) -> tuple[str, ...]:
        """Those between commas or spaces."""
        return tuple(dict.fromkeys(re.findall(r"[^\s,]+", self.value(name))))


def _or(choices: tuple[str, ...]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last
