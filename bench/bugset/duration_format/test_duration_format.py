import pytest
from durations import clock, parse, show


def test_seconds():
    assert show(45) == "45s"


def test_zero():
    assert show(0) == "0s"


def test_minutes_and_seconds():
    assert show(125) == "2m 5s"


def test_hours_and_minutes():
    assert show(3 * 3600 + 20 * 60) == "3h 20m"


def test_days_and_hours():
    assert show(86400 + 2 * 3600) == "1d 2h"


def test_only_two_parts():
    assert show(86400 + 3600 + 60 + 1, parts=2) == "1d 1h"


def test_negative():
    assert show(-90) == "-1m 30s"


def test_clock():
    assert clock(245) == "4:05"


def test_clock_with_hours():
    assert clock(3723) == "1:02:03"


def test_parse():
    assert parse("1h 30m") == 5400
    assert parse("-2d") == -172800


def test_parse_nonsense():
    with pytest.raises(ValueError):
        parse("soon")
