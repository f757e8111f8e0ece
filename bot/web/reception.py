"""Keeps a delivery and rings for it, in that order, before the forge is answered. What the delivery asks for is not
looked at here."""

from __future__ import annotations

from typing import Protocol

from bot.ports import Delivery, Doorbell, Inbox
from bot.queue.doorbell import DramatiqDoorbell
from bot.store.redis_inbox import RedisInbox


class Reception(Protocol):
    """The doorbell is rung for a known delivery too: the first time may have failed after it was kept."""

    def take_in(self, delivery: Delivery) -> bool:
        """False when the delivery was known. Raises Transient or Permanent when it could not be kept and rung for."""


class InTwoSteps:
    """Over any inbox and doorbell."""

    def __init__(self, inbox: Inbox, doorbell: Doorbell) -> None:
        self._inbox = inbox
        self._doorbell = doorbell

    def take_in(self, delivery: Delivery) -> bool:
        new = self._inbox.accept(delivery)
        self._doorbell.delivery(delivery.id)
        return new


class InOneBreath:
    """Over an inbox and a doorbell in the same Redis: both are told in one write, which takes half the time."""

    def __init__(self, inbox: RedisInbox, doorbell: DramatiqDoorbell) -> None:
        self._inbox = inbox
        self._doorbell = doorbell

    def take_in(self, delivery: Delivery) -> bool:
        new, rung = self._inbox.accept_and(delivery, self._doorbell.delivery_command(delivery.id))
        if not rung:
            self._doorbell.delivery(delivery.id)
        return new
