"""Invoices, and what a reader gets back for changing plans in the middle of a period."""

from dataclasses import dataclass
from datetime import date, timedelta

from paperboy.dates import next_workday
from paperboy.plans import Plan
from paperboy.subscriptions import Subscription

PAYABLE_WITHIN = timedelta(days=14)


@dataclass(frozen=True)
class Invoice:
    reader: str
    text: str
    total_cents: int
    due: date

    def line(self) -> str:
        euros, cents = divmod(self.total_cents, 100)
        return f"{self.text:<44}{euros:>6}.{cents:02} EUR"


def invoice_for(subscription: Subscription, day: date) -> Invoice:
    """The invoice for the period that this day lies in."""
    begin, end = subscription.period(day)
    last = end - timedelta(days=1)
    return Invoice(
        reader=subscription.reader,
        text=f"{subscription.plan.name.capitalize()} plan, {begin} to {last}",
        total_cents=subscription.plan.price_cents,
        due=next_workday(begin + PAYABLE_WITHIN),
    )


def switch_credit(subscription: Subscription, to: Plan, day: date) -> int:
    """What is left of the current period, in cents, when a reader changes plans on this day."""
    if to == subscription.plan:
        return 0
    begin, end = subscription.period(day)
    unused = (end - day).days
    return subscription.plan.price_cents * unused // (end - begin).days
