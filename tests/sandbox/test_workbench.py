"""The workbench, for real: small projects, plain local sandboxes, true pytest processes."""

from __future__ import annotations

import pytest

from bot.core.artifacts import CandidatePatch, Environment
from bot.core.errors import EnvironmentBroken
from bot.core.patch import FileEdit, Patch
from bot.core.testing import Collection, Failure, Outcome, TestRun
from bot.ports import Check, Ended, ScreeningPlan, ScriptRun
from python_projects import (
    BUGGY,
    CALC,
    CALC_IDS,
    FIXED,
    borrowing_workbench,
    environment_of,
    prepared,
    run_of,
    tree_of,
    waited,
)
from sandbox.workbench import SandboxWorkbench

UNITTEST = {
    "shop/__init__.py": "",
    "shop/cart.py": "def total(prices):\n    return sum(prices) - 1\n",
    "tests/__init__.py": "",
    "tests/test_cart.py": """\
import unittest
from shop.cart import total


class TestCart(unittest.TestCase):
    def test_total(self):
        self.assertEqual(total([1, 2]), 3)

    def test_empty(self):
        self.assertEqual(total([]), -1)

    @unittest.expectedFailure
    def test_known(self):
        self.assertEqual(total([1]), 1)

    @unittest.skip("later")
    def test_later(self):
        pass

    def test_parts(self):
        for price in (1, 2):
            with self.subTest(price=price):
                self.assertEqual(total([price]), price)
""",
}
HANGING = {
    "tests/test_slow.py": """\
import time

def test_before():
    pass

def test_hangs():
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            pass

def test_after():
    pass
"""
}


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> SandboxWorkbench:
    return borrowing_workbench(tmp_path_factory.mktemp("environments"), test_limit_s=1.0)


def collected(workbench: SandboxWorkbench, files: dict[str, str], *targets: str) -> Collection:
    return waited(workbench.collect(environment_of(workbench, files), tree_of(files), targets))


def script(workbench: SandboxWorkbench, files: dict[str, str], code: str) -> ScriptRun:
    return waited(workbench.run_script(environment_of(workbench, files), tree_of(files), code, wall_s=5.0))


def one(test: str) -> dict[str, str]:
    return {"test_it.py": test}


def failure_of(run: TestRun, test_id: str) -> Failure:
    result = run.result(test_id)
    assert result is not None
    assert result.failure is not None
    return result.failure


# ------------------------------------------------------------- collecting


def test_preparing_lists_the_tests_in_order(workbench: SandboxWorkbench) -> None:
    environment = prepared(workbench, CALC)
    assert (environment.runner, environment.collection.ids) == ("pytest", CALC_IDS)


def test_an_environment_is_used_again_for_the_code_of_the_same_owner_only(workbench: SandboxWorkbench) -> None:
    """A build runs the project's code: another's could have left anything in an environment of the same manifests."""

    def built_for(owner: str, files: dict[str, str]) -> Environment:
        return waited(workbench.prepare(tree_of(files), owner=owner))

    other_code = {**CALC, "helper.py": "import setuptools\n"}
    repository, pull = built_for("acme/shop", CALC), built_for("acme/shop#34", other_code)
    again = built_for("acme/shop", other_code)

    assert (repository.cached, pull.cached, again.cached) == (False, False, True)
    assert repository.key == again.key != pull.key
    assert waited(workbench.run_tests(pull, tree_of(CALC), CALC_IDS, wall_s=20.0)).expected == CALC_IDS


def test_a_project_without_code_we_know_cannot_be_prepared(workbench: SandboxWorkbench) -> None:
    with pytest.raises(EnvironmentBroken, match=r"nothing here that can be tested\. Looked for: Python"):
        prepared(workbench, {"main.go": "package main"})


def test_a_project_without_tests_has_an_empty_collection(workbench: SandboxWorkbench) -> None:
    environment = prepared(workbench, {"calc.py": BUGGY})
    assert (environment.collection.ids, environment.collection.errors) == ((), ())


