"""Progressive income tax. Amounts are whole currency units, rates whole percent; the tax is rounded down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bracket:
    """Income above `lower` is taxed at `percent`, up to where the next bracket begins."""

    lower: int
    percent: int


@dataclass(frozen=True)
class Schedule:
    name: str
    brackets: tuple[Bracket, ...]

    def __post_init__(self) -> None:
        bounds = [bracket.lower for bracket in self.brackets]
        if not bounds or bounds != sorted(set(bounds)):
            raise ValueError("brackets must be in ascending order, each once")

    def tax(self, income: int) -> int:
        if income < 0:
            raise ValueError("income cannot be negative")
        hundredths = 0
        for position, bracket in enumerate(self.brackets):
            if income <= bracket.lower:
                break
            upper = self._upper(position, income)
            taxed = upper - bracket.lower
            hundredths += taxed * bracket.percent
        return hundredths // 100

    def marginal_percent(self, income: int) -> int:
        """The rate on the next unit earned."""
        rate = 0
        for bracket in self.brackets:
            if income >= bracket.lower:
                rate = bracket.percent
        return rate

    def _upper(self, position: int, income: int) -> int:
        if position + 1 < len(self.brackets):
            return self.brackets[position + 1].lower
        return income


def net(schedule: Schedule, income: int, deductions: int = 0) -> int:
    """What is left of the income after tax; deductions lower the taxed part, not below zero."""
    return income - schedule.tax(max(0, income - deductions))


def effective_percent(schedule: Schedule, income: int) -> float:
    return round(100 * schedule.tax(income) / income, 2) if income else 0.0
