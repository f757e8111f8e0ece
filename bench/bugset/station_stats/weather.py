"""Daily summaries of weather-station readings. Temperatures are in degrees Celsius."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    station: str
    hour: int
    celsius: float | None  # None: the sensor gave nothing


@dataclass(frozen=True)
class Summary:
    station: str
    low: float
    high: float
    mean: float
    gaps: int


def summarize(station: str, readings: Iterable[Reading]) -> Summary | None:
    """What one station saw, or None when it gave no value at all."""
    low = math.inf
    high = 0.0
    total = 0.0
    count = 0
    gaps = 0
    for reading in readings:
        if reading.station != station:
            continue
        if reading.celsius is None:
            gaps += 1
            continue
        low = min(low, reading.celsius)
        high = max(high, reading.celsius)
        total += reading.celsius
        count += 1
    if not count:
        return None
    return Summary(station, low, high, round(total / count, 2), gaps)


def report(readings: list[Reading]) -> str:
    """One line per station, in the order the stations first appear."""
    lines = []
    for station in dict.fromkeys(reading.station for reading in readings):
        summary = summarize(station, readings)
        if summary is None:
            lines.append(f"{station}: no data")
        else:
            lines.append(f"{station}: {summary.low:.1f} to {summary.high:.1f}, mean {summary.mean:.1f}")
    return "\n".join(lines)
