"""Delta debugging: the smallest part of a change that still does its work. Knows nothing of patches or sandboxes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def minimize(parts: Sequence[T], works: Callable[[tuple[T, ...]], Awaitable[bool]]) -> tuple[T, ...]:
    """A 1-minimal subsequence of `parts` for which `works` holds: taking away any single part breaks it.

    `works(parts)` itself must hold; the empty subsequence is never tried. Zeller and Hildebrandt's ddmin (2002): first
    whole chunks, then their complements, then finer chunks. No subsequence is tried twice.
    """
    known: dict[tuple[int, ...], bool] = {}

    async def holds(indices: tuple[int, ...]) -> bool:
        if not indices:
            return False
        if indices not in known:
            known[indices] = await works(tuple(parts[i] for i in indices))
        return known[indices]

    current = tuple(range(len(parts)))
    granularity = 2
    while len(current) >= 2:
        chunks = _split(current, granularity)
        smaller = None
        for chunk in chunks:
            if await holds(chunk):
                smaller, granularity = chunk, 2
                break
        if smaller is None:
            for chunk in chunks:
                rest = tuple(i for i in current if i not in chunk)
                if await holds(rest):
                    smaller, granularity = rest, max(granularity - 1, 2)
                    break
        if smaller is not None:
            current = smaller
        elif granularity >= len(current):
            break
        else:
            granularity = min(granularity * 2, len(current))
    return tuple(parts[i] for i in current)


def _split(indices: tuple[int, ...], count: int) -> list[tuple[int, ...]]:
    count = min(count, len(indices))
    size, extra = divmod(len(indices), count)
    chunks, start = [], 0
    for number in range(count):
        stop = start + size + (1 if number < extra else 0)
        chunks.append(indices[start:stop])
        start = stop
    return chunks
