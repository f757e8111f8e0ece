"""What people and logs write for a test is found among the runner's ids."""

from __future__ import annotations

import time

import pytest

from bot.reproducers.targets import resolve_targets

IDS = (
    "tests/test_cart.py::test_total",
    "tests/test_cart.py::test_price[1-2]",
    "tests/test_cart.py::test_price[a/b.c]",
    "tests/test_cart.py::TestCoupon::test_half",
    "tests/test_cart.py::TestCoupon::test_none",
    "tests/unit/test_stock.py::test_total",
    "tests/unit/test_stock.py::StockTest::test_empty",
    "test_root.py::test_alone",
)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("tests/test_cart.py::test_total", [0]),
        ("./tests/test_cart.py::test_total", [0]),
        ("tests\\unit\\test_stock.py::test_total", [5]),
        ("tests/test_cart.py", [0, 1, 2, 3, 4]),
        ("tests/unit", [5, 6]),
        ("tests/unit/", [5, 6]),
        ("tests/test_cart.py::test_price", [1, 2]),
        ("tests/test_cart.py::test_price[a/b.c]", [2]),
        ("test_price[1-2]", [1]),
        ("tests/test_cart.py::TestCoupon", [3, 4]),
        ("TestCoupon", [3, 4]),
        ("TestCoupon::test_half", [3]),
        ("TestCoupon.test_half", [3]),
        ("tests.test_cart.TestCoupon.test_half", [3]),
        ("tests.unit.test_stock", [5, 6]),
        ("test_stock.py::test_total", [5]),
        ("test_empty (tests.unit.test_stock.StockTest)", [6]),
        ("test_empty (tests.unit.test_stock.StockTest.test_empty)", [6]),
        ("test_empty (test_stock.StockTest)", [6]),
        ("test_empty", [6]),
        ("test_alone", [7]),
        ("/home/runner/work/shop/shop/tests/test_cart.py::test_total", [0]),
        ("C:\\src\\shop\\tests\\test_cart.py::test_total", [0]),
        ("FAILED tests/test_cart.py::test_total - assert 1 == 2", [0]),
        ("`tests/test_cart.py::test_total`", [0]),
    ],
)
def test_a_target_stands_for_these_ids(target: str, expected: list[int]) -> None:
    resolved = resolve_targets([target], IDS)
    assert resolved.ids == tuple(IDS[n] for n in expected)
    assert resolved.unknown == ()


@pytest.mark.parametrize(
    "target",
    [
        "tests/test_gone.py",
        "test_totl",
        "tests/test_cart.py::test_price[9]",
        "",
        "   ",
        "..",
        "::",
        "test_cart.py::test_x",
    ],
)
def test_a_target_that_names_nothing_is_unknown(target: str) -> None:
    resolved = resolve_targets([target], IDS)
    assert resolved.ids == ()
    assert resolved.unknown == (target,)


def test_a_name_that_two_files_have_is_unknown_and_both_are_suggested() -> None:
    resolved = resolve_targets(["test_total"], IDS)
    assert resolved.unknown == ("test_total",)
    assert resolved.suggestions["test_total"] == (IDS[0], IDS[5])


def test_a_misspelt_name_suggests_the_nearest_test_and_a_misspelt_file_the_nearest_file() -> None:
    resolved = resolve_targets(["tests/test_cart.py::test_totel", "tests/test_carts.py"], IDS)
    assert IDS[0] in resolved.suggestions["tests/test_cart.py::test_totel"]
    assert resolved.suggestions["tests/test_carts.py"][0] == "tests/test_cart.py"


def test_several_targets_name_each_test_once() -> None:
    resolved = resolve_targets(["test_alone", "tests/unit", "tests/unit/test_stock.py", "test_gone"], IDS)
    assert resolved.ids == (IDS[7], IDS[5], IDS[6])
    assert resolved.unknown == ("test_gone",)


def test_a_very_large_suite_is_searched_in_a_moment() -> None:
    ids = [f"tests/area{n % 97}/test_m{n % 900}.py::TestC::test_case_{n}" for n in range(40_000)]
    before = time.process_time()
    resolved = resolve_targets([*ids[:2000], "test_case_399999x"], ids)
    assert len(resolved.ids) == 2000
    assert time.process_time() - before < 10
