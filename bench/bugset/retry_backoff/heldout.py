import pytest
from retrying import GaveUp, Policy, call


def run(failures, policy):
    pauses, calls = [], []

    def action():
        calls.append(1)
        if len(calls) <= failures:
            raise OSError
        return len(calls)

    try:
        result = call(action, policy, pauses.append)
    except GaveUp:
        result = None
    return result, len(calls), pauses


@pytest.mark.parametrize("attempts", [1, 2, 3, 6])
def test_all_attempts_are_used(attempts):
    assert run(99, Policy(attempts=attempts))[1] == attempts


def test_last_attempt_may_succeed():
    assert run(3, Policy(attempts=4))[0] == 4


def test_one_attempt():
    assert run(0, Policy(attempts=1)) == (1, 1, [])
    assert run(1, Policy(attempts=1)) == (None, 1, [])


def test_no_pause_after_the_last_attempt():
    assert len(run(99, Policy(attempts=4))[2]) == 3


def test_pauses():
    assert run(99, Policy(attempts=6, base_s=1, factor=2, limit_s=6))[2] == [1, 2, 4, 6, 6]


def test_first_pause_is_the_base():
    assert Policy(base_s=0.25, factor=7).pause_s(1) == 0.25


def test_factor_one():
    assert run(99, Policy(attempts=4, base_s=2, factor=1))[2] == [2, 2, 2]


def test_base_above_the_limit():
    assert Policy(base_s=50, limit_s=10).pause_s(1) == 10
