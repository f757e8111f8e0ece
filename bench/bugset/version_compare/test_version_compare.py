import pytest
from releases import Release, newest, upgrades


def test_simple_order():
    assert Release("1.2") < Release("1.3") < Release("2.0")


def test_more_parts_are_higher():
    assert Release("1.2") < Release("1.2.1")


def test_trailing_zeros():
    assert Release("1.2") == Release("1.2.0")


def test_pre_releases_come_first():
    assert Release("1.0-alpha2") < Release("1.0-beta1") < Release("1.0-rc1") < Release("1.0")


def test_newest():
    assert newest(["1.8.2", "1.9.0", "1.10.1"]) == "1.10.1"


def test_newest_skips_pre_releases():
    assert newest(["1.0", "2.0-rc1"]) == "1.0"
    assert newest(["1.0", "2.0-rc1"], stable_only=False) == "2.0-rc1"


def test_newest_of_nothing():
    assert newest([]) is None


def test_upgrades():
    assert upgrades("1.1", ["1.0", "1.3", "1.2", "1.1.0", "2.0-beta1"]) == ["1.2", "1.3"]


def test_bad_text():
    with pytest.raises(ValueError, match="not a release"):
        newest(["latest"])
