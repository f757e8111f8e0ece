"""Delta debugging."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bot.core.minimize import minimize


def minimal(parts: list[int], needed: set[int]) -> tuple[tuple[int, ...], int]:
    """The result, and how many subsets were tried."""
    tried: list[tuple[int, ...]] = []

    async def works(subset: tuple[int, ...]) -> bool:
        assert subset not in tried
        tried.append(subset)
        return needed <= set(subset)

    return asyncio.run(minimize(parts, works)), len(tried)


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=1))))
def test_just_the_needed_parts_are_left_in_order(case: tuple[int, set[int]]) -> None:
    size, needed = case

    assert minimal(list(range(size)), needed)[0] == tuple(sorted(needed))


def test_one_needed_part_of_many_is_found_in_few_tries() -> None:
    result, tries = minimal(list(range(64)), {37})

    assert result == (37,)
    assert tries <= 2 * 6


def test_a_single_part_is_not_tried_at_all() -> None:
    assert minimal([7], {7}) == ((7,), 0)


def test_the_result_is_one_minimal_where_parts_depend_on_each_other() -> None:
    async def works(subset: tuple[int, ...]) -> bool:
        return (sum(subset) % 2 == 1 and 5 in subset) or {2, 4} <= set(subset)

    result = asyncio.run(minimize([1, 2, 3, 4, 5], works))

    async def still_works_without(part: int) -> bool:
        rest = tuple(p for p in result if p != part)
        return bool(rest) and await works(rest)

    assert not any(asyncio.run(still_works_without(part)) for part in result)
