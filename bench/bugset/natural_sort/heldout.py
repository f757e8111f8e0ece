import functools
import random
import re

from filenames import arranged, natural_key


def compare(left, right):
    """Walks two names side by side."""
    a, b = (re.findall(r"\d+|\D+", name.lower()) for name in (left, right))
    for x, y in zip(a, b):
        if x.isdigit() and y.isdigit():
            if int(x) != int(y):
                return -1 if int(x) < int(y) else 1
        elif x.isdigit() != y.isdigit():
            return -1 if x.isdigit() else 1
        elif x != y:
            return -1 if x < y else 1
    return (len(a) > len(b)) - (len(a) < len(b))


def test_random_names():
    rng = random.Random(37)
    for _ in range(400):
        names = ["".join(rng.choice("aB-1029") for _ in range(rng.randint(1, 7))) for _ in range(6)]
        assert arranged(names) == sorted(names, key=functools.cmp_to_key(compare))


def test_dotted_versions():
    names = ["v1.10.0", "v1.9.12", "v1.9.2", "v1.10"]
    assert arranged(names) == ["v1.9.2", "v1.9.12", "v1.10", "v1.10.0"]


def test_shuffled_episodes():
    names = [f"s{season}e{episode}.mkv" for season in (1, 2, 11) for episode in (1, 3, 10, 21)]
    shuffled = names[:]
    random.Random(38).shuffle(shuffled)
    assert arranged(shuffled) == names


def test_numbers_come_before_text():
    assert arranged(["a-b", "a1", "1", "b"]) == ["1", "a1", "a-b", "b"]


def test_shorter_comes_first():
    assert arranged(["file2.txt", "file", "file2"]) == ["file", "file2", "file2.txt"]


def test_case_does_not_matter_anywhere():
    assert arranged(["x1B", "X1a", "x1C"]) == ["X1a", "x1B", "x1C"]


def test_equal_keys_keep_their_order():
    assert arranged(["a01", "a1", "A1"]) == ["a01", "a1", "A1"]
    assert natural_key("a01") == natural_key("A1")


def test_dates():
    assert arranged(["2024-10-1", "2024-9-30", "2023-12-31"]) == ["2023-12-31", "2024-9-30", "2024-10-1"]
