"""Screening without a fork server: lanes of plain local sandboxes, sessions of a tiny runner, right and hostile
candidates."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_runner import TinyRunner

from bot.core.artifacts import CandidatePatch, Screened
from bot.core.errors import SandboxCrashed
from bot.core.patch import FileEdit, Patch
from bot.core.testing import Isolation
from bot.core.tree import Tree, TreeFile
from bot.ports import Built, Check, Recipe, Sandbox, Sandboxes, ScreeningPlan
from python_projects import BUGGY, CALC, CALC_IDS, FIXED, BorrowingToolchain, tree_of, waited
from sandbox.local import LocalSandboxes
from sandbox.session_lanes import SessionSetup, screen_in_sessions
from sandbox.workbench import SandboxWorkbench

KEY = "sessions"
CART = "def total(prices):\n    return sum(prices) - 1\n\n\ndef first(prices):\n    return prices[0]\n"
TESTS = """\
import os
from cart import first, total

def test_total():
    assert total([1, 2]) == 3

def test_first():
    assert first([4]) == 4, "first"

def test_clean():
    laid = [name for name in os.listdir(".") if name.startswith("laid_")]
    assert len(laid) == 1, laid
"""
FILES = {"cart.py": CART, "tests/check.py": TESTS, "runner.cfg": "theirs"}
FAILING = Check("failing test", ("tests/check.py::test_total",))
SUITE = Check("suite", tuple(f"tests/check.py::test_{name}" for name in ("total", "first", "clean")))
LINE, RIGHT = "return sum(prices) - 1", "return sum(prices)"
SETUP = SessionSetup(TinyRunner(), (), "", test_limit_s=5.0, memory_bytes=512 << 20, starting_s=5.0, least_s=1.5)


def candidate(path: str, before: str | None, after: str | None) -> CandidatePatch:
    return CandidatePatch(Patch((FileEdit(path, before, after),)), "rule", "does something", path, 1, 0.5)


def plan(new: str, *checks: Check) -> ScreeningPlan:
    return ScreeningPlan(candidate("cart.py", CART, CART.replace(LINE, new)), checks or (FAILING, SUITE))


def screen(
    plans: list[ScreeningPlan],
    *,
    files: dict[str, str] | None = None,
    setup: SessionSetup = SETUP,
    sandboxes: Sandboxes | None = None,
    lanes: int = 1,
) -> list[Screened]:
    async def run() -> list[Screened]:
        used = sandboxes or await local()
        tree = tree_of(files or FILES)
        stream = screen_in_sessions(used, KEY, setup, tree, plans, check_wall_s=5.0, lanes=lanes)
        return [verdict async for verdict in stream]

    return asyncio.run(asyncio.wait_for(run(), 60))


async def local() -> LocalSandboxes:
    found = LocalSandboxes(CACHE, Isolation.NONE, environ={})
    await found.build(Recipe(KEY, (), Tree({})))
    return found


CACHE = Path()


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    global CACHE  # noqa: PLW0603  (one built environment for all tests of this file)
    CACHE = tmp_path_factory.mktemp("environments")


HOSTILE = {
    "leaves early": "import os; os._exit(0)",
    "loops": "\n    while True: pass",
    "ends its agent": "import os; os.kill(os.getppid(), 9)",
    "does not parse": "return = 1",
    "dirties the runner's folder": "import os, shutil; shutil.rmtree('../scratch'); os.symlink('/', '../scratch')",
    "makes its file a folder": "import os; os.unlink('cart.py'); os.mkdir('cart.py'); open('cart.py/x', 'w')",
    "breaks another": "first.__code__ = (lambda prices: None).__code__; " + RIGHT,
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Screened]:
    """Each hostile candidate's verdict, and after it one of a right candidate in the same lane."""
    plans = [plan(RIGHT, FAILING)]
    for new in HOSTILE.values():
        plans += [plan(new), plan(RIGHT)]
    found = screen(plans)[1:]
    named = dict(zip(HOSTILE, found[::2], strict=True))
    return named | {f"after {name}": verdict for name, verdict in zip(HOSTILE, found[1::2], strict=True)}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_right_candidate_passes_whatever_the_session_before_it_did(verdicts: dict[str, Screened], name: str) -> None:
    verdict = verdicts[f"after {name}"]
    assert (verdict.passed, verdict.reached, verdict.failed_ids, verdict.detail) == (True, "suite", (), "")


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("leaves early", "the test process ended while this test ran (exit code 0): tests/check.py::test_total"),
        ("loops", "timed out in tests/check.py::test_total"),
        ("does not parse", "did not load: SyntaxError: invalid syntax"),
    ],
)
def test_a_hostile_candidate_fails_and_says_how(verdicts: dict[str, Screened], name: str, detail: str) -> None:
    verdict = verdicts[name]
    assert (verdict.passed, verdict.reached, verdict.failed_ids) == (False, "failing test", FAILING.test_ids)
    assert verdict.detail.startswith(detail)


def test_a_candidate_that_ends_the_sandbox_costs_only_itself(verdicts: dict[str, Screened]) -> None:
    assert verdicts["ends its agent"].detail.startswith("crashed the lane")


def test_a_regression_is_named_by_the_check_that_found_it(verdicts: dict[str, Screened]) -> None:
    verdict = verdicts["breaks another"]
    assert (verdict.passed, verdict.reached, verdict.detail) == (False, "suite", "")
    assert verdict.failed_ids == ("tests/check.py::test_first",)


