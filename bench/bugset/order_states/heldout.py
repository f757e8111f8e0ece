from datetime import datetime, timedelta

import pytest
from order import IllegalChange, Order, Status

START = datetime(2024, 1, 1)
FULL = (Status.PAID, Status.SHIPPED, Status.DELIVERED)


def walked(*statuses):
    order = Order("B", START)
    for hour, status in enumerate(statuses, start=1):
        order.move_to(status, START + timedelta(hours=hour))
    return order


def test_first_change_knows_where_it_came_from():
    assert walked(Status.PAID).history[0].before is Status.NEW


def test_changes_form_a_chain():
    history = walked(*FULL).history
    assert [change.after for change in history[:-1]] == [change.before for change in history[1:]]


def test_no_change_stays_in_place():
    assert all(change.before is not change.after for change in walked(*FULL).history)


def test_last_change_leads_to_the_status():
    order = walked(*FULL)
    assert order.history[-1].after is order.status is Status.DELIVERED


def test_times_add_up():
    order = walked(*FULL)
    now = START + timedelta(hours=10)
    assert sum((order.time_in(status, now) for status in Status), timedelta()) == timedelta(hours=10)


def test_each_time():
    order = walked(*FULL)
    now = START + timedelta(hours=10)
    assert order.time_in(Status.PAID, now) == timedelta(hours=1)
    assert order.time_in(Status.DELIVERED, now) == timedelta(hours=7)


def test_refused_change_leaves_no_trace():
    order = walked(Status.PAID)
    with pytest.raises(IllegalChange):
        order.move_to(Status.NEW, START)
    assert order.status is Status.PAID
    assert len(order.history) == 1
