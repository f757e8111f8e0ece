"""Durations for people: `1d 2h 5m`, and back. Whole seconds; negative durations carry a minus sign."""

from __future__ import annotations

import re

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": 1}
PART = re.compile(r"(\d+)\s*([dhms])")


def split(seconds: int) -> dict[str, int]:
    """Days, hours, minutes and seconds of a duration that is not negative."""
    return {
        "d": seconds // DAY,
        "h": seconds // HOUR,
        "m": seconds // MINUTE,
        "s": seconds % MINUTE,
    }


def show(seconds: int, parts: int = 4) -> str:
    """At most `parts` units, from the largest that is not zero on; zero ones are left out."""
    if seconds < 0:
        return "-" + show(-seconds, parts)
    amounts = [(amount, unit) for unit, amount in split(seconds).items()]
    while amounts and not amounts[0][0]:
        amounts.pop(0)
    shown = [f"{amount}{unit}" for amount, unit in amounts[:parts] if amount]
    return " ".join(shown) or "0s"


def clock(seconds: int) -> str:
    """As a stopwatch shows it: `4:05`, `1:02:03`; days count as hours."""
    amounts = split(seconds)
    hours = seconds // HOUR
    if hours:
        return f"{hours}:{amounts['m']:02d}:{amounts['s']:02d}"
    return f"{amounts['m']}:{amounts['s']:02d}"


def parse(text: str) -> int:
    """`"1h 30m"` as seconds. ValueError for anything else."""
    compact = text.strip()
    sign = -1 if compact.startswith("-") else 1
    compact = compact.lstrip("-")
    total = sum(int(amount) * UNITS[unit] for amount, unit in PART.findall(compact))
    if not compact or PART.sub("", compact).strip():
        raise ValueError(f"not a duration: {text!r}")
    return sign * total