def test_a_target_is_collected_and_an_unknown_one_named(workbench: SandboxWorkbench) -> None:
    found = collected(workbench, CALC, "tests.test_calc.test_add", "tests/test_calc.py::test_ad")
    assert found.ids == CALC_IDS[:1]
    assert found.errors[0][0] == "tests/test_calc.py::test_ad"
    assert found.errors[0][1].startswith("no such test in it; closest: tests/test_calc.py::test_add")


def test_a_file_with_a_syntax_error_is_named_and_the_others_still_listed(workbench: SandboxWorkbench) -> None:
    found = collected(workbench, {**CALC, "tests/test_broken.py": "def test(:\n"})
    assert found.ids == CALC_IDS
    assert found.errors[0][0] == "tests/test_broken.py"
    assert "SyntaxError" in found.errors[0][1]


def test_a_target_that_the_projects_own_options_leave_out_is_named_so(workbench: SandboxWorkbench) -> None:
    files = {**CALC, "pytest.ini": "[pytest]\naddopts = -k 'not zero'\n"}
    found = collected(workbench, files, "tests/test_calc.py::test_zero")
    assert found.errors == (
        ("tests/test_calc.py::test_zero", "left out by the project's own options for its test runner"),
    )


def test_options_that_the_runner_does_not_know_are_left_out_and_noted(workbench: SandboxWorkbench) -> None:
    environment = prepared(workbench, {**CALC, "pytest.ini": "[pytest]\naddopts = --no-such-option\n"})
    assert environment.collection.ids == CALC_IDS
    assert "own options for its test runner are left out" in environment.notes[0]


def test_a_conftest_that_does_not_load_is_said(workbench: SandboxWorkbench) -> None:
    found = collected(workbench, {**CALC, "conftest.py": "import nowhere\n"})
    assert found.ids == ()
    assert "No module named 'nowhere'" in found.errors[0][1]


# ---------------------------------------------------------------- running


def test_a_red_test_says_what_was_raised_and_where(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, CALC, CALC_IDS)
    failure = failure_of(run, CALC_IDS[0])
    assert (failure.exception_type, failure.phase, failure.frames[-1].path) == (
        "AssertionError",
        "call",
        CALC_IDS[0][:18],
    )
    assert failure.frames[-1].code == "assert add(2, 2) == 4"
    assert "assert 0 == 4" in failure.message
    assert "fixbugs" not in failure.text
    assert run.command == f"python -m pytest {' '.join(CALC_IDS)}"


def test_frames_reach_into_the_code_under_test(workbench: SandboxWorkbench) -> None:
    files = {"calc.py": "def add(a, b):\n    return {}[a]\n", "tests/test_calc.py": CALC["tests/test_calc.py"]}
    failure = failure_of(run_of(workbench, files, CALC_IDS[:1]), CALC_IDS[0])
    assert (failure.exception_type, failure.message) == ("KeyError", "2")
    assert [(frame.path, frame.line, frame.function) for frame in failure.frames] == [
        ("tests/test_calc.py", 5, "test_add"),
        ("calc.py", 2, "add"),
    ]


def test_unittest_outcomes_are_told_apart(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, UNITTEST)
    by_name = {result.id.split("::")[-1]: result.outcome for result in run.results}
    assert run.distrust == ""
    assert by_name == {
        "test_total": Outcome.FAILED,
        "test_empty": Outcome.PASSED,
        "test_known": Outcome.XFAILED,
        "test_later": Outcome.SKIPPED,
        "test_parts": Outcome.FAILED,
    }
    assert run.command.startswith("python -m unittest tests.test_cart.TestCart.test_empty ")


