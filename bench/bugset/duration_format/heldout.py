import random

from durations import DAY, HOUR, MINUTE, clock, parse, show, split


def test_parts_add_up():
    rng = random.Random(31)
    for _ in range(500):
        seconds = rng.randint(0, 10**7)
        parts = split(seconds)
        assert parts["d"] * DAY + parts["h"] * HOUR + parts["m"] * MINUTE + parts["s"] == seconds
        assert parts["h"] < 24 and parts["m"] < 60 and parts["s"] < 60


def test_shown_durations_are_read_back():
    rng = random.Random(32)
    for _ in range(500):
        seconds = rng.randint(-10**6, 10**6)
        assert parse(show(seconds)) == seconds


def test_exact_units():
    assert [show(unit) for unit in (MINUTE, HOUR, DAY)] == ["1m", "1h", "1d"]


def test_one_less():
    assert show(HOUR - 1) == "59m 59s"
    assert show(DAY - 1) == "23h 59m 59s"


def test_all_four():
    assert show(2 * DAY + 3 * HOUR + 4 * MINUTE + 5) == "2d 3h 4m 5s"


def test_gap_in_the_middle():
    assert show(DAY + 5) == "1d 5s"
    assert show(DAY + 5, parts=2) == "1d"


def test_clock_over_a_day():
    assert clock(DAY + HOUR + 61) == "25:01:01"


def test_clock_full_hour():
    assert clock(HOUR) == "1:00:00"


def test_minutes_with_days():
    assert show(3 * DAY + 10 * MINUTE) == "3d 10m"
