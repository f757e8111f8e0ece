from datetime import date, timedelta

from workdays import add_workdays, due_date, is_workday, workdays_between


def test_each_day_of_a_week():
    monday = date(2023, 5, 1)
    assert [is_workday(monday + timedelta(days=n)) for n in range(7)] == [True] * 5 + [False] * 2


def test_every_weekend_of_a_year():
    day = date(2023, 1, 1)
    while day.year == 2023:
        assert is_workday(day) == (day.strftime("%a") not in ("Sat", "Sun"))
        day += timedelta(days=1)


def test_backwards_over_a_weekend():
    assert add_workdays(date(2024, 1, 8), -1) == date(2024, 1, 5)


def test_due_on_saturday_moves_to_monday():
    assert due_date(date(2024, 1, 6), 7) == date(2024, 1, 15)


def test_weekend_followed_by_a_holiday():
    assert add_workdays(date(2024, 3, 29), 1, {date(2024, 4, 1)}) == date(2024, 4, 2)


def test_a_year_has_its_workdays():
    assert workdays_between(date(2023, 1, 1), date(2024, 1, 1)) == 260


def test_weekend_alone_has_none():
    assert workdays_between(date(2024, 1, 6), date(2024, 1, 8)) == 0
