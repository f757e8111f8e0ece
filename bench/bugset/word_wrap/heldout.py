import random

from console_text import boxed, paragraph, wrap


def random_text(rng):
    return " ".join("x" * rng.randint(1, 9) for _ in range(rng.randint(0, 30)))


def test_no_line_with_two_words_is_too_wide():
    rng = random.Random(1)
    for _ in range(300):
        width = rng.randint(1, 25)
        for line in wrap(random_text(rng), width):
            assert len(line) <= width or " " not in line


def test_lines_are_filled_greedily():
    rng = random.Random(2)
    for _ in range(300):
        width = rng.randint(1, 25)
        lines = wrap(random_text(rng), width)
        for line, following in zip(lines, lines[1:]):
            assert len(line) + 1 + len(following.split()[0]) > width


def test_words_are_kept_in_order():
    rng = random.Random(3)
    for _ in range(100):
        text = random_text(rng)
        assert " ".join(wrap(text, rng.randint(1, 25))) == text


def test_three_words_exact():
    assert wrap("aa bb cc", 8) == ["aa bb cc"]


def test_three_words_one_over():
    assert wrap("aa bb cc", 7) == ["aa bb", "cc"]


def test_width_one():
    assert wrap("a b c", 1) == ["a", "b", "c"]


def test_paragraph_keeps_total_width():
    assert paragraph("aaa bbb", 8, indent=2) == "  aaa\n  bbb"


def test_box_breaks_titles():
    assert boxed("ab cd", 4) == "====\n ab\n cd\n===="
