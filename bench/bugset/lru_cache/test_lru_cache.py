import pytest
from recent_cache import RecentCache


@pytest.fixture
def cache():
    cache = RecentCache(3)
    for key in "abc":
        cache.put(key, key.upper())
    return cache


def test_reads_what_was_written(cache):
    assert [cache.get(key) for key in "abc"] == ["A", "B", "C"]


def test_missing_key_gives_the_default(cache):
    assert cache.get("x", 0) == 0


def test_oldest_entry_goes_first(cache):
    cache.put("d", "D")
    assert "a" not in cache
    assert len(cache) == 3


def test_a_read_entry_survives(cache):
    cache.get("a")
    cache.put("d", "D")
    assert "a" in cache
    assert "b" not in cache


def test_a_rewritten_entry_survives(cache):
    cache.put("a", "again")
    cache.put("d", "D")
    assert cache.get("a") == "again"


def test_peek_does_not_count(cache):
    assert cache.peek("a") == "A"
    cache.put("d", "D")
    assert "a" not in cache


def test_hits_and_misses(cache):
    cache.get("a")
    cache.get("nope")
    assert (cache.hits, cache.misses) == (1, 1)


def test_compute_runs_once():
    calls = []
    cache = RecentCache(2)
    for _ in range(3):
        cache.get_or_compute("k", lambda: calls.append(1) or 42)
    assert calls == [1]


def test_capacity_is_checked():
    with pytest.raises(ValueError):
        RecentCache(0)
