"""Failed doctests state what their example should print and what it did."""

from __future__ import annotations

from small_shop import a_log, an_issue, read, said

PLAIN = """\
**********************************************************************
File "/x/shop/cart.py", line 12, in shop.cart.total
Failed example:
    total([1, 2])
Expected:
    3
Got:
    2
**********************************************************************
1 items had failures:
"""

PYTEST = """\
_________________________ [doctest] shop.cart.total __________________________
010 Sum of all.
011
012     >>> total([1, 2])
Expected:
    3
Got:
    2

/x/shop/cart.py:12: DocTestFailure
"""

STATED = [{"expression": "total([1, 2])", "expected": "3", "actual": "2"}]


def test_doctests_own_output_is_read_in_a_log_and_in_an_issue() -> None:
    for source in (a_log(PLAIN), an_issue(f"# Sum\n\n```\n{PLAIN}```\n"), an_issue(f"# Sum\n\n{PLAIN}")):
        analysis = read(source)
        assert said(analysis) == STATED
        assert analysis.named_paths == ("shop/cart.py",)


def test_pytests_form_is_read_behind_ci_columns_too() -> None:
    stamped = "".join(f"2024-05-01T10:00:00.1234567Z {line}\n" for line in PYTEST.splitlines())
    for text in (PYTEST, stamped):
        analysis = read(a_log(text))
        assert said(analysis) == STATED
        assert analysis.named_paths == ("shop/cart.py",)


def test_printed_nothing_and_several_lines_are_kept_as_they_are() -> None:
    nothing = PLAIN.replace("Expected:\n    3", "Expected nothing")
    assert said(read(a_log(nothing))) == [{"expression": "total([1, 2])", "actual": "2"}]
    several = PLAIN.replace("    3\n", "    a\n      b\n")
    assert said(read(a_log(several)))[0]["expected"] == "a\n  b"


def test_an_expected_line_elsewhere_is_no_doctest() -> None:
    assert said(read(a_log("Expected:\n    3\nGot:\n    2\n"))) == []
