import random

from ratelimit import ClientLimiter, TokenBucket


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_never_above_capacity():
    rng = random.Random(15)
    clock = Clock()
    bucket = TokenBucket(5, 2, clock)
    for _ in range(500):
        clock.now += rng.choice([0, 0.5, 1, 20])
        bucket.allow(rng.choice([1, 2, 5]))
        assert 0 <= bucket.available <= 5


def test_against_a_model():
    rng = random.Random(16)
    clock = Clock()
    bucket = TokenBucket(4, 0.25, clock)
    tokens = 4.0
    for _ in range(500):
        step = rng.choice([0, 1, 2, 4, 64])
        clock.now += step
        tokens = min(4.0, tokens + step * 0.25)
        cost = rng.choice([1, 2, 3])
        assert bucket.allow(cost) == (cost <= tokens)
        if cost <= tokens:
            tokens -= cost


def test_refill_stops_at_capacity_and_goes_on_from_there():
    clock = Clock()
    bucket = TokenBucket(2, 1, clock)
    clock.now = 50
    assert bucket.allow(2)
    clock.now = 51
    assert bucket.available == 1


def test_wait_after_a_pause():
    clock = Clock()
    bucket = TokenBucket(3, 1, clock)
    clock.now = 1000
    bucket.allow(3)
    assert bucket.wait_s(2) == 2.0


def test_partial_refill_is_kept():
    clock = Clock()
    bucket = TokenBucket(3, 1, clock)
    bucket.allow(3)
    clock.now = 1.5
    assert bucket.available == 1.5


def test_idle_client():
    clock = Clock()
    limiter = ClientLimiter(2, 1, clock)
    limiter.allow("a")
    clock.now = 99
    assert [limiter.allow("a") for _ in range(3)] == [True, True, False]


def test_clock_that_steps_back():
    clock = Clock()
    clock.now = 10
    bucket = TokenBucket(2, 1, clock)
    bucket.allow(2)
    clock.now = 5
    assert not bucket.allow()
