"""What pytest and unittest say about failing tests, from logs as CI systems keep them."""

from __future__ import annotations

import pytest

from bot.core.testing import Frame
from bot.readers.runner_output import RunnerOutput, read_runner_output
from bot.readers.tree_index import TreeIndex
from small_shop import SHOP, a_log, lines_of, read

PYTEST_LONG = """\
============================= test session starts ==============================
collected 2 items

tests/test_cart.py .F                                                    [100%]

=================================== FAILURES ===================================
__________________________________ test_total __________________________________

    def test_total():
>       assert total([Item(3)]) == 4

tests/test_cart.py:5:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _

items = [Item(3)]

    def total(items):
>       return sum(item.price for item in items)
E       AttributeError: 'Item' object has no attribute 'price'

shop/cart.py:10: AttributeError
=========================== short test summary info ============================
FAILED tests/test_cart.py::test_total - AttributeError: 'Item' object has no ...
========================= 1 failed, 1 passed in 0.12s ==========================
"""

PYTEST_SHORT = """\
=================================== FAILURES ===================================
___________________________ TestCart.test_add[a - b] ___________________________
tests/test_cart.py:5: in test_add
    assert cart.items == ["a"]
E   AssertionError: assert [] == ['a']
E     Right contains one more item: 'a'
=========================== short test summary info ============================
FAILED tests/test_cart.py::TestCart::test_add[a - b] - AssertionError: assert...
"""

UNITTEST = """\
.F
======================================================================
FAIL: test_total (tests.test_cart.CartTest)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/home/runner/work/shop/shop/tests/test_cart.py", line 5, in test_total
    self.assertEqual(total([]), 1)
AssertionError: 0 != 1

----------------------------------------------------------------------
Ran 2 tests in 0.001s

FAILED (failures=1)
"""


def output(text: str) -> RunnerOutput:
    return read_runner_output(lines_of(text), TreeIndex(SHOP))


def ids(text: str) -> list[str]:
    return [test.id for test in output(text).failed]


def test_a_pytest_section_gives_the_test_its_frames_and_the_error() -> None:
    found = output(PYTEST_LONG)
    assert [test.id for test in found.failed] == ["tests/test_cart.py::test_total"]
    (traceback,) = found.tracebacks
    assert traceback.frames == (
        Frame("tests/test_cart.py", 5, "test_total", "assert total([Item(3)]) == 4"),
        Frame("shop/cart.py", 10, "total", "return sum(item.price for item in items)"),
    )
    assert (traceback.exception_type, traceback.message) == (
        "AttributeError",
        "'Item' object has no attribute 'price'",
    )


def test_the_short_form_has_its_code_below_and_brackets_may_hold_a_dash() -> None:
    found = output(PYTEST_SHORT)
    assert [(test.id, test.message) for test in found.failed] == [
        ("tests/test_cart.py::TestCart::test_add[a - b]", "AssertionError: assert...")
    ]
    (traceback,) = found.tracebacks
    assert traceback.frames == (Frame("tests/test_cart.py", 5, "test_add", 'assert cart.items == ["a"]'),)
    assert traceback.exception_type == "AssertionError"


def test_github_columns_and_colours_change_nothing() -> None:
    stamped = "".join(f"2024-05-01T10:00:00.1234567Z \x1b[31m{line}\x1b[0m\n" for line in PYTEST_LONG.splitlines())
    assert ids(stamped) == ids(PYTEST_LONG)
    assert output(stamped).tracebacks[0].frames == output(PYTEST_LONG).tracebacks[0].frames


def test_a_section_without_a_summary_still_names_its_test() -> None:
    assert ids(PYTEST_LONG.partition("=== short")[0]) == ["tests/test_cart.py::test_total"]


@pytest.mark.parametrize(
    ("line", "test_id"),
    [
        ("FAILED tests/test_cart.py::test_total", "tests/test_cart.py::test_total"),
        ("ERROR tests/test_cart.py::test_total - RuntimeError: x", "tests/test_cart.py::test_total"),
        ("tests/test_cart.py::test_total FAILED            [ 50%]", "tests/test_cart.py::test_total"),
        ("[gw1] [ 88%] FAILED tests/test_cart.py::T::test_ttl ", "tests/test_cart.py::T::test_ttl"),
        ("FAIL: test_total (tests.test_cart.CartTest)", "tests/test_cart.py::CartTest::test_total"),
        ("FAIL: test_total (tests.test_cart.CartTest.test_total)", "tests/test_cart.py::CartTest::test_total"),
        ("ERROR: test_total (test_cart.CartTest)", "tests/test_cart.py::CartTest::test_total"),
        ("FAIL: tests.test_cart.test_total", "tests/test_cart.py::test_total"),
        ("FAIL: test_other (elsewhere.OtherTest)", "elsewhere.OtherTest.test_other"),
    ],
)
def test_a_line_names_a_failing_test(line: str, test_id: str) -> None:
    assert ids(f"before\n{line}\nafter\n") == [test_id]


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: pip's dependency resolver does not currently take into account all the packages",
        "ERROR tests/test_cart.py - ImportError: no module",
        "tests/test_cart.py::test_total PASSED",
        "FAILED (failures=1)",
        "ERROR: unable to update desktop database",
        "ERROR: setUpClass (tests.test_cart.CartTest)",
        "ERROR: test_cart (unittest.loader._FailedTest.test_cart)",
    ],
)
def test_other_lines_name_none(line: str) -> None:
    assert ids(f"{line}\n") == []


def test_a_file_that_does_not_parse_gives_its_place() -> None:
    section = (
        "____ ERROR collecting tests/test_cart.py ____\ntests/test_cart.py:1: in <module>\n    import shop.cart\n"
        'E     File "/x/shop/cart.py", line 6\nE       def f(\nE            ^\nE   SyntaxError: invalid syntax\n====\n'
    )
    (traceback,) = output(section).tracebacks
    assert traceback.frames[-1] == Frame("shop/cart.py", 6)
    assert (traceback.exception_type, traceback.message) == ("SyntaxError", "invalid syntax")


def test_a_long_test_name_leaves_one_underscore_on_each_side() -> None:
    text = PYTEST_LONG.replace(
        "__________________________________ test_total __________________________________",
        "_ test_total[some long thing] _",
    )
    assert len(output(text).tracebacks) == 1


def test_a_unittest_log_gives_the_test_and_its_traceback_to_the_analysis() -> None:
    analysis = read(a_log(UNITTEST))
    assert analysis.test_ids == ("tests/test_cart.py::CartTest::test_total",)
    assert [t.exception_type for t in analysis.tracebacks] == ["AssertionError"]
    assert analysis.signature.message_part == ""


def test_a_pytest_log_gives_the_signature_of_its_first_section() -> None:
    signature = read(a_log(PYTEST_LONG)).signature
    assert signature.exception_type == "AttributeError"
    assert signature.functions == ("total",)
