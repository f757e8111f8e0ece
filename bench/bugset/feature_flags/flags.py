"""Feature flags: who sees an unfinished feature, until when."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Visitor:
    id: str
    country: str = ""
    staff: bool = False


@dataclass(frozen=True)
class Flag:
    """`percent` of the visitors see it, 0 to 100. From the moment `expires` on nobody does; None means it stays.

    Staff see every live flag; `blocked` visitors see none. No countries means all countries.
    """

    name: str
    percent: int = 100
    countries: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    expires: datetime | None = None


def is_on(flag: Flag, visitor: Visitor, now: datetime) -> bool:
    if is_expired(flag, now):
        return False
    if visitor.id in flag.blocked:
        return False
    if visitor.staff:
        return True
    if flag.countries and visitor.country not in flag.countries:
        return False
    return bucket(flag.name, visitor.id) < flag.percent


def is_expired(flag: Flag, now: datetime) -> bool:
    return flag.expires is not None and now < flag.expires


def bucket(flag_name: str, visitor_id: str) -> int:
    """A number from 0 to 99, always the same for the same flag and visitor."""
    return zlib.crc32(f"{flag_name}:{visitor_id}".encode()) % 100


def active(flags: list[Flag], visitor: Visitor, now: datetime) -> list[str]:
    return [flag.name for flag in flags if is_on(flag, visitor, now)]


def stale(flags: list[Flag], now: datetime) -> list[str]:
    """Flags whose code can be removed: expired ones."""
    return sorted(flag.name for flag in flags if is_expired(flag, now))
