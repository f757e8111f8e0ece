import random
from datetime import date, timedelta

from members import Member, age, fee_cents, may_vote, next_birthday


def birthdays_had(born, today):
    """Counts birthdays one by one."""
    count = 0
    day = next_birthday(born, born)
    while day <= today:
        count += 1
        day = next_birthday(born, day)
    return count


def test_random_dates():
    rng = random.Random(27)
    for _ in range(500):
        born = date(1950, 1, 1) + timedelta(days=rng.randint(0, 20000))
        today = born + timedelta(days=rng.randint(0, 15000))
        assert age(born, today) == birthdays_had(born, today)


def test_day_before_the_birthday():
    assert age(date(2000, 6, 15), date(2024, 6, 14)) == 23


def test_same_month_later_day():
    assert age(date(2000, 6, 15), date(2024, 6, 16)) == 24


def test_earlier_month_later_day():
    assert age(date(2000, 6, 1), date(2024, 5, 31)) == 23


def test_later_month_earlier_day():
    assert age(date(2000, 6, 30), date(2024, 7, 1)) == 24


def test_leap_day():
    assert age(date(2000, 2, 29), date(2023, 2, 28)) == 22
    assert age(date(2000, 2, 29), date(2023, 3, 1)) == 23
    assert age(date(2000, 2, 29), date(2024, 2, 29)) == 24


def test_fee_changes_on_the_birthday():
    member = Member("m", date(2006, 5, 20), date(2023, 1, 1))
    assert fee_cents(member, date(2024, 5, 19)) == 4_000
    assert fee_cents(member, date(2024, 5, 20)) == 12_000


def test_vote_needs_a_full_year():
    member = Member("m", date(1990, 1, 1), date(2023, 8, 10))
    assert may_vote([member], date(2024, 8, 9)) == []
    assert may_vote([member], date(2024, 8, 10)) == ["m"]
