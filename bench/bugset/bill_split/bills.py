"""Splitting a restaurant bill: all amounts are whole cents, nothing is lost and nothing is invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    name: str
    cents: int


def with_tip(total_cents: int, percent: int) -> int:
    """The total with a tip, rounded half up to a whole cent."""
    if percent < 0:
        raise ValueError("a tip cannot be negative")
    return total_cents + (total_cents * percent + 50) // 100


def split_evenly(total_cents: int, names: list[str]) -> list[Share]:
    """Equal shares; cents that do not divide go to the first names, one each."""
    if not names:
        raise ValueError("nobody to split the bill between")
    if total_cents < 0:
        raise ValueError("a bill cannot be negative")
    base = round(total_cents / len(names))
    leftover = total_cents - base * len(names)
    return [Share(name, base + 1 if place < leftover else base) for place, name in enumerate(names)]


def settle(total_cents: int, paid: dict[str, int]) -> dict[str, int]:
    """What each person still owes (positive) or gets back (negative), in the order they paid."""
    if sum(paid.values()) != total_cents:
        raise ValueError("the payments do not cover the bill")
    shares = split_evenly(total_cents, list(paid))
    return {share.name: share.cents - paid[share.name] for share in shares}


def receipt(shares: list[Share]) -> str:
    width = max(len(share.name) for share in shares)
    return "\n".join(f"{share.name:<{width}}  {share.cents // 100}.{share.cents % 100:02d}" for share in shares)