def test_a_green_unittest_is_green(workbench: SandboxWorkbench) -> None:
    assert run_of(workbench, UNITTEST, ["tests/test_cart.py::TestCart::test_empty"]).green


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("@pytest.fixture\ndef broken():\n    1 / 0\ndef test_it(broken):\n    pass\n", Outcome.ERROR),
        ("@pytest.fixture\ndef late():\n    yield\n    1 / 0\ndef test_it(late):\n    pass\n", Outcome.ERROR),
        ("@pytest.mark.xfail\ndef test_it():\n    assert 0\n", Outcome.XFAILED),
        ("@pytest.mark.xfail\ndef test_it():\n    pass\n", Outcome.XPASSED),
        ("@pytest.mark.xfail(strict=True)\ndef test_it():\n    pass\n", Outcome.FAILED),
        ("def test_it():\n    pytest.skip('x')\n", Outcome.SKIPPED),
        ("def test_it():\n    raise SystemExit(0)\n", Outcome.FAILED),
        ("def test_it():\n    with pytest.raises(KeyError):\n        pass\n", Outcome.FAILED),
        (
            "from hypothesis import given, strategies as st\n@given(st.integers())\ndef test_it(n):\n    pass\n",
            Outcome.PASSED,
        ),
        ("class TestIt:\n    def test_it(self, tmp_path):\n        assert tmp_path.is_dir()\n", Outcome.PASSED),
    ],
)
def test_every_kind_of_ending_has_its_outcome(workbench: SandboxWorkbench, body: str, outcome: Outcome) -> None:
    name = "TestIt::test_it" if "class TestIt" in body else "test_it"
    run = run_of(workbench, one("import pytest\n" + body), [f"test_it.py::{name}"])
    assert ([result.outcome for result in run.results], run.distrust) == ([outcome], "")


def test_a_hanging_test_does_not_lose_the_others(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, HANGING, [f"tests/test_slow.py::test_{name}" for name in ("before", "hangs", "after")])
    assert [result.outcome for result in run.results] == [Outcome.PASSED, Outcome.TIMED_OUT, Outcome.PASSED]
    assert run.distrust == ""
    assert failure_of(run, run.expected[1]).frames[0].function == "test_hangs"


def test_a_test_that_cannot_be_interrupted_ends_with_the_whole_run(workbench: SandboxWorkbench) -> None:
    block = (
        "import signal, time\ndef test_it():\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})\n    time.sleep(60)\n"
    )
    run = run_of(
        workbench,
        one(block + "def test_next():\n    pass\n"),
        ["test_it.py::test_it", "test_it.py::test_next"],
        wall_s=3.0,
    )
    assert [result.outcome for result in run.results] == [Outcome.MISSING, Outcome.MISSING]
    assert run.distrust == "the run did not finish: timed out"
    assert "while this test ran (timed out)" in failure_of(run, "test_it.py::test_it").message


def test_a_crash_names_the_test_that_ran(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, one("import os\ndef test_it():\n    os.kill(os.getpid(), 11)\n"), ["test_it.py::test_it"])
    assert run.distrust.startswith("the run did not finish: ")
    assert failure_of(run, "test_it.py::test_it").exception_type == "ProcessEnded"


def test_a_test_that_is_not_there_is_missing_and_the_run_not_green(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, {**CALC, "calc.py": FIXED}, [CALC_IDS[0], "tests/test_calc.py::test_gone"])
    assert ([result.outcome for result in run.results], run.green) == ([Outcome.PASSED, Outcome.MISSING], False)


def test_no_tests_are_never_green(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, {"calc.py": FIXED}, [])
    assert (run.green, run.distrust) == (False, "no test was expected, so nothing was shown")


def test_tests_of_a_file_that_does_not_import_carry_the_error(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, {**CALC, "calc.py": "def add(a, b:\n"}, CALC_IDS)
    assert {result.outcome for result in run.results} == {Outcome.ERROR}
    assert (failure_of(run, CALC_IDS[0]).exception_type, failure_of(run, CALC_IDS[0]).phase) == (
        "SyntaxError",
        "collect",
    )


def test_options_of_the_project_cannot_cut_a_run_short(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, {**CALC, "pytest.ini": "[pytest]\naddopts = -x --timeout=1 --stepwise\n"})
    assert Outcome.MISSING not in {result.outcome for result in run.results}


