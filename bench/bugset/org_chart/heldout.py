import random

import pytest
from org import Employee, OrgChart


def random_chart(rng, size):
    employees = [Employee("e0", None)]
    for number in range(1, size):
        manager = None if rng.random() < 0.1 else f"e{rng.randrange(number)}"
        employees.append(Employee(f"e{number}", manager))
    return OrgChart(employees)


def test_level_is_the_length_of_the_chain():
    rng = random.Random(28)
    for _ in range(50):
        chart = random_chart(rng, 30)
        for number in range(30):
            assert chart.level(f"e{number}") == len(chart.chain(f"e{number}"))


def test_top_is_level_zero():
    assert OrgChart([Employee("top", None)]).level("top") == 0


def test_one_step_down():
    assert OrgChart([Employee("top", None), Employee("a", "top")]).level("a") == 1


def test_two_tops():
    chart = OrgChart([Employee("b", None), Employee("a", None), Employee("c", "b")])
    assert chart.outline() == "a\nb\n  c"


def test_long_line():
    employees = [Employee("p0", None)] + [Employee(f"p{n}", f"p{n - 1}") for n in range(1, 200)]
    assert OrgChart(employees).level("p199") == 199


def test_unknown_name_stays_an_error():
    with pytest.raises(KeyError):
        OrgChart([Employee("a", None)]).level("nobody")


def test_manager_with_an_empty_name_is_a_person():
    chart = OrgChart([Employee("", None), Employee("a", "")])
    assert chart.level("a") == 1


def test_outline_names_everybody_once():
    chart = random_chart(random.Random(29), 40)
    assert sorted(line.strip() for line in chart.outline().splitlines()) == sorted(f"e{n}" for n in range(40))
