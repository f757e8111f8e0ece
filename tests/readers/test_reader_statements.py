"""One sentence at a time: what it states, and when it states nothing."""

from __future__ import annotations

import pytest

from bot.readers.report_text import read_report_text
from bot.readers.source_lines import SourceLines
from bot.readers.statements import Claim, read_statements
from bot.readers.values import ValueKind, classify, sentences
from small_shop import an_issue


def claims(text: str) -> list[Claim]:
    blocks = read_report_text(SourceLines(an_issue(f"# Title\n\n{text}\n"))).blocks
    return [claim for block in blocks[1:] for claim in read_statements(list(sentences(block.pieces)))]


def said(text: str) -> list[tuple[str, str, str, str, str]]:
    return [(c.expression, c.expected, c.actual, c.raises, c.not_raises) for c in claims(text)]


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("`f(1)` returns `2`, should be `3`.", ("f(1)", "3", "2", "", "")),
        ("`f(1)` returns `2` but should return `3`.", ("f(1)", "3", "2", "", "")),
        ("Expected 3 but got 2.", ("", "3", "2", "", "")),
        ("expected `[1, 2]`, got `[2, 1]`", ("", "[1, 2]", "[2, 1]", "", "")),
        ("I expected \u201cabc\u201d but it returned \u201cab\u201d.", ("", '"abc"', '"ab"', "", "")),
        ('`slug("A b")` should return `"a-b"` instead of `"a b"`.', ('slug("A b")', '"a-b"', '"a b"', "", "")),
        ("I'd expect `None`.", ("", "None", "", "", "")),
        ("It returns 4 instead of 5.", ("", "5", "4", "", "")),
        ("Instead of `5` I get `4`.", ("", "5", "4", "", "")),
        ("add(2, 2) returns 5 rather than 4", ("add(2, 2)", "4", "5", "", "")),
        ("calling total([]) gives None, expected 0", ("total([])", "0", "None", "", "")),
        ("It should return an empty list.", ("", "[]", "", "", "")),
        ('`count("banana")` returned `2`; the correct answer is `3`.', ('count("banana")', "3", "2", "", "")),
        ("`f(1)` should be `True`, not `False`.", ("f(1)", "True", "False", "", "")),
        ("f(1) should equal g(1)", ("f(1)", "g(1)", "", "", "")),
        ("I expected to get `3` from `f(1)`.", ("f(1)", "3", "", "", "")),
        ("I would expect to see `[1]`, but got `[2]`.", ("", "[1]", "[2]", "", "")),
        ("It should be -1.5.", ("", "-1.5", "", "", "")),
        ("The expected result is `(1, 2)`, the actual result is `(2, 1)`.", ("", "(1, 2)", "(2, 1)", "", "")),
        ("`divide(1, 0)` should raise `ZeroDivisionError`.", ("divide(1, 0)", "", "", "ZeroDivisionError", "")),
        ('`load("x")` raises `KeyError` instead of returning `None`.', ('load("x")', "None", "", "", "KeyError")),
        ('`load("x")` crashes with KeyError', ('load("x")', "", "", "", "KeyError")),
        ("`get({})` raises KeyError; expected `None`", ("get({})", "None", "", "", "KeyError")),
        ("`sqrt(-1)` returns `nan` instead of raising `ValueError`.", ("sqrt(-1)", "", "", "ValueError", "")),
        ("It shouldn't return `3`.", ("", "", "3", "", "")),
        ("`f()` should not raise `KeyError`.", ("f()", "", "", "", "KeyError")),
    ],
)
def test_a_sentence_states_this(text: str, stated: tuple[str, str, str, str, str]) -> None:
    assert said(text) == [stated]


@pytest.mark.parametrize(
    "text",
    [
        "Should `f(1)` be `2`?",
        "`f(1)` should be `3` or `4`.",
        "The result should be at least 3.",
        "f(2) works fine and returns 4.",
        "It should be a `str`.",
        "`f(1)` != `2`",
        "This raises `ValueError` correctly.",
        "I got 3 items of 5 pages.",
        "Use version 1.2.3 (see 4).",
        "`f(1)` should not be `2` and should be `2`, should be `3`.",
    ],
)
def test_a_sentence_wants_nothing(text: str) -> None:
    assert [claim for claim in claims(text) if claim.expected or claim.raises] == []


def test_two_calls_in_a_sentence_each_get_their_own_value() -> None:
    assert said("`f(1)` should be `2` and `f(2)` should be `3`.") == [
        ("f(1)", "2", "", "", ""),
        ("f(2)", "3", "", "", ""),
    ]


def test_a_sentence_without_a_call_is_about_the_one_named_before() -> None:
    assert said("`f(3)` returns `5`. It should return `6`.") == [("f(3)", "", "5", "", ""), ("f(3)", "6", "", "", "")]


def test_a_claim_knows_its_lines() -> None:
    (claim,) = claims("Some words\nand `f(1)` should\nbe `2`.")
    assert (claim.line_start, claim.line_end) == (3, 5)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("[1]", ValueKind.LITERAL),
        ("'x'", ValueKind.LITERAL),
        ("f(1)", ValueKind.CALL),
        ("a.b[0]", ValueKind.EXPRESSION),
        ("name", ValueKind.WORDS),
        ("2024-01-31 10:00", ValueKind.WORDS),
        ("KeyError", ValueKind.ERROR),
        ("shop.errors.PriceError: bad", ValueKind.ERROR),
    ],
)
def test_inline_code_is_of_a_kind(code: str, kind: ValueKind) -> None:
    assert classify(code) is kind
