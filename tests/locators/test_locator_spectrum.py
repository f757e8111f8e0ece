"""Lines that failing tests execute and passing ones avoid are most suspect."""

from __future__ import annotations

import pytest

from bot.core.artifacts import Analysis
from bot.core.testing import TestCoverage
from bot.core.tree import Tree
from bot.locators.spectrum import SpectrumLocator, ochiai
from bot.ports import LocateQuestion
from small_shop import tree_of

SOURCE = """\
import math

LIMIT = 3


def grade(score):
    "Doc."
    if score > LIMIT:
        return max(
            score,
            0,
        )
    return -1
"""
TREE = tree_of({"pkg/a.py": SOURCE, "tests/test_a.py": "x = 1\n", "pkg/broken.py": "def f(:\n    return 1\n"})


def covered(test_id: str, *lines: int, path: str = "pkg/a.py") -> TestCoverage:
    return TestCoverage(test_id, ((path, lines),))


def ranked(
    *coverage: TestCoverage, failing: tuple[str, ...], passing: tuple[str, ...] = (), tree: Tree = TREE
) -> list[tuple[int, int, float]]:
    question = LocateQuestion(tree, Analysis("x"), (), coverage, failing, passing)
    return [(s.line_start, s.line_end, round(s.score, 3)) for s in SpectrumLocator().locate(question)]


def test_lines_that_only_failing_tests_execute_come_first() -> None:
    found = ranked(covered("bad", 8, 9, 10, 11), covered("good", 8, 13), failing=("bad",), passing=("good",))
    assert found == [(9, 12, 1.0), (8, 8, 0.707)]


def test_without_passing_tests_all_executed_statements_tie_in_the_files_order() -> None:
    assert ranked(covered("bad", 8, 13), failing=("bad",)) == [(8, 8, 1.0), (13, 13, 1.0)]


def test_imports_definitions_and_docstrings_are_no_suspects() -> None:
    assert ranked(covered("bad", 1, 6, 7, 13), failing=("bad",)) == [(13, 13, 1.0)]


def test_module_level_that_every_passing_test_executes_is_left_out() -> None:
    found = ranked(covered("bad", 3, 8), covered("good", 3), failing=("bad",), passing=("good",))
    assert found == [(8, 8, 1.0)]


def test_tests_and_files_outside_the_tree_are_no_suspects() -> None:
    assert ranked(covered("bad", 1, path="tests/test_a.py"), covered("bad", 1, path="gone.py"), failing=("bad",)) == []


def test_a_file_that_does_not_parse_is_ranked_by_bare_lines() -> None:
    assert ranked(covered("bad", 2, path="pkg/broken.py"), failing=("bad",)) == [(2, 2, 1.0)]


def test_no_failing_test_no_suspects() -> None:
    assert ranked(covered("good", 8), failing=(), passing=("good",)) == []


def test_a_reason_counts_the_tests() -> None:
    question = LocateQuestion(TREE, Analysis("x"), (), (covered("bad", 8), covered("good", 8)), ("bad",), ("good",))
    (suspect,) = SpectrumLocator().locate(question)
    assert suspect.reasons == ("Executed by 1 of 1 failing and 1 of 1 passing tests.",)
    assert suspect.symbol == "grade"


@pytest.mark.parametrize(
    ("failed", "passed", "total", "score"), [(1, 0, 1, 1.0), (1, 3, 1, 0.5), (0, 5, 1, 0.0), (2, 0, 8, 0.5)]
)
def test_ochiai_is_as_published(failed: int, passed: int, total: int, score: float) -> None:
    assert ochiai(failed, passed, total) == pytest.approx(score)
