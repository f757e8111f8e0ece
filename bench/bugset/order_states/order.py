"""The life of a web-shop order: which status may follow which, and the record of every change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum


class Status(Enum):
    NEW = "new"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


ALLOWED = {
    Status.NEW: {Status.PAID, Status.CANCELLED},
    Status.PAID: {Status.SHIPPED, Status.CANCELLED},
    Status.SHIPPED: {Status.DELIVERED},
    Status.DELIVERED: set(),
    Status.CANCELLED: set(),
}


class IllegalChange(Exception):
    pass


@dataclass(frozen=True)
class Change:
    before: Status
    after: Status
    at: datetime


@dataclass
class Order:
    number: str
    created: datetime
    status: Status = Status.NEW
    history: list[Change] = field(default_factory=list)

    def move_to(self, status: Status, at: datetime) -> None:
        if status not in ALLOWED[self.status]:
            raise IllegalChange(f"order {self.number}: {self.status.value} cannot become {status.value}")
        self.status = status
        self.history.append(Change(self.status, status, at))

    def time_in(self, status: Status, now: datetime) -> timedelta:
        """How long the order was in a status, up to `now` when it still is."""
        total = timedelta()
        entered = self.created
        for change in self.history:
            if change.before is status:
                total += change.at - entered
            entered = change.at
        if self.status is status:
            total += now - entered
        return total

    @property
    def is_final(self) -> bool:
        return not ALLOWED[self.status]

    def summary(self) -> str:
        steps = [f"{change.before.value} -> {change.after.value}" for change in self.history]
        return f"{self.number}: " + (", ".join(steps) or self.status.value)
