import random

from releases import Release, newest, upgrades


def test_random_order():
    rng = random.Random(18)
    for _ in range(500):
        a = tuple(rng.randint(0, 120) for _ in range(3))
        b = tuple(rng.randint(0, 120) for _ in range(3))
        left, right = (Release(".".join(map(str, parts))) for parts in (a, b))
        assert (left < right) == (a < b)
        assert (left == right) == (a == b)


def test_different_lengths():
    assert Release("9") < Release("10")
    assert Release("1.9.9") < Release("1.10")
    assert Release("2.100") > Release("2.99.1")


def test_leading_zeros():
    assert Release("1.02") == Release("1.2")


def test_v_prefix():
    assert Release("v1.10") > Release("v1.9")
    assert Release("v1.2") == Release("1.2")


def test_equal_releases_hash_alike():
    assert len({Release("1.0"), Release("1"), Release("01.0.0")}) == 1


def test_upgrades_over_ten():
    assert upgrades("1.9", ["1.10", "1.8", "1.11.2", "1.9.1"]) == ["1.9.1", "1.10", "1.11.2"]


def test_pre_release_numbers():
    assert Release("1.0-rc9") < Release("1.0-rc10")


def test_newest_over_hundred():
    assert newest(["99.0", "100.0", "20.1"]) == "100.0"


def test_zero():
    assert Release("0") == Release("0.0") < Release("0.1")
