"""Fair admission: who may start next."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store.admission import Home, Waiting, admitted, ahead

SHOP, CAFE, FORK = Home(1, "ada/shop"), Home(1, "ada/cafe"), Home(2, "bob/fork")


def queue(*homes: Home) -> list[Waiting]:
    return [Waiting(f"r{number}", home) for number, home in enumerate(homes, 1)]


def let_in(waiting: list[Waiting], active: list[Home], *, at_most: int = 4, per_repository: int = 2) -> list[str]:
    return [one.run_id for one in admitted(waiting, active, at_most=at_most, per_repository=per_repository)]


def test_the_oldest_starts_first_where_all_else_is_equal() -> None:
    assert let_in(queue(SHOP, SHOP, SHOP), [], per_repository=3) == ["r1", "r2", "r3"]


def test_an_installation_without_runs_goes_before_one_that_has_some() -> None:
    assert let_in(queue(SHOP, FORK), [CAFE], at_most=2) == ["r2"]


def test_within_an_installation_a_repository_without_runs_goes_first() -> None:
    assert let_in(queue(SHOP, CAFE), [SHOP], at_most=2) == ["r2"]


def test_a_repository_has_no_more_active_runs_than_it_may() -> None:
    assert let_in(queue(SHOP, SHOP, SHOP), [SHOP]) == ["r1"]


def test_no_more_runs_are_active_than_may_be() -> None:
    assert let_in(queue(SHOP, CAFE, FORK), [SHOP, SHOP, SHOP], at_most=4) == ["r3"]
    assert let_in(queue(SHOP), [SHOP] * 9, at_most=4) == []


def test_fifty_runs_of_one_repository_do_not_hold_up_another() -> None:
    waiting = queue(*[SHOP] * 50, FORK)

    assert let_in(waiting, [SHOP, SHOP], at_most=3) == ["r51"]
    assert ahead(waiting, [SHOP, SHOP], "r51") == 0


def test_a_waiting_run_knows_how_many_go_before_it() -> None:
    waiting = queue(SHOP, SHOP, FORK, SHOP)

    assert [ahead(waiting, [], one.run_id) for one in waiting] == [0, 2, 1, 3]
    assert ahead(waiting, [], "r9") is None


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.sampled_from([SHOP, CAFE, FORK]), max_size=12), st.integers(1, 5), st.integers(1, 3))
def test_whoever_waits_starts_in_the_end_and_no_limit_is_ever_passed(homes: list[Home], most: int, per: int) -> None:
    waiting, active, order = queue(*homes), list[Waiting](), list[str]()
    while waiting:
        new = admitted(waiting, [one.home for one in active], at_most=most, per_repository=per)
        active.extend(new)
        assert len(active) <= most
        assert all([one.home for one in active].count(home) <= per for home in (SHOP, CAFE, FORK))
        assert active, "somebody always goes on"
        order.extend(one.run_id for one in new)
        waiting = [one for one in waiting if one not in new]
        active.pop(0)

    assert sorted(order) == sorted(f"r{number}" for number in range(1, len(homes) + 1))
