"""Working-day arithmetic for delivery promises and invoice due dates."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

WEEKEND = (6, 7)
ONE_DAY = timedelta(days=1)


def is_workday(day: date, holidays: Collection[date] = ()) -> bool:
    """Monday to Friday, unless it is a holiday."""
    return day.weekday() not in WEEKEND and day not in holidays


def add_workdays(start: date, count: int, holidays: Collection[date] = ()) -> date:
    """The `count`-th working day after `start` (before it, when negative). Zero gives `start` itself."""
    step = ONE_DAY if count >= 0 else -ONE_DAY
    day = start
    remaining = abs(count)
    while remaining:
        day += step
        if is_workday(day, holidays):
            remaining -= 1
    return day


def workdays_between(start: date, end: date, holidays: Collection[date] = ()) -> int:
    """Working days from `start` up to but not including `end`."""
    if end < start:
        raise ValueError(f"{end} is before {start}")
    total = 0
    day = start
    while day < end:
        if is_workday(day, holidays):
            total += 1
        day += ONE_DAY
    return total


def due_date(invoiced: date, terms_days: int, holidays: Collection[date] = ()) -> date:
    """Calendar terms, moved to the next working day when they end on a day off."""
    due = invoiced + timedelta(days=terms_days)
    while not is_workday(due, holidays):
        due += ONE_DAY
    return due
