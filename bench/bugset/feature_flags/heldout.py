from datetime import datetime, timedelta

from flags import Flag, Visitor, active, bucket, is_on, stale

NOW = datetime(2024, 6, 1, 12)
SECOND = timedelta(seconds=1)


def flag(offset, **other):
    return Flag("f", expires=NOW + offset, **other)


def test_running_flag_is_on():
    assert is_on(flag(SECOND), Visitor("x"), NOW)


def test_off_from_the_very_moment():
    assert not is_on(flag(timedelta()), Visitor("x"), NOW)
    assert stale([flag(timedelta())], NOW) == ["f"]


def test_off_after_the_moment():
    assert not is_on(flag(-SECOND), Visitor("x"), NOW)


def test_staff_do_not_see_expired_flags():
    assert not is_on(flag(-SECOND), Visitor("x", staff=True), NOW)
    assert is_on(flag(SECOND, percent=0), Visitor("x", staff=True), NOW)


def test_no_expiry_is_never_stale():
    assert stale([Flag("f")], datetime.max) == []
    assert is_on(Flag("f"), Visitor("x"), datetime.max)


def test_running_flag_is_not_stale():
    assert stale([flag(SECOND)], NOW) == []


def test_other_rules_hold_while_it_runs():
    assert not is_on(flag(SECOND, blocked=frozenset({"x"})), Visitor("x"), NOW)
    assert not is_on(flag(SECOND, countries=frozenset({"FR"})), Visitor("x", "DE"), NOW)
    assert active([flag(SECOND, percent=0)], Visitor("x"), NOW) == []


def test_percent_follows_the_bucket():
    for number in range(200):
        visitor = Visitor(f"v{number}")
        assert is_on(flag(SECOND, percent=30), visitor, NOW) == (bucket("f", visitor.id) < 30)
