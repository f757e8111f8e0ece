import random

from expiring import ExpiringStore


class Clock:
    now = 0

    def __call__(self):
        return self.now


def test_against_a_model():
    rng = random.Random(36)
    clock = Clock()
    store = ExpiringStore(4, clock)
    model = {}
    for _ in range(1500):
        clock.now += rng.randint(0, 2)
        key = rng.choice("abcd")
        live = {name: until for name, until in model.items() if until > clock.now}
        kind = rng.choice(["put", "get", "touch", "len", "purge"])
        if kind == "put":
            ttl = rng.choice([None, 1, 2, 7])
            store.put(key, key, ttl)
            live[key] = clock.now + (4 if ttl is None else ttl)
        elif kind == "get":
            assert store.get(key) == (key if key in live else None)
        elif kind == "touch":
            assert store.touch(key) == (key in live)
            if key in live:
                live[key] = clock.now + 4
        elif kind == "len":
            assert len(store) == len(live)
        else:
            store.purge()
        model = live


def test_just_before():
    clock = Clock()
    store = ExpiringStore(10, clock)
    store.put("a", 1)
    clock.now = 9.999
    assert store.get("a") == 1
    assert store.purge() == 0


def test_length_at_the_moment():
    clock = Clock()
    store = ExpiringStore(10, clock)
    store.put("a", 1)
    clock.now = 10
    assert len(store) == 0


def test_touch_at_the_moment_is_too_late():
    clock = Clock()
    store = ExpiringStore(10, clock)
    store.put("a", 1)
    clock.now = 10
    assert not store.touch("a")


def test_purge_counts_each_once():
    clock = Clock()
    store = ExpiringStore(3, clock)
    for key in "abc":
        store.put(key, key)
    clock.now = 3
    assert (store.purge(), store.purge()) == (3, 0)


def test_a_time_of_zero_is_over_at_once():
    store = ExpiringStore(3, Clock())
    store.put("a", 1, ttl_s=0)
    assert store.get("a") is None


def test_stored_none_is_a_value():
    store = ExpiringStore(3, Clock())
    store.put("a", None)
    assert store.get("a", "default") is None
    assert store.touch("a")
