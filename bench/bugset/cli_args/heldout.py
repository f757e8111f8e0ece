import random

from arguments import Parsed, Spec, parse

SPEC = Spec(frozenset({"all"}), frozenset({"out"}), {"a": "all", "o": "out"})


def test_nothing_after_two_dashes():
    assert parse(["x", "--"], SPEC).positionals == ["x"]


def test_two_dashes_alone():
    assert parse(["--"], SPEC) == Parsed()


def test_second_two_dashes_are_kept():
    assert parse(["--", "--", "a"], SPEC).positionals == ["--", "a"]
    assert parse(["--", "a", "--"], SPEC).positionals == ["a", "--"]


def test_positionals_before_and_after():
    assert parse(["a", "--", "-a", "b"], SPEC).positionals == ["a", "-a", "b"]


def test_two_dashes_as_the_value_of_an_option():
    parsed = parse(["--out", "--", "x"], SPEC)
    assert parsed == Parsed(options={"out": "--"}, positionals=["x"])


def test_options_before_still_count():
    assert parse(["--out=1", "-a", "--", "--out=2"], SPEC) == Parsed({"all"}, {"out": "1"}, ["--out=2"])


def test_random_tails_come_through():
    rng = random.Random(25)
    for _ in range(200):
        head = [rng.choice(["p", "q"]) for _ in range(rng.randint(0, 3))]
        tail = [rng.choice(["--", "-z", "--out", "x", ""]) for _ in range(rng.randint(0, 5))]
        assert parse([*head, "--", *tail], SPEC).positionals == head + tail
