"""Who gets a friendly mail before the next payment is taken."""

from collections.abc import Iterable
from datetime import date, timedelta

from paperboy.subscriptions import Subscription


def due_reminders(
    subscriptions: Iterable[Subscription], today: date, days_ahead: int = 7
) -> list[tuple[str, date]]:
    """Readers whose plan renews within the coming days, soonest first."""
    horizon = today + timedelta(days=days_ahead)
    due = []
    for subscription in subscriptions:
        renewal = subscription.next_renewal(after=today)
        if renewal is not None and renewal <= horizon:
            due.append((subscription.reader, renewal))
    return sorted(due, key=lambda entry: (entry[1], entry[0]))
