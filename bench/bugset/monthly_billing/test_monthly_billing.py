from datetime import date
from itertools import islice

import pytest
from billing import Subscription, billed_until, billing_dates, next_billing, refund_cents


def first(subscription, count):
    return list(islice(billing_dates(subscription), count))


def test_plain_months():
    assert first(Subscription(date(2024, 1, 15), 500), 3) == [date(2024, 1, 15), date(2024, 2, 15), date(2024, 3, 15)]


def test_over_new_year():
    assert first(Subscription(date(2023, 12, 1), 500), 2) == [date(2023, 12, 1), date(2024, 1, 1)]


def test_quarters():
    assert first(Subscription(date(2024, 2, 10), 500, months=3), 3) == [
        date(2024, 2, 10),
        date(2024, 5, 10),
        date(2024, 8, 10),
    ]


def test_last_day_of_the_month():
    assert first(Subscription(date(2024, 1, 31), 500), 4) == [
        date(2024, 1, 31),
        date(2024, 2, 29),
        date(2024, 3, 31),
        date(2024, 4, 30),
    ]


def test_end_is_not_billed():
    subscription = Subscription(date(2024, 1, 1), 500, end=date(2024, 3, 1))
    assert list(billing_dates(subscription)) == [date(2024, 1, 1), date(2024, 2, 1)]


def test_billed_until():
    assert billed_until(Subscription(date(2024, 1, 5), 500), date(2024, 3, 5)) == 1500


def test_next_billing():
    assert next_billing(Subscription(date(2024, 1, 30), 500), date(2024, 2, 1)) == date(2024, 2, 29)


def test_no_next_billing():
    subscription = Subscription(date(2024, 1, 1), 500, end=date(2024, 2, 1))
    assert next_billing(subscription, date(2024, 1, 1)) is None


def test_refund():
    assert refund_cents(date(2024, 4, 1), date(2024, 5, 1), date(2024, 4, 16), 1000) == 500
    with pytest.raises(ValueError):
        refund_cents(date(2024, 4, 1), date(2024, 5, 1), date(2024, 6, 1), 1000)
