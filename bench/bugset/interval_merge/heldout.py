import random

from opening_hours import gaps, merge, open_minutes


def covered(spans):
    return {minute for start, end in spans for minute in range(start, end)}


def random_spans(rng):
    spans = []
    for _ in range(rng.randint(0, 8)):
        start = rng.randint(0, 100)
        spans.append((start, start + rng.randint(1, 40)))
    return spans


def test_same_minutes_are_covered():
    rng = random.Random(7)
    for _ in range(300):
        spans = random_spans(rng)
        assert covered(merge(spans)) == covered(spans)


def test_result_is_disjoint_and_sorted():
    rng = random.Random(8)
    for _ in range(300):
        merged = merge(random_spans(rng))
        assert all(left[1] < right[0] for left, right in zip(merged, merged[1:]))


def test_nested_then_overlapping():
    assert merge([(0, 100), (10, 20), (90, 120)]) == [(0, 120)]


def test_nested_does_not_reopen():
    assert merge([(0, 100), (10, 20), (30, 40)]) == [(0, 100)]


def test_same_start():
    assert merge([(0, 50), (0, 10)]) == [(0, 50)]


def test_gaps_with_nested():
    assert gaps([(0, 1440), (600, 700)]) == []


def test_open_minutes_counts_each_minute_once():
    rng = random.Random(9)
    for _ in range(200):
        spans = random_spans(rng)
        assert open_minutes(spans) == len(covered(spans))


def test_input_is_left_alone():
    spans = [(5, 9), (1, 8)]
    merge(spans)
    assert spans == [(5, 9), (1, 8)]
