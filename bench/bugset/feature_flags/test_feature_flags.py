from datetime import datetime

from flags import Flag, Visitor, active, bucket, is_on, stale

NOW = datetime(2024, 6, 1, 12)
ANN = Visitor("ann", country="DE")


def test_on_for_everybody():
    assert is_on(Flag("new-cart"), ANN, NOW)


def test_off_at_zero_percent():
    assert not is_on(Flag("new-cart", percent=0), ANN, NOW)


def test_other_country():
    assert not is_on(Flag("sepa", countries=frozenset({"FR"})), ANN, NOW)


def test_own_country():
    assert is_on(Flag("sepa", countries=frozenset({"FR", "DE"})), ANN, NOW)


def test_blocked_visitor():
    assert not is_on(Flag("new-cart", blocked=frozenset({"ann"})), ANN, NOW)


def test_staff_see_it_early():
    assert is_on(Flag("new-cart", percent=0), Visitor("bob", staff=True), NOW)


def test_buckets_are_stable():
    assert bucket("a", "b") == bucket("a", "b")


def test_expired_flags_are_off():
    sale = Flag("sale", expires=datetime(2024, 5, 31))
    assert active([sale, Flag("new-cart")], ANN, NOW) == ["new-cart"]


def test_stale_flags():
    flags = [Flag("old", expires=datetime(2024, 1, 1)), Flag("stays"), Flag("soon", expires=datetime(2024, 7, 1))]
    assert stale(flags, NOW) == ["old"]
