from datetime import date

import pytest

from paperboy import MONTHLY, QUARTERLY, YEARLY, Subscription


@pytest.fixture
def monthly():
    return Subscription("Ada", MONTHLY, started=date(2023, 12, 15))


def test_renews_every_month(monthly):
    days = [monthly.renewal(number) for number in (1, 2, 3)]
    assert days == [date(2024, 1, 15), date(2024, 2, 15), date(2024, 3, 15)]


def test_renews_every_quarter():
    subscription = Subscription("Grace", QUARTERLY, started=date(2024, 1, 10))
    assert subscription.renewal(2) == date(2024, 7, 10)


def test_renewals_are_counted_from_one(monthly):
    with pytest.raises(ValueError, match="counted from 1"):
        monthly.renewal(0)


def test_next_renewal(monthly):
    assert monthly.next_renewal(after=date(2024, 2, 1)) == date(2024, 2, 15)


def test_next_renewal_on_the_day_itself_is_the_following_one(monthly):
    assert monthly.next_renewal(after=date(2024, 1, 15)) == date(2024, 2, 15)


def test_no_renewal_after_cancelling(monthly):
    cancelled = monthly.cancel(on=date(2024, 2, 20))
    assert cancelled.next_renewal(after=date(2024, 2, 1)) == date(2024, 2, 15)
    assert cancelled.next_renewal(after=date(2024, 2, 20)) is None


def test_cannot_cancel_before_subscribing(monthly):
    with pytest.raises(ValueError, match="subscribed on"):
        monthly.cancel(on=date(2023, 1, 1))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 12, 15), (date(2023, 12, 15), date(2024, 1, 15))),
        (date(2024, 1, 14), (date(2023, 12, 15), date(2024, 1, 15))),
        (date(2024, 1, 15), (date(2024, 1, 15), date(2024, 2, 15))),
    ],
)
def test_period(monthly, day, expected):
    assert monthly.period(day) == expected


def test_period_of_a_yearly_plan():
    subscription = Subscription("Emmy", YEARLY, started=date(2022, 5, 1))
    assert subscription.period(date(2024, 4, 30)) == (date(2023, 5, 1), date(2024, 5, 1))
