from datetime import datetime, timedelta

import pytest
from rooms import Booking, Conflict, Schedule


def at(hour, minute=0):
    return datetime(2024, 3, 4, hour, minute)


def booking(start, end, room="Oak", owner="ann"):
    return Booking(room, owner, at(start), at(end))


@pytest.fixture
def schedule():
    schedule = Schedule()
    schedule.book(booking(10, 12))
    return schedule


def test_overlap_at_the_start(schedule):
    with pytest.raises(Conflict, match="Oak is taken by ann from 10:00 to 12:00"):
        schedule.book(booking(9, 11))


def test_overlap_at_the_end(schedule):
    with pytest.raises(Conflict):
        schedule.book(booking(11, 13))


def test_booking_inside(schedule):
    with pytest.raises(Conflict):
        schedule.book(Booking("Oak", "bob", at(10, 30), at(11)))


def test_other_room(schedule):
    schedule.book(booking(10, 12, room="Elm", owner="bob"))
    assert len(schedule.of("bob")) == 1


def test_just_before(schedule):
    schedule.book(booking(8, 10, owner="bob"))
    assert schedule.of("bob")[0].end == at(10)


def test_just_after(schedule):
    schedule.book(booking(12, 13, owner="bob"))
    assert schedule.of("bob")[0].start == at(12)


def test_free_rooms(schedule):
    assert schedule.free_rooms(["Oak", "Elm"], at(11), timedelta(hours=1)) == ["Elm"]


def test_cancel(schedule):
    assert schedule.cancel(booking(10, 12))
    assert not schedule.cancel(booking(10, 12))
    schedule.book(booking(11, 13))


def test_end_before_start():
    with pytest.raises(ValueError):
        booking(12, 12)
