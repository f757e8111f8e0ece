import pytest
from till import NoChange, Till, sell

EURO = {200: 10, 100: 10, 50: 10, 20: 10, 10: 10, 5: 10}


def test_largest_coins_first():
    assert Till(EURO).change(385) == {200: 1, 100: 1, 50: 1, 20: 1, 10: 1, 5: 1}


def test_nothing_to_give():
    assert Till(EURO).change(0) == {}


def test_no_change():
    with pytest.raises(NoChange):
        Till({50: 2}).change(30)


def test_only_coins_that_are_there():
    assert Till({100: 1, 50: 4}).change(200) == {100: 1, 50: 2}


def test_fewest_coins_of_an_odd_set():
    assert Till({1: 10, 3: 10, 4: 10}).change(6) == {3: 2}


def test_largest_coin_would_block():
    assert Till({50: 1, 20: 3, 5: 0}).change(60) == {20: 3}


def test_pay_out_takes_the_coins():
    till = Till(EURO)
    till.pay_out(250)
    assert (till.count(200), till.count(50), till.total) == (9, 9, 3600)


def test_sell():
    till = Till(EURO)
    assert sell(till, 130, [200]) == {50: 1, 20: 1}
    assert till.total == 3980


def test_too_little_money():
    with pytest.raises(ValueError, match="30 is missing"):
        sell(Till(EURO), 130, [100])


def test_till_is_unchanged_without_change():
    till = Till({200: 0, 50: 1})
    with pytest.raises(NoChange):
        sell(till, 130, [200])
    assert till.total == 50
