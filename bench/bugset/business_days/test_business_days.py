from datetime import date

import pytest
from workdays import add_workdays, due_date, is_workday, workdays_between

NEW_YEAR = date(2024, 1, 1)


def test_weekdays_are_workdays():
    assert is_workday(date(2024, 1, 3))


def test_sunday_is_no_workday():
    assert not is_workday(date(2024, 1, 7))


def test_holiday_is_no_workday():
    assert not is_workday(NEW_YEAR, {NEW_YEAR})


def test_add_within_one_week():
    assert add_workdays(date(2024, 1, 1), 3) == date(2024, 1, 4)


def test_add_over_a_weekend():
    assert add_workdays(date(2024, 1, 5), 1) == date(2024, 1, 8)


def test_adding_nothing_gives_the_start():
    assert add_workdays(date(2024, 1, 6), 0) == date(2024, 1, 6)


def test_count_a_full_week():
    assert workdays_between(date(2024, 1, 1), date(2024, 1, 8)) == 5


def test_count_refuses_reversed_dates():
    with pytest.raises(ValueError):
        workdays_between(date(2024, 1, 8), date(2024, 1, 1))


def test_due_on_a_plain_weekday():
    assert due_date(date(2024, 1, 2), 14) == date(2024, 1, 16)


def test_due_on_sunday_moves_to_monday():
    assert due_date(date(2024, 1, 7), 7) == date(2024, 1, 15)
