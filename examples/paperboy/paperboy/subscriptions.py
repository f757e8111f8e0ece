"""A reader's subscription and the days on which it renews."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from paperboy.dates import add_months, months_between
from paperboy.plans import Plan


@dataclass(frozen=True)
class Subscription:
    reader: str
    plan: Plan
    started: date
    cancelled: date | None = None

    def renewal(self, number: int) -> date:
        """The day of the first, second, … renewal.

        Always counted from the first day, so that a short month does not move the renewals after it.
        """
        if number < 1:
            raise ValueError(f"renewals are counted from 1, not {number}")
        return add_months(self.started, number * self.plan.every_months)

    def renewals(self) -> Iterator[date]:
        """Every renewal, for ever, or until the subscription was cancelled."""
        number = 1
        while True:
            day = self.renewal(number)
            if self.cancelled is not None and day > self.cancelled:
                return
            yield day
            number += 1

    def next_renewal(self, after: date) -> date | None:
        """The first renewal later than this day, or None when there will not be one."""
        for day in self.renewals():
            if day > after:
                return day
        return None

    def period(self, day: date) -> tuple[date, date]:
        """First day of the paid period that this day lies in, and first day of the one after it."""
        if day < self.started:
            raise ValueError(f"{self.reader} was no subscriber yet on {day}")
        number = months_between(self.started, day) // self.plan.every_months
        begin = self.started if number == 0 else self.renewal(number)
        if begin > day:
            number -= 1
            begin = self.started if number == 0 else self.renewal(number)
        return begin, self.renewal(number + 1)

    def cancel(self, on: date) -> "Subscription":
        if on < self.started:
            raise ValueError(f"{self.reader} subscribed on {self.started}, after {on}")
        return replace(self, cancelled=on)
