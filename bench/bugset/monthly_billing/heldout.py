import random
from datetime import date, timedelta
from itertools import islice

from billing import Subscription, billed_until, billing_dates, months_later, next_billing


def last_day(year, month):
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day


def expected(start, months, count):
    dates = []
    for step in range(count):
        index = start.year * 12 + start.month - 1 + step * months
        year, month = index // 12, index % 12 + 1
        dates.append(date(year, month, min(start.day, last_day(year, month))))
    return dates


def test_random_subscriptions():
    rng = random.Random(41)
    for _ in range(300):
        start = date(2019, 1, 1) + timedelta(days=rng.randint(0, 2500))
        months = rng.choice([1, 2, 3, 6, 12, 18, 24])
        assert list(islice(billing_dates(Subscription(start, 1, months)), 15)) == expected(start, months, 15)


def test_day_comes_back_after_a_short_month():
    dates = list(islice(billing_dates(Subscription(date(2023, 1, 30), 1)), 3))
    assert dates == [date(2023, 1, 30), date(2023, 2, 28), date(2023, 3, 30)]


def test_leap_day_every_year():
    dates = list(islice(billing_dates(Subscription(date(2024, 2, 29), 1, months=12)), 5))
    assert [day.day for day in dates] == [29, 28, 28, 28, 29]


def test_two_years_at_once():
    assert months_later(date(2024, 5, 31), 25) == date(2026, 6, 30)


def test_december_stays_in_its_year():
    assert months_later(date(2024, 11, 30), 1) == date(2024, 12, 30)
    assert months_later(date(2024, 12, 31), 12) == date(2025, 12, 31)


def test_no_months():
    assert months_later(date(2024, 5, 31), 0) == date(2024, 5, 31)


def test_billed_over_a_year():
    assert billed_until(Subscription(date(2023, 8, 31), 100), date(2024, 8, 31)) == 1300


def test_end_on_a_shortened_date():
    subscription = Subscription(date(2023, 1, 31), 1, end=date(2023, 2, 28))
    assert list(billing_dates(subscription)) == [date(2023, 1, 31)]
    assert next_billing(subscription, date(2023, 1, 31)) is None
