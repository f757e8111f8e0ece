"""Opening hours as minute ranges within one day, start included and end excluded."""

from __future__ import annotations

DAY_MINUTES = 24 * 60

Span = tuple[int, int]


def parse_span(text: str) -> Span:
    """`"09:30-17:00"` as minutes since midnight."""
    start_text, _, end_text = text.partition("-")
    start, end = _minutes(start_text), _minutes(end_text)
    if end <= start:
        raise ValueError(f"{text!r} does not end after it starts")
    return start, end


def merge(spans: list[Span]) -> list[Span]:
    """Sorted spans without overlaps; spans that touch become one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def gaps(spans: list[Span]) -> list[Span]:
    """When the shop is closed, from midnight to midnight."""
    closed: list[Span] = []
    cursor = 0
    for start, end in merge(spans):
        if start > cursor:
            closed.append((cursor, start))
        cursor = end
    if cursor < DAY_MINUTES:
        closed.append((cursor, DAY_MINUTES))
    return closed


def open_minutes(spans: list[Span]) -> int:
    return sum(end - start for start, end in merge(spans))


def _minutes(text: str) -> int:
    hours, minutes = text.strip().split(":")
    value = int(hours) * 60 + int(minutes)
    if not 0 <= value <= DAY_MINUTES:
        raise ValueError(f"{text!r} is not a time of day")
    return value
