"""What the repair benches count: a fix is right only where what the run never saw agrees."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench import instant
from bench.instant import BUGGY, FAILING, InstantCode, InstantFixer, InstantWorkbench
from bench.repair import Case, Finding, Result, repair, report
from bot.core.artifacts import Environment
from bot.core.testing import Collection, Outcome
from bot.core.tree import Tree

HELD_OUT = "held_out/test_more.py"
FILES = {"cart.py": BUGGY.encode(), "tests/test_cart.py": b"from cart import total\n"}
CASE = Case("cart", FILES, FAILING, {HELD_OUT: b"assert total([1]) == 1\n"}, (HELD_OUT,))


def repaired(
    folder: Path, case: Case = CASE, *, workbench: InstantWorkbench | None = None, fixes: bool = True
) -> Finding:
    code = InstantCode(((InstantCode().history[0][0], instant.tree_of({p: c.decode() for p, c in FILES.items()})),))
    fixer = None if fixes else InstantFixer(())
    deps = instant.deps(code=code, workbench=workbench, fixer=fixer)
    return asyncio.run(repair(case, deps, folder / "cart", 60.0))


def test_a_fix_that_held_out_tests_agree_with_is_right(tmp_path: Path) -> None:
    finding = repaired(tmp_path)

    assert finding.result is Result.FIXED
    assert finding.detail == "-    return sum(prices[1:]) / +    return sum(prices)"


def test_a_fix_that_a_held_out_test_disagrees_with_is_plausible_only(tmp_path: Path) -> None:
    bench = InstantWorkbench(lambda tree, i: Outcome.FAILED if i == HELD_OUT else instant.rule(tree, i))

    assert repaired(tmp_path, workbench=bench).result is Result.PLAUSIBLE


def test_a_fix_that_nothing_judges_is_plausible_only(tmp_path: Path) -> None:
    assert repaired(tmp_path, replace(CASE, judge={}, judge_tests=())).result is Result.PLAUSIBLE


def test_held_out_tests_that_do_not_all_load_judge_nothing_right(tmp_path: Path) -> None:
    class Partly(InstantWorkbench):
        async def collect(self, environment: Environment, tree: Tree, targets: Sequence[str]) -> Collection:
            return Collection(tuple(targets), ((HELD_OUT, "SyntaxError"),))

    assert repaired(tmp_path, workbench=Partly()).result is Result.PLAUSIBLE


def test_without_a_fix_it_says_why(tmp_path: Path) -> None:
    finding = repaired(tmp_path, fixes=False)

    assert finding.result is Result.NO_FIX
    assert finding.detail == "no fix found: No change was tried: no repair that is known here fits the suspect places."


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_the_report_counts_each_result_once(order: tuple[int, ...]) -> None:
    kinds = (Result.FIXED, Result.PLAUSIBLE, Result.NO_FIX)
    findings = [Finding(CASE, kinds[i], 1.5, 10, "why") for i in order]
    told = report("cart", findings, 60.0)

    assert told.figures == {
        "programs": 3,
        "fixed": 1,
        "plausible": 1,
        "no_fix": 1,
        "green": 2,
        "total_s": 4.5,
        "limit_s": 60.0,
    }
    assert told.notes == ("2 of 3 end with their tests green: 1 right beyond them, 1 plausible only; 1 without a fix.",)