def test_verdicts_come_in_the_order_of_the_plans_from_several_lanes() -> None:
    news = ["import time; time.sleep(0.5)", RIGHT, "return 0", "return 7", RIGHT]
    found = screen([plan(new) for new in news], lanes=3)
    assert [verdict.candidate for verdict in found] == [plan(new).candidate for new in news]
    assert [verdict.passed for verdict in found] == [False, True, False, False, True]


def test_a_plan_without_tests_or_with_a_patch_that_does_not_fit_is_not_run() -> None:
    unchecked = ScreeningPlan(plan(RIGHT).candidate, ())
    misfit = ScreeningPlan(candidate("cart.py", "something else\n", "x\n"), (FAILING,))
    found = screen([unchecked, misfit, plan(RIGHT)])
    assert [verdict.passed for verdict in found] == [False, False, True]


def test_a_candidate_may_make_and_remove_files() -> None:
    files = FILES | {"cart.py": CART.replace(LINE, "from price import net; return sum(map(net, prices))")}
    made = ScreeningPlan(candidate("price.py", None, "net = int\n"), (FAILING, SUITE))
    gone = ScreeningPlan(candidate("cart.py", files["cart.py"], None), (FAILING,))
    edited = ScreeningPlan(candidate("cart.py", files["cart.py"], files["cart.py"] + "\n"), (FAILING,))
    found = screen([made, gone, edited, made], files=files)
    assert [verdict.passed for verdict in found] == [True, False, False, True]


def test_what_the_runner_wrote_over_in_the_tree_is_put_back() -> None:
    check = "def test_config():\n    assert open('runner.cfg').read() == 'theirs'\n"
    files = FILES | {"tests/config.py": check}
    config = plan(RIGHT, Check("failing test", ("tests/config.py::test_config",)))
    setup = replace(SETUP, runner=TinyRunner(configured_sessions=2))

    found = screen([config, config, config], files=files, setup=setup)

    assert [verdict.passed for verdict in found] == [False, False, True]


def test_an_edited_program_stays_one() -> None:
    tree = Tree({**tree_of(FILES).files, "tool.sh": TreeFile(b"#!/bin/sh\nexit 1\n", executable=True)})
    check = "import subprocess\n\ndef test_tool():\n    subprocess.run(['./tool.sh'], check=True)\n"
    tree = tree.with_text({"tests/tool.py": check})
    edit = candidate("tool.sh", "#!/bin/sh\nexit 1\n", "#!/bin/sh\nexit 0\n")
    plans = [ScreeningPlan(edit, (Check("failing test", ("tests/tool.py::test_tool",)),))]

    async def run() -> list[Screened]:
        stream = screen_in_sessions(await local(), KEY, SETUP, tree, plans, check_wall_s=5.0, lanes=1)
        return [verdict async for verdict in stream]

    assert asyncio.run(asyncio.wait_for(run(), 30))[0].passed


def test_closing_the_iterator_ends_the_lanes(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    hang = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    async def first_only() -> Screened:
        plans = [plan(RIGHT), *[plan(hang)] * 50]
        stream = screen_in_sessions(await local(), KEY, SETUP, tree_of(FILES), plans, check_wall_s=30, lanes=1)
        async with aclosing(stream):
            verdict = await anext(stream)
            while not note.exists():  # noqa: ASYNC110  (another process makes it)
                await asyncio.sleep(0.01)
            return verdict

    assert asyncio.run(asyncio.wait_for(first_only(), 30)).passed
    time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


class Doomed:
    """Sandboxes of which none comes up. Implements `bot.ports.Sandboxes`."""

    isolation = Isolation.NONE
    enforced = ()

    def __init__(self) -> None:
        self.asked = 0

    async def build(self, recipe: Recipe) -> Built:
        raise NotImplementedError

    @asynccontextmanager
    async def start(self, key: str) -> AsyncIterator[Sandbox]:
        self.asked += 1
        if self.asked:
            raise SandboxCrashed("the engine went away")
        yield None  # type: ignore[misc] # never: it makes this a generator


def test_sandboxes_that_never_come_up_end_the_screening() -> None:
    doomed = Doomed()
    with pytest.raises(SandboxCrashed, match="the engine went away"):
        screen([plan(RIGHT)], sandboxes=doomed)
    assert doomed.asked == 2


class WithoutForkServer(BorrowingToolchain):
    def lane(  # type: ignore[override] # the contract allows None, Python's own never gives it
        self, environment_path: str, settings: object, memory_bytes: int
    ) -> None:
        return None


def test_a_workbench_screens_by_sessions_where_there_is_no_fork_server(tmp_path: Path) -> None:
    workbench = SandboxWorkbench(LocalSandboxes(tmp_path, Isolation.NONE, environ={}), (WithoutForkServer(),), lanes=1)
    checks = (Check("failing test", CALC_IDS[:1]), Check("suite", CALC_IDS))

    async def run() -> list[tuple[bool, str]]:
        environment = await workbench.prepare(tree_of(CALC))
        plans = [ScreeningPlan(candidate("calc.py", BUGGY, after), checks) for after in ("", FIXED)]
        verdicts = workbench.screen(environment, tree_of(CALC), plans, check_wall_s=20.0)
        return [(verdict.passed, verdict.detail) async for verdict in verdicts]

    unloadable = "did not load: ImportError: cannot import name 'add' from 'calc' (calc.py)"
    assert waited(run()) == [(False, unloadable), (True, "")]
