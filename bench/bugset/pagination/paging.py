"""Pages of a long list, for the catalogue and its page bar. Pages are numbered from 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    items: Sequence[T]
    number: int
    pages: int
    total: int

    @property
    def has_next(self) -> bool:
        return self.number < self.pages

    @property
    def has_previous(self) -> bool:
        return self.number > 1


def page_count(total: int, per_page: int) -> int:
    """How many pages `total` items need; an empty list has one empty page."""
    if per_page < 1:
        raise ValueError("per_page must be at least 1")
    return max(1, total // per_page)


def paginate(items: Sequence[T], number: int = 1, per_page: int = 20) -> Page[T]:
    """One page; a number out of range gives the nearest page there is."""
    pages = page_count(len(items), per_page)
    number = min(max(number, 1), pages)
    start = (number - 1) * per_page
    return Page(items[start : start + per_page], number, pages, len(items))


def page_bar(number: int, pages: int, around: int = 1) -> str:
    """Such as `1 … 4 [5] 6 … 9`: first, last and the pages around the current one."""
    shown = {1, pages} | set(range(number - around, number + around + 1))
    parts: list[str] = []
    previous = 0
    for page in sorted(page for page in shown if 1 <= page <= pages):
        if page > previous + 1:
            parts.append("…")
        parts.append(f"[{page}]" if page == number else str(page))
        previous = page
    return " ".join(parts)
