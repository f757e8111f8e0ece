import pytest
from console_text import boxed, paragraph, wrap


def test_short_text_stays_on_one_line():
    assert wrap("hello world", 20) == ["hello world"]


def test_empty_text_has_no_lines():
    assert wrap("", 10) == []


def test_white_space_runs_collapse():
    assert wrap("a   b\n\tc", 10) == ["a b c"]


def test_breaks_between_words():
    assert wrap("the quick brown fox jumps", 10) == ["the quick", "brown fox", "jumps"]


def test_long_word_gets_its_own_line():
    assert wrap("an extraordinarily long", 6) == ["an", "extraordinarily", "long"]


def test_line_that_fits_exactly():
    assert wrap("abcd efgh", 9) == ["abcd efgh"]


def test_line_one_too_long_is_broken():
    assert wrap("abcd efgh", 8) == ["abcd", "efgh"]


def test_paragraph_indents_every_line():
    assert paragraph("one two three", 9, indent=4) == "    one\n    two\n    three"


def test_boxed_title():
    assert boxed("Sales", 11) == "===========\n   Sales\n==========="


def test_width_must_be_positive():
    with pytest.raises(ValueError):
        wrap("x", 0)
