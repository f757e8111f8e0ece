from datetime import date

import pytest
from members import Member, age, fee_cents, may_vote, next_birthday


@pytest.mark.parametrize(
    ("born", "today", "years"),
    [
        (date(1990, 6, 15), date(2024, 7, 20), 34),
        (date(1990, 6, 15), date(2024, 6, 15), 34),
        (date(1990, 6, 15), date(2024, 3, 20), 33),
        (date(1990, 6, 15), date(2024, 2, 1), 33),
        (date(2024, 1, 1), date(2024, 1, 1), 0),
    ],
)
def test_age(born, today, years):
    assert age(born, today) == years


def test_not_yet_born():
    with pytest.raises(ValueError):
        age(date(2025, 1, 1), date(2024, 1, 1))


def test_fees():
    today = date(2024, 12, 31)
    joined = date(2023, 1, 1)
    fees = [fee_cents(Member("m", date(year, 1, 1), joined), today) for year in (2010, 1980, 1950)]
    assert fees == [4_000, 12_000, 6_000]


def test_long_membership():
    assert fee_cents(Member("m", date(1980, 1, 1), date(2000, 1, 1)), date(2024, 12, 31)) == 10_800


def test_voters():
    members = [Member("zoe", date(1990, 1, 1), date(2020, 1, 1)), Member("kid", date(2015, 1, 1), date(2020, 1, 1))]
    assert may_vote(members, date(2024, 12, 31)) == ["zoe"]


def test_next_birthday():
    assert next_birthday(date(1990, 6, 15), date(2024, 6, 15)) == date(2025, 6, 15)
    assert next_birthday(date(2000, 2, 29), date(2022, 6, 1)) == date(2023, 3, 1)
