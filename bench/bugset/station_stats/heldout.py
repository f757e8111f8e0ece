import random

from weather import Reading, report, summarize


def readings(*values):
    return [Reading("s", hour, value) for hour, value in enumerate(values)]


def test_random_days():
    rng = random.Random(19)
    for _ in range(300):
        middle = rng.randint(-40, 40)
        values = [middle + rng.randint(-9, 9) for _ in range(rng.randint(1, 24))]
        summary = summarize("s", readings(*values))
        assert (summary.low, summary.high) == (min(values), max(values))


def test_one_negative_reading():
    assert summarize("s", readings(-12.5)).high == -12.5


def test_all_zero():
    summary = summarize("s", readings(0.0, 0.0))
    assert (summary.low, summary.high) == (0.0, 0.0)


def test_very_cold():
    assert summarize("s", readings(-273.0, -250.0)).high == -250.0


def test_negative_with_gaps():
    summary = summarize("s", readings(None, -3.0, None, -7.0))
    assert (summary.low, summary.high, summary.gaps) == (-7.0, -3.0, 2)


def test_report_of_a_cold_station():
    assert report(readings(-1.0, -2.0)) == "s: -2.0 to -1.0, mean -1.5"


def test_no_readings():
    assert summarize("s", []) is None
