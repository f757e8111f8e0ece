import pytest
from opening_hours import gaps, merge, open_minutes, parse_span


def test_parse():
    assert parse_span("09:30-17:00") == (570, 1020)


def test_parse_refuses_reversed():
    with pytest.raises(ValueError):
        parse_span("17:00-09:00")


def test_nothing_to_merge():
    assert merge([]) == []


def test_separate_spans_are_sorted():
    assert merge([(600, 700), (100, 200)]) == [(100, 200), (600, 700)]


def test_overlapping_spans():
    assert merge([(100, 200), (150, 300)]) == [(100, 300)]


def test_touching_spans():
    assert merge([(100, 200), (200, 300)]) == [(100, 300)]


def test_gaps_around_one_span():
    assert gaps([(540, 1020)]) == [(0, 540), (1020, 1440)]


def test_open_minutes_with_a_special_hour_inside():
    assert open_minutes([parse_span("09:00-18:00"), parse_span("12:00-13:00")]) == 540


def test_open_minutes_of_two_shifts():
    assert open_minutes([(60, 120), (180, 240)]) == 120
