"""The till of a vending machine: what coins it holds, and how it gives change with as few as it can."""

from __future__ import annotations

from collections import Counter


class NoChange(Exception):
    """The amount cannot be paid out with the coins in the till."""


class Till:
    """Holds coins by value in cents."""

    def __init__(self, coins: dict[int, int]) -> None:
        if any(value <= 0 or count < 0 for value, count in coins.items()):
            raise ValueError("coins have a positive value and are not fewer than none")
        self._coins = Counter(coins)

    def put(self, value: int, count: int = 1) -> None:
        if value not in self._coins:
            raise ValueError(f"this machine takes no coins of {value}")
        self._coins[value] += count

    @property
    def total(self) -> int:
        return sum(value * count for value, count in self._coins.items())

    def count(self, value: int) -> int:
        return self._coins[value]

    def change(self, amount: int) -> dict[int, int]:
        """The fewest coins that make up the amount, as value and count; nothing is taken out. NoChange if none do."""
        if amount < 0:
            raise ValueError("change cannot be negative")
        coins: dict[int, int] = {}
        for value in sorted(self._coins, reverse=True):
            used = min(self._coins[value], amount // value)
            if used:
                coins[value] = used
                amount -= used * value
        if amount:
            raise NoChange(f"cannot pay out {amount}")
        return coins

    def pay_out(self, amount: int) -> dict[int, int]:
        """Give change and take it out of the till."""
        coins = self.change(amount)
        self._coins.subtract(coins)
        return coins


def sell(till: Till, price: int, inserted: list[int]) -> dict[int, int]:
    """Take the inserted coins and give the change. ValueError when they do not cover the price.

    When there is no change the till stays as it was, and NoChange is raised.
    """
    paid = sum(inserted)
    if paid < price:
        raise ValueError(f"{price - paid} is missing")
    for value in inserted:
        till.put(value)
    try:
        return till.pay_out(paid - price)
    except NoChange:
        for value in inserted:
            till.put(value, -1)
        raise
