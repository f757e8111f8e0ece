"""Calendar arithmetic that `datetime` leaves out."""

from calendar import monthrange
from datetime import date, timedelta


def days_in_month(day: date) -> int:
    """How many days the month of this day has."""
    return monthrange(day.year, day.month)[1]


def add_months(start: date, months: int) -> date:
    """The same day of the month, that many months later."""
    years, month = divmod(start.month - 1 + months, 12)
    target = date(start.year + years, month + 1, 1)
    return target.replace(day=min(start.day, days_in_month(start)))


def months_between(earlier: date, later: date) -> int:
    """Whole months that have passed, ignoring the day of the month."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def next_workday(day: date) -> date:
    """This day, or the Monday after it when it falls on a weekend."""
    if day.weekday() >= 5:
        return day + timedelta(days=7 - day.weekday())
    return day
