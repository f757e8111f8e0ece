import itertools
import random

import pytest
from till import NoChange, Till, sell


def fewest(coins, amount):
    """Tries every combination."""
    best = None
    for counts in itertools.product(*(range(count + 1) for count in coins.values())):
        if sum(value * used for value, used in zip(coins, counts)) == amount:
            best = sum(counts) if best is None else min(best, sum(counts))
    return best


def test_random_tills():
    rng = random.Random(42)
    for _ in range(120):
        coins = {value: rng.randint(0, 4) for value in rng.sample([1, 2, 3, 4, 5, 7, 9, 10], 4)}
        amount = rng.randint(0, 30)
        wanted = fewest(coins, amount)
        if wanted is None:
            with pytest.raises(NoChange):
                Till(coins).change(amount)
            continue
        given = Till(coins).change(amount)
        assert sum(value * used for value, used in given.items()) == amount
        assert all(0 < used <= coins[value] for value, used in given.items())
        assert sum(given.values()) == wanted


def test_second_largest_is_better():
    assert Till({1: 9, 10: 9, 25: 9}).change(30) == {10: 3}


def test_last_small_coin_is_missing():
    assert Till({5: 1, 2: 3}).change(6) == {2: 3}


def test_change_leaves_the_till_alone():
    till = Till({3: 2, 4: 2, 1: 2})
    till.change(6)
    assert till.total == 16


def test_the_whole_till():
    assert Till({3: 2, 4: 1}).pay_out(10) == {3: 2, 4: 1}


def test_more_than_the_till():
    with pytest.raises(NoChange):
        Till({3: 2}).change(9)


def test_sell_with_the_inserted_coins():
    assert sell(Till({20: 3, 50: 0}), 40, [50, 50]) == {20: 3}


def test_negative():
    with pytest.raises(ValueError):
        Till({1: 1}).change(-1)
