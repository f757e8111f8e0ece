import pytest
from retrying import GaveUp, Policy, call


class Flaky:
    """Fails a number of times, then answers."""

    def __init__(self, failures, error=OSError):
        self.failures = failures
        self.error = error
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error("down")
        return "ok"


def test_works_at_once():
    pauses = []
    assert call(Flaky(0), Policy(), pauses.append) == "ok"
    assert pauses == []


def test_pauses_grow():
    pauses = []
    call(Flaky(2), Policy(attempts=5, base_s=1, factor=3), pauses.append)
    assert pauses == [1, 3]


def test_gives_up():
    action = Flaky(9)
    with pytest.raises(GaveUp, match="after 4 attempts"):
        call(action, Policy(attempts=4), lambda pause: None)
    assert action.calls == 4


def test_pauses_have_a_limit():
    assert Policy(base_s=1, factor=10, limit_s=5).pause_s(9) == 5


def test_other_errors_pass_through():
    action = Flaky(1, KeyError)
    with pytest.raises(KeyError):
        call(action, Policy(), lambda pause: None)
    assert action.calls == 1


def test_cause_is_kept():
    with pytest.raises(GaveUp) as caught:
        call(Flaky(9), Policy(), lambda pause: None)
    assert isinstance(caught.value.__cause__, OSError)


def test_attempts_are_checked():
    with pytest.raises(ValueError):
        Policy(attempts=0)
