import itertools
import random
from datetime import datetime, timedelta

import pytest
from rooms import Booking, Conflict, Schedule

DAY = datetime(2024, 1, 1)


def span(start, end, room="r"):
    return Booking(room, "x", DAY + timedelta(minutes=start), DAY + timedelta(minutes=end))


def spans(limit):
    return [(a, b) for a in range(limit) for b in range(a + 1, limit + 1)]


def test_clash_means_a_shared_minute():
    for (a, b), (c, d) in itertools.product(spans(6), repeat=2):
        assert span(a, b).clashes_with(span(c, d)) == bool(set(range(a, b)) & set(range(c, d)))


def test_clash_is_symmetric():
    for (a, b), (c, d) in itertools.product(spans(5), repeat=2):
        assert span(a, b).clashes_with(span(c, d)) == span(c, d).clashes_with(span(a, b))


def test_back_to_back_all_day():
    schedule = Schedule()
    for start in range(0, 600, 60):
        schedule.book(span(start, start + 60))
    assert len(schedule.of("x")) == 10


def test_same_booking_twice():
    schedule = Schedule()
    schedule.book(span(0, 5))
    with pytest.raises(Conflict):
        schedule.book(span(0, 5))


def test_free_right_after():
    schedule = Schedule()
    schedule.book(span(0, 30))
    assert schedule.free_rooms(["r"], DAY + timedelta(minutes=30), timedelta(minutes=10)) == ["r"]
    assert schedule.free_rooms(["r"], DAY + timedelta(minutes=29), timedelta(minutes=10)) == []


def test_a_schedule_never_double_books():
    rng = random.Random(17)
    schedule = Schedule()
    used = set()
    for _ in range(300):
        start = rng.randint(0, 200)
        end = start + rng.randint(1, 10)
        minutes = set(range(start, end))
        if minutes & used:
            with pytest.raises(Conflict):
                schedule.book(span(start, end))
        else:
            schedule.book(span(start, end))
            used |= minutes
