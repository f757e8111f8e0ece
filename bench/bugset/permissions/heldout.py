import itertools

import pytest
from access import Forbidden, Gate, User
from roles import Role, RoleBook

NAMES = ("a:r", "a:w", "b:r", "b:w")


def gate_with(*grants):
    return Gate(RoleBook(Role("role", frozenset(grants))))


USER = User("u", ("role",))


def test_every_combination():
    for size in range(len(NAMES) + 1):
        for grants in itertools.combinations(NAMES, size):
            gate = gate_with(*grants)
            for wanted in itertools.chain.from_iterable(itertools.combinations(NAMES, n) for n in range(1, 4)):
                assert gate.allows(USER, *wanted) == set(wanted).issubset(grants)


def test_order_does_not_matter():
    gate = gate_with("a:r")
    assert not gate.allows(USER, "a:r", "b:r")
    assert not gate.allows(USER, "b:r", "a:r")


def test_nothing_required_is_allowed():
    assert gate_with().allows(USER)


def test_nothing_required_of_a_suspended_user_is_refused():
    assert not gate_with("a:r").allows(User("u", ("role",), suspended=True))


def test_wildcard_and_plain_together():
    gate = gate_with("a:*", "b:r")
    assert gate.allows(USER, "a:x", "a:y", "b:r")
    assert not gate.allows(USER, "a:x", "b:w")


def test_require_with_one_of_two():
    with pytest.raises(Forbidden, match="u may not a:r, b:w"):
        gate_with("a:r").require(USER, "b:w", "a:r")
