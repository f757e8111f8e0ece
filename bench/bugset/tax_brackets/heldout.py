import random

from tax import Bracket, Schedule, effective_percent, net

STEPS = Schedule("steps", (Bracket(0, 0), Bracket(100, 10), Bracket(300, 30), Bracket(700, 50)))


def by_unit(schedule, income):
    """Tax unit by unit at the marginal rate."""
    return sum(schedule.marginal_percent(unit) for unit in range(income)) // 100


def test_every_income():
    for income in range(0, 1000, 7):
        assert STEPS.tax(income) == by_unit(STEPS, income)


def test_random_schedules():
    rng = random.Random(26)
    for _ in range(60):
        bounds = sorted(rng.sample(range(0, 200), rng.randint(1, 5)))
        schedule = Schedule("r", tuple(Bracket(bound, rng.randint(0, 60)) for bound in bounds))
        income = rng.randint(0, 300)
        assert schedule.tax(income) == by_unit(schedule, income)


def test_income_on_a_bound():
    assert STEPS.tax(300) == 20
    assert STEPS.tax(700) == 140


def test_tax_grows_with_income_without_jumps():
    taxes = [STEPS.tax(income) for income in range(1200)]
    assert all(0 <= later - earlier <= 1 for earlier, later in zip(taxes, taxes[1:]))


def test_first_bracket_above_zero():
    assert Schedule("s", (Bracket(50, 10),)).tax(40) == 0
    assert Schedule("s", (Bracket(50, 10),)).tax(150) == 10


def test_partly_filled_first_bracket():
    schedule = Schedule("s", (Bracket(0, 10), Bracket(1000, 20)))
    assert schedule.tax(500) == 50


def test_net_and_effective():
    assert net(STEPS, 400) == 400 - 50
    assert effective_percent(STEPS, 400) == 12.5
