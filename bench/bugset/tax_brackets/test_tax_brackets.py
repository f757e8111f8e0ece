import pytest
from tax import Bracket, Schedule, effective_percent, net

FLAT = Schedule("flat", (Bracket(0, 20),))
STEPS = Schedule("steps", (Bracket(0, 0), Bracket(10_000, 10), Bracket(30_000, 30)))


def test_flat():
    assert FLAT.tax(1000) == 200


def test_no_income():
    assert STEPS.tax(0) == 0


def test_below_the_allowance():
    assert STEPS.tax(8_000) == 0


def test_second_bracket():
    assert STEPS.tax(20_000) == 1_000


def test_third_bracket():
    assert STEPS.tax(40_000) == 5_000


def test_negative_income():
    with pytest.raises(ValueError):
        STEPS.tax(-1)


def test_marginal():
    assert [STEPS.marginal_percent(income) for income in (0, 10_000, 29_999, 30_000)] == [0, 10, 10, 30]


def test_net_with_deductions():
    assert net(FLAT, 1_000, deductions=400) == 880


def test_effective():
    assert effective_percent(FLAT, 500) == 20.0


def test_order_of_brackets():
    with pytest.raises(ValueError):
        Schedule("bad", (Bracket(10, 1), Bracket(5, 2)))
