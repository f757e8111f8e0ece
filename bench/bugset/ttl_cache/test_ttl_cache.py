import pytest
from expiring import ExpiringStore


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    return ExpiringStore(10, clock)


def test_fresh_value(store):
    store.put("a", 1)
    assert store.get("a") == 1


def test_unknown_key(store):
    assert store.get("a", "none") == "none"


def test_long_expired(store, clock):
    store.put("a", 1)
    clock.now = 11
    assert store.get("a") is None


def test_expires_after_exactly_its_time(store, clock):
    store.put("a", 1)
    clock.now = 10
    assert store.get("a") is None


def test_own_time(store, clock):
    store.put("a", 1, ttl_s=2)
    clock.now = 3
    assert store.get("a") is None


def test_touch(store, clock):
    store.put("a", 1)
    clock.now = 6
    assert store.touch("a")
    clock.now = 12
    assert store.get("a") == 1


def test_touch_nothing(store):
    assert not store.touch("a")


def test_purge(store, clock):
    store.put("a", 1, ttl_s=5)
    store.put("b", 2, ttl_s=6)
    clock.now = 5.5
    assert store.purge() == 1
    assert len(store) == 1


def test_purge_at_the_moment(store, clock):
    store.put("a", 1, ttl_s=5)
    clock.now = 5
    assert store.purge() == 1


def test_time_must_be_positive(clock):
    with pytest.raises(ValueError):
        ExpiringStore(0, clock)
