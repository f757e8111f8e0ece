"""Ages and fees of club members. People born on 29 February have their birthday on 1 March in other years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

ADULT = 18
SENIOR = 65


@dataclass(frozen=True)
class Member:
    name: str
    born: date
    joined: date


def age(born: date, today: date) -> int:
    """Completed years. ValueError for somebody not yet born."""
    if born > today:
        raise ValueError(f"born on {born}, after {today}")
    years = today.year - born.year
    if today.month < born.month and today.day < born.day:
        years -= 1
    return years


def fee_cents(member: Member, today: date) -> int:
    """The yearly fee: reduced for the young and the old, a tenth less after ten years in the club."""
    years = age(member.born, today)
    if years < ADULT:
        fee = 4_000
    elif years >= SENIOR:
        fee = 6_000
    else:
        fee = 12_000
    if age(member.joined, today) >= 10:
        fee -= fee // 10
    return fee


def may_vote(members: list[Member], today: date) -> list[str]:
    """Adults who have been members for a year, by name."""
    return sorted(
        member.name for member in members if age(member.born, today) >= ADULT and age(member.joined, today) >= 1
    )


def next_birthday(born: date, today: date) -> date:
    """The first birthday after today."""
    year = today.year
    while True:
        try:
            day = born.replace(year=year)
        except ValueError:
            day = date(year, 3, 1)
        if day > today:
            return day
        year += 1
