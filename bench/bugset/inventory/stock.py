"""Warehouse stock: what is there, what is promised, and what has to be ordered again."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_REORDER_LEVEL = 10


class OutOfStock(Exception):
    pass


@dataclass
class Item:
    """`reorder_level` is the number of free pieces at or below which more is ordered; None means the default."""

    sku: str
    on_hand: int = 0
    reserved: int = 0
    reorder_level: int | None = None

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved


class Warehouse:
    def __init__(self) -> None:
        self._items: dict[str, Item] = {}

    def add(self, sku: str, quantity: int = 0, reorder_level: int | None = None) -> None:
        if sku in self._items:
            raise ValueError(f"{sku} is already known")
        self._items[sku] = Item(sku, on_hand=quantity, reorder_level=reorder_level)

    def receive(self, sku: str, quantity: int) -> None:
        if quantity <= 0:
            raise ValueError("received quantity must be positive")
        self._items[sku].on_hand += quantity

    def reserve(self, sku: str, quantity: int) -> None:
        item = self._items[sku]
        if quantity > item.free:
            raise OutOfStock(f"{sku}: {quantity} wanted, {item.free} free")
        item.reserved += quantity

    def ship(self, sku: str, quantity: int) -> None:
        item = self._items[sku]
        if quantity > item.reserved:
            raise OutOfStock(f"{sku}: {quantity} to ship, {item.reserved} reserved")
        item.reserved -= quantity
        item.on_hand -= quantity

    def free(self, sku: str) -> int:
        return self._items[sku].free

    def to_reorder(self) -> list[str]:
        """The items at or below their reorder level, by name."""
        due = []
        for item in self._items.values():
            level = item.reorder_level or DEFAULT_REORDER_LEVEL
            if item.free <= level:
                due.append(item.sku)
        return sorted(due)
