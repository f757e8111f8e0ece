"""Billing dates of subscriptions, and the price of a part of a period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Subscription:
    """Billed on the day it started and every `months` months after; in a shorter month on its last day."""

    start: date
    price_cents: int
    months: int = 1
    end: date | None = None

    def __post_init__(self) -> None:
        if self.months < 1:
            raise ValueError("a period lasts at least a month")


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day when it has no such day."""
    month = day.month + months
    if month > 12:
        return day.replace(year=day.year + 1, month=month - 12)
    return day.replace(month=month)


def billing_dates(subscription: Subscription) -> Iterator[date]:
    """All billing dates, without end unless the subscription has one (which is not billed itself)."""
    day = subscription.start
    while subscription.end is None or day < subscription.end:
        yield day
        day = months_later(day, subscription.months)


def billed_until(subscription: Subscription, today: date) -> int:
    """Cents billed so far, today included."""
    total = 0
    for day in billing_dates(subscription):
        if day > today:
            break
        total += subscription.price_cents
    return total


def next_billing(subscription: Subscription, today: date) -> date | None:
    """The first billing date after today, or None when there is none any more."""
    for day in billing_dates(subscription):
        if day > today:
            return day
    return None


def refund_cents(period_start: date, period_end: date, cancelled: date, price_cents: int) -> int:
    """What is paid back for the days from the cancellation on, rounded down."""
    if not period_start <= cancelled <= period_end:
        raise ValueError(f"{cancelled} is outside the period")
    return price_cents * (period_end - cancelled).days // (period_end - period_start).days
