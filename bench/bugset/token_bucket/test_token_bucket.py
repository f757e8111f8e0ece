import pytest
from ratelimit import ClientLimiter, TokenBucket


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_starts_full(clock):
    assert TokenBucket(3, 1, clock).available == 3


def test_burst_up_to_capacity(clock):
    bucket = TokenBucket(2, 1, clock)
    assert [bucket.allow() for _ in range(3)] == [True, True, False]


def test_refills_with_time(clock):
    bucket = TokenBucket(2, 0.5, clock)
    bucket.allow(2)
    clock.now += 2
    assert bucket.allow()
    assert not bucket.allow()


def test_refused_call_costs_nothing(clock):
    bucket = TokenBucket(2, 1, clock)
    assert not bucket.allow(5)
    assert bucket.allow(2)


def test_long_pause_allows_one_burst_only(clock):
    bucket = TokenBucket(2, 1, clock)
    clock.now += 3600
    assert [bucket.allow() for _ in range(4)] == [True, True, False, False]


def test_wait(clock):
    bucket = TokenBucket(2, 0.5, clock)
    bucket.allow(2)
    assert bucket.wait_s() == 2.0


def test_wait_for_more_than_capacity(clock):
    assert TokenBucket(2, 1, clock).wait_s(3) == float("inf")


def test_clients_do_not_share(clock):
    limiter = ClientLimiter(1, 1, clock)
    assert limiter.allow("a")
    assert limiter.allow("b")
    assert not limiter.allow("a")


def test_settings_are_checked(clock):
    with pytest.raises(ValueError):
        TokenBucket(0, 1, clock)
