from datetime import date

import pytest

from paperboy.dates import add_months, days_in_month, months_between, next_workday


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        (date(2024, 3, 15), 1, date(2024, 4, 15)),
        (date(2024, 11, 30), 2, date(2025, 1, 30)),
        (date(2024, 1, 31), 2, date(2024, 3, 31)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
    ],
)
def test_add_months(start, months, expected):
    assert add_months(start, months) == expected


def test_add_months_over_new_year():
    assert add_months(date(2023, 12, 1), 1) == date(2024, 1, 1)


def test_days_in_month_knows_leap_years():
    assert days_in_month(date(2024, 2, 10)) == 29
    assert days_in_month(date(2023, 2, 10)) == 28


def test_months_between_ignores_the_day():
    assert months_between(date(2023, 11, 30), date(2024, 2, 1)) == 3


def test_next_workday_skips_the_weekend():
    assert next_workday(date(2024, 6, 8)) == date(2024, 6, 10)
    assert next_workday(date(2024, 6, 7)) == date(2024, 6, 7)
