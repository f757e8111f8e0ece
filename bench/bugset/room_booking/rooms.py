"""Meeting-room bookings. A booking covers its start and runs up to, but not including, its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


class Conflict(Exception):
    """The room is taken; `other` is the booking in the way."""

    def __init__(self, other: Booking) -> None:
        super().__init__(f"{other.room} is taken by {other.owner} from {other.start:%H:%M} to {other.end:%H:%M}")
        self.other = other


@dataclass(frozen=True)
class Booking:
    room: str
    owner: str
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a booking must end after it starts")

    def clashes_with(self, other: Booking) -> bool:
        if self.room != other.room:
            return False
        return not (self.end <= other.start or self.start > other.end)


class Schedule:
    def __init__(self) -> None:
        self._bookings: list[Booking] = []

    def book(self, booking: Booking) -> None:
        for other in self._bookings:
            if booking.clashes_with(other):
                raise Conflict(other)
        self._bookings.append(booking)
        self._bookings.sort(key=lambda entry: (entry.start, entry.room))

    def cancel(self, booking: Booking) -> bool:
        if booking not in self._bookings:
            return False
        self._bookings.remove(booking)
        return True

    def of(self, owner: str) -> list[Booking]:
        return [booking for booking in self._bookings if booking.owner == owner]

    def free_rooms(self, rooms: list[str], start: datetime, length: timedelta) -> list[str]:
        """The rooms, in the order given, that nobody uses during that time."""
        free = []
        for room in rooms:
            wanted = Booking(room, "", start, start + length)
            if not any(wanted.clashes_with(other) for other in self._bookings):
                free.append(room)
        return free
