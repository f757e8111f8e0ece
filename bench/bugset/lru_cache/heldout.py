import random

from recent_cache import RecentCache


def filled(*keys, capacity=3):
    cache = RecentCache(capacity)
    for key in keys:
        cache.put(key, key)
    return cache


def test_order_after_reads():
    cache = filled("a", "b", "c")
    cache.get("b")
    cache.get("a")
    assert cache.keys() == ["c", "b", "a"]


def test_a_missed_read_changes_nothing():
    cache = filled("a", "b")
    cache.get("x")
    assert cache.keys() == ["a", "b"]
    assert "x" not in cache


def test_peek_and_contains_keep_the_order():
    cache = filled("a", "b")
    assert "a" in cache
    cache.peek("a")
    assert cache.keys() == ["a", "b"]


def test_compute_counts_as_use():
    cache = filled("a", "b", "c")
    cache.get_or_compute("a", lambda: "new")
    cache.put("d", "d")
    assert cache.keys() == ["c", "a", "d"]


def test_a_stored_none_is_used_too():
    cache = RecentCache(2)
    cache.put("a", None)
    cache.put("b", 1)
    assert cache.get("a", "default") is None
    cache.put("c", 2)
    assert cache.keys() == ["a", "c"]


def test_against_a_plain_model():
    rng = random.Random(6)
    cache = RecentCache(4)
    model = []
    for _ in range(2000):
        key = rng.randint(0, 7)
        if rng.random() < 0.5:
            assert cache.get(key) == (key if key in model else None)
            if key in model:
                model.remove(key)
                model.append(key)
        else:
            cache.put(key, key)
            if key in model:
                model.remove(key)
            elif len(model) == 4:
                model.pop(0)
            model.append(key)
        assert cache.keys() == model