def test_a_flood_of_output_disturbs_nothing(workbench: SandboxWorkbench) -> None:
    flood = (
        "import os\ndef test_it():\n    for _ in range(300):\n"
        "        os.write(1, b'x' * 65536)\n        os.write(2, b'y' * 65536)\n"
    )
    run = run_of(workbench, {**one(flood), "pytest.ini": "[pytest]\naddopts = -s\n"}, ["test_it.py::test_it"])
    assert run.green
    assert len(run.output_tail) < 10_000


def test_each_result_is_told_of_as_it_comes(workbench: SandboxWorkbench) -> None:
    heard: list[tuple[str, str]] = []
    environment = environment_of(workbench, CALC)

    async def go() -> None:
        await workbench.run_tests(
            environment,
            tree_of(CALC),
            CALC_IDS,
            wall_s=20.0,
            on_result=lambda test, outcome: heard.append((test, outcome)),
        )

    waited(go())
    assert heard == list(zip(CALC_IDS, ("failed", "passed", "passed"), strict=True))


def test_coverage_holds_the_lines_of_each_test_without_those_of_imports(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, CALC, CALC_IDS[:2], coverage=True)
    assert [(cover.id, cover.lines) for cover in run.coverage] == [
        (CALC_IDS[0], (("calc.py", (2,)), ("tests/test_calc.py", (5,)))),
        (CALC_IDS[1], (("calc.py", (2,)), ("tests/test_calc.py", (9,)))),
    ]


def test_code_in_a_source_folder_is_found_without_an_install(workbench: SandboxWorkbench) -> None:
    files = {
        "src/pkg/__init__.py": "VALUE = 1\n",
        "tests/test_pkg.py": "import pkg\ndef test_it():\n    assert pkg.VALUE == 1\n",
    }
    run = run_of(workbench, files, ["tests/test_pkg.py::test_it"])
    assert run.green
    assert run.command == "PYTHONPATH=src python -m pytest tests/test_pkg.py::test_it"


# ------------------------------------------------- scripts and screening


def test_a_script_runs_from_the_trees_root_with_its_code(workbench: SandboxWorkbench) -> None:
    ran = script(
        workbench, {**CALC, "data.txt": "x"}, "from calc import add\nprint(add(3, 1), open('data.txt').read())"
    )
    assert (ran.ended, ran.exit_code, ran.stdout) == (Ended.EXITED, 0, "2 x\n")


def test_a_script_that_fails_shows_paths_relative_to_the_tree(workbench: SandboxWorkbench) -> None:
    ran = script(workbench, {"calc.py": "def add(a, b):\n    return {}[a]\n"}, "import calc\ncalc.add(1, 2)")
    assert 'File "calc.py", line 2, in add' in ran.stderr


def test_screening_tells_a_right_candidate_from_a_wrong_one(workbench: SandboxWorkbench) -> None:
    environment = environment_of(workbench, CALC)
    plans = [plan("def add(a, b):\n    return a * b\n"), plan(FIXED)]

    async def go() -> list[bool]:
        screened = workbench.screen(environment, tree_of(CALC), plans, check_wall_s=10.0)
        return [verdict.passed async for verdict in screened]

    assert waited(go()) == [False, True]


def plan(after: str) -> ScreeningPlan:
    patch = Patch((FileEdit("calc.py", BUGGY, after),))
    return ScreeningPlan(
        CandidatePatch(patch, "rule", "changes the sum", "calc.py", 2, 0.5), (Check("suite", CALC_IDS),)
    )


def test_a_command_for_people_comes_from_the_toolchain(workbench: SandboxWorkbench) -> None:
    environment = environment_of(workbench, CALC)
    assert workbench.reproduction_command(environment, CALC_IDS[:1]) == f"python -m pytest {CALC_IDS[0]}"


def test_an_environment_that_another_machine_prepared_is_built_here(
    workbench: SandboxWorkbench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = prepared(workbench, CALC)
    elsewhere = borrowing_workbench(tmp_path_factory.mktemp("elsewhere"), test_limit_s=1.0)

    run = waited(elsewhere.run_tests(environment, tree_of(CALC), CALC_IDS, wall_s=20.0))

    assert (run.distrust, len(run.results)) == ("", len(CALC_IDS))
