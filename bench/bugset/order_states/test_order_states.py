from datetime import datetime, timedelta

import pytest
from order import IllegalChange, Order, Status

START = datetime(2024, 5, 1, 9, 0)


def hours(count):
    return START + timedelta(hours=count)


@pytest.fixture
def order():
    return Order("A1", START)


def test_starts_new(order):
    assert order.status is Status.NEW
    assert not order.is_final


def test_move(order):
    order.move_to(Status.PAID, hours(1))
    assert order.status is Status.PAID


def test_illegal_move(order):
    with pytest.raises(IllegalChange, match="new cannot become delivered"):
        order.move_to(Status.DELIVERED, hours(1))
    assert order.history == []


def test_cancelled_is_final(order):
    order.move_to(Status.CANCELLED, hours(1))
    assert order.is_final


def test_summary_without_changes(order):
    assert order.summary() == "A1: new"


def test_summary(order):
    order.move_to(Status.PAID, hours(1))
    order.move_to(Status.SHIPPED, hours(5))
    assert order.summary() == "A1: new -> paid, paid -> shipped"


def test_time_in_current_status(order):
    assert order.time_in(Status.NEW, hours(3)) == timedelta(hours=3)


def test_time_in_left_status(order):
    order.move_to(Status.PAID, hours(2))
    assert order.time_in(Status.NEW, hours(9)) == timedelta(hours=2)


def test_each_change_is_recorded(order):
    order.move_to(Status.PAID, hours(1))
    order.move_to(Status.CANCELLED, hours(2))
    assert [change.after for change in order.history] == [Status.PAID, Status.CANCELLED]
