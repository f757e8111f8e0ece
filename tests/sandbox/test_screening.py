"""Screening, for real: lanes of plain local sandboxes, with candidates that are right, wrong and hostile."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from base64 import b64decode
from contextlib import aclosing
from pathlib import Path

import pytest

from bot.core.artifacts import CandidatePatch, Screened
from bot.core.errors import EnvironmentBroken
from bot.core.patch import FileEdit, Patch
from bot.core.testing import Isolation
from bot.core.tree import Tree, TreeFile
from bot.ports import Check, Recipe, ScreeningPlan
from sandbox.inside.fork_server.server import HANGS_AFTER_S
from sandbox.local import LocalSandboxes
from sandbox.screening import LaneMemory, LaneSetup, screen_in_lanes, splice_of

KEY = "screening"
CART = """\
import shop.log

def total(prices):
    result = 0
    for price in prices:
        result += price - 1
    return result

def first(prices):
    return prices[0]
"""
FILES = {
    "shop/__init__.py": "",
    "shop/log.py": "lines = []\n",
    "shop/cart.py": CART,
    "shop/unread.py": "value = 1\n",
    "tests/test_cart.py": """\
from shop.cart import first, total

def test_total():
    assert total([1, 2]) == 3

def test_first():
    assert first([4]) == 4
""",
}
FAILING = Check("failing test", ("tests/test_cart.py::test_total",))
SUITE = Check("suite", ("tests/test_cart.py::test_total", "tests/test_cart.py::test_first"))
LINE = "result += price - 1"
RIGHT = "result += price"
SETUP = LaneSetup(sys.executable, ("-p", "no:cacheprovider"), memory_bytes=512 << 20)


def tree_of(files: dict[str, str]) -> Tree:
    return Tree({path: TreeFile(text.encode()) for path, text in files.items()})


def candidate(path: str, before: str | None, after: str | None) -> CandidatePatch:
    return CandidatePatch(Patch((FileEdit(path, before, after),)), "rule", "does something", path, 1, 0.5)


def plan(
    new: str, old: str = LINE, *, path: str = "shop/cart.py", files: dict[str, str] | None = None
) -> ScreeningPlan:
    """The plan that replaces a piece of the cart's source, checked by the failing test and the suite."""
    before = (files or FILES)[path]
    assert old in before
    return ScreeningPlan(candidate(path, before, before.replace(old, new, 1)), (FAILING, SUITE))


def screen(
    plans: list[ScreeningPlan],
    *,
    files: dict[str, str] | None = None,
    setup: LaneSetup = SETUP,
    check_wall_s: float = 10.0,
    lanes: int = 1,
    memory: LaneMemory | None = None,
) -> list[Screened]:
    async def run() -> list[Screened]:
        tree = tree_of(files or FILES)
        stream = screen_in_lanes(
            await sandboxes(), KEY, setup, tree, plans, check_wall_s=check_wall_s, lanes=lanes, memory=memory
        )
        return [verdict async for verdict in stream]

    return asyncio.run(asyncio.wait_for(run(), 60))


async def sandboxes() -> LocalSandboxes:
    found = LocalSandboxes(CACHE, Isolation.NONE)
    await found.build(Recipe(KEY, (), Tree({})))
    return found


CACHE = Path()


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    global CACHE  # noqa: PLW0603  (one built environment for all tests of this file)
    CACHE = tmp_path_factory.mktemp("environments")


HOSTILE = {
    "loops": "while True: pass",
    "leaves early": "import os; os._exit(0)",
    "crashes": "import ctypes; ctypes.string_at(0)",
    "kills its watcher": "import os; os.kill(os.getppid(), 9); os._exit(1)",
    "recurses": "return total(prices)",
    "eats memory": "hoard = [bytes([n]) * (1 << 24) for n in range(256)]",
    "floods": "for _ in range(20000): print('flood' * 100)\n        " + RIGHT,
    "skips": "import pytest; pytest.skip('no')",
    "expects failure": "import pytest; pytest.xfail('no')",
    "does not parse": "result = = 1",
    "does not import": RIGHT + "\n    return result\n\nimport nowhere\n\ndef unused():",
    "destroys itself": "import os; os.unlink(__file__); os.mkdir(__file__)",
    "dirties others": "shop.log.lines.append(1); result += price * 1000",
    "breaks another": RIGHT + "; first.__code__ = (lambda prices: None).__code__",
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Screened]:
    """Each hostile candidate's verdict, and after it one of a right candidate in the same lane."""
    plans = []
    for new in HOSTILE.values():
        plans += [plan(new), plan("assert not shop.log.lines; " + RIGHT)]
    found = screen(plans)
    named = dict(zip(HOSTILE, found[::2], strict=True))
    return named | {f"after {name}": verdict for name, verdict in zip(HOSTILE, found[1::2], strict=True)}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_right_candidate_passes_whatever_the_one_before_it_did(verdicts: dict[str, Screened], name: str) -> None:
    verdict = verdicts[f"after {name}"]
    assert (verdict.passed, verdict.reached, verdict.failed_ids, verdict.detail) == (True, "suite", (), "")


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("loops", "timed out in tests/test_cart.py::test_total"),
        ("leaves early", "the test process ended by itself with exit status 0"),
        ("crashes", "the test process was killed by SIGSEGV"),
        ("recurses", ""),
        ("eats memory", ""),
        ("skips", "skipped: tests/test_cart.py::test_total"),
        ("expects failure", "xfail: tests/test_cart.py::test_total"),
        ("destroys itself", ""),
        ("dirties others", ""),
    ],
)
def test_a_hostile_candidate_fails_and_says_how(verdicts: dict[str, Screened], name: str, detail: str) -> None:
    verdict = verdicts[name]
    assert (verdict.passed, verdict.reached, verdict.failed_ids) == (False, "failing test", FAILING.test_ids)
    assert verdict.detail == detail


def test_a_candidate_that_does_not_load_says_what_was_raised(verdicts: dict[str, Screened]) -> None:
    assert "did not load: SyntaxError" in verdicts["does not parse"].detail
    assert "did not load: ModuleNotFoundError: No module named 'nowhere'" in verdicts["does not import"].detail


def test_a_candidate_that_kills_its_watcher_fails(verdicts: dict[str, Screened]) -> None:
    assert not verdicts["kills its watcher"].passed
    assert "ended the process that watched it" in verdicts["kills its watcher"].detail


def test_output_does_not_disturb_a_verdict(verdicts: dict[str, Screened]) -> None:
    assert verdicts["floods"].passed


def test_a_regression_is_named_by_the_check_that_found_it(verdicts: dict[str, Screened]) -> None:
    verdict = verdicts["breaks another"]
    assert (verdict.passed, verdict.reached) == (False, "suite")
    assert verdict.failed_ids == ("tests/test_cart.py::test_first",)


def test_verdicts_come_in_the_order_of_the_plans_from_several_lanes() -> None:
    news = ["while True: pass", RIGHT, "result -= price", "result += 3 * price", RIGHT, "result += 0"]
    found = screen([plan(new) for new in news], lanes=3)
    assert [verdict.candidate for verdict in found] == [plan(new).candidate for new in news]
    assert [verdict.passed for verdict in found] == [False, True, False, False, True, False]


def test_edits_of_equal_length_are_never_mistaken_for_each_other() -> None:
    news = ["result += price * 1", "result += price * 2", "result += price * 3"] * 5
    assert [verdict.passed for verdict in screen([plan(new) for new in news])] == [True, False, False] * 5


def test_a_background_process_does_not_outlive_its_candidate(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    daemon = f"""
        import os, time
        if os.fork() == 0:
            os.setsid()
            open({str(note)!r}, "w").write(str(os.getpid()))
            time.sleep(60)
        time.sleep(0.2)
        """
    waits = f"import os; os.kill(int(open({str(note)!r}).read()), 0); {RIGHT}"
    found = screen([plan(daemon + RIGHT), plan(waits)])
    assert [verdict.passed for verdict in found] == [True, False], "the second one still saw the first one's process"


def test_closing_the_iterator_ends_the_lanes(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    hang = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    async def first_only() -> Screened:
        plans = [plan(RIGHT), *[plan(hang)] * 50]
        stream = screen_in_lanes(await sandboxes(), KEY, SETUP, tree_of(FILES), plans, check_wall_s=30, lanes=1)
        async with aclosing(stream):
            verdict = await anext(stream)
            while not note.exists():  # noqa: ASYNC110  (another process makes it)
                await asyncio.sleep(0.01)
            return verdict

    started = time.monotonic()
    assert asyncio.run(asyncio.wait_for(first_only(), 30)).passed
    assert time.monotonic() - started < 20
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_a_lane_that_is_killed_goes_on_with_the_rest() -> None:
    watcher = "open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[1]"
    killer = f"import os; os.kill(int({watcher}), 9)"
    found = screen([plan(RIGHT), plan(killer), plan(RIGHT), plan("result += 0")])
    assert [verdict.passed for verdict in found] == [True, False, True, False]
    assert found[1].detail.startswith("crashed the lane")


def test_an_interpreter_that_does_not_start_is_a_broken_environment() -> None:
    with pytest.raises(EnvironmentBroken, match="could not be started"):
        screen([plan(RIGHT)], setup=LaneSetup("/nowhere/python"))


def test_a_patch_that_does_not_fit_fails_alone() -> None:
    misfit = ScreeningPlan(candidate("shop/cart.py", "something else\n", "x\n"), (FAILING,))
    found = screen([misfit, plan(RIGHT)])
    assert [verdict.passed for verdict in found] == [False, True]
    assert found[0].detail == "the patch does not fit: shop/cart.py is not as the patch expects it"


def test_no_tests_can_never_pass() -> None:
    nothing = ScreeningPlan(plan(RIGHT).candidate, (Check("failing test", ()),))
    unchecked = ScreeningPlan(plan(RIGHT).candidate, ())
    unknown = ScreeningPlan(plan(RIGHT).candidate, (Check("failing test", ("tests/test_cart.py::test_none",)),))
    assert [verdict.passed for verdict in screen([nothing, unchecked, unknown])] == [False] * 3


def test_a_candidate_may_make_and_remove_files() -> None:
    files = FILES | {"shop/cart.py": CART.replace(LINE, "from shop.price import net; result += net(price)")}
    made = ScreeningPlan(candidate("shop/price.py", None, "net = int\n"), (FAILING, SUITE))
    gone = ScreeningPlan(candidate("shop/cart.py", files["shop/cart.py"], None), (FAILING, SUITE))
    assert [verdict.passed for verdict in screen([made, gone, made], files=files)] == [True, False, True]


def test_an_edit_that_the_tests_never_read_changes_nothing() -> None:
    edited = ScreeningPlan(candidate("shop/unread.py", FILES["shop/unread.py"], "value = 2\n"), (FAILING,))
    assert [verdict.passed for verdict in screen([edited, plan(RIGHT)])] == [False, True]


@pytest.mark.parametrize(
    "conftest",
    [
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n",
        "import pytest\nwords = open(__file__)\n@pytest.fixture(autouse=True, scope='session')\n"
        "def first_line():\n    assert words.readline().startswith('import')\n",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import shop.cart'], check=True)\n",
        "import shop.cart\n",
        "import shop.log\nshop.log.lines.append('seen')\n",
    ],
    ids=["a thread", "an open file", "a subprocess", "the edited file", "state"],
)
def test_what_a_conftest_does_before_the_edit_is_read_makes_no_difference(conftest: str) -> None:
    files = FILES | {"conftest.py": conftest}
    found = screen([plan(RIGHT), plan("result += 0"), plan(RIGHT)], files=files)
    assert [verdict.passed for verdict in found] == [True, False, True]


def test_code_that_is_imported_by_a_test_itself_is_still_edited() -> None:
    body = "    import shop.cart\n    assert shop.cart.total([1, 2]) == 3\n"
    lazy = f"def test_first():\n    pass\n\ndef test_total():\n{body}"
    files = FILES | {"tests/test_cart.py": lazy}
    found = screen([plan(RIGHT), plan("result += 0"), plan(RIGHT)], files=files)
    assert [verdict.passed for verdict in found] == [True, False, True]


def test_code_that_minds_earlier_imports_is_screened_without_them() -> None:
    conftest = "import sys\nearly = 'wave' in sys.modules\nimport wave\ndef pytest_runtest_call(): assert not early\n"
    found = screen([plan(RIGHT), plan("result += 0")], files=FILES | {"conftest.py": conftest})
    assert [verdict.passed for verdict in found] == [True, False]


def test_a_library_that_pytest_is_made_of_gets_a_new_interpreter_for_each_candidate() -> None:
    setup = LaneSetup(sys.executable, is_runner=True)
    found = screen([plan(RIGHT), plan("result += 0"), plan("import os; os._exit(0)"), plan(RIGHT)], setup=setup)
    assert [verdict.passed for verdict in found] == [True, False, False, True]


def test_a_bug_that_hangs_can_be_screened_and_is_waited_for_once() -> None:
    memory = LaneMemory()
    files = FILES | {"shop/cart.py": CART.replace(LINE, "while True: result += 1")}
    plans = [plan(new, "while True: result += 1", files=files) for new in (RIGHT, "while prices: result += 1", RIGHT)]
    found = screen(plans, files=files, check_wall_s=1.2, memory=memory)
    assert [verdict.passed for verdict in found] == [True, False, True]
    assert list(memory.hanging) == [FAILING.test_ids]
    started = time.monotonic()
    assert screen(plans[:1], files=files, check_wall_s=30.0, memory=memory)[0].passed
    assert time.monotonic() - started < HANGS_AFTER_S


def test_temporary_files_are_cleared_after_each_candidate() -> None:
    messy = "import os, tempfile; assert price > 1 or not os.listdir(tempfile.gettempdir()); tempfile.mkdtemp(); "
    assert [verdict.passed for verdict in screen([plan(messy + RIGHT)] * 3)] == [True] * 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"abcabc", "abc"),
        (b"abc", "abcabc"),
        (b"same\n", "same\n"),
        (b"", "x"),
        (b"x", ""),
        (b"# coding: latin-1\nname = '\xe9'\n", "# coding: latin-1\nname = 'é' or 'è'\n"),
        (b"\xef\xbb\xbfa = 1\n", "\ufeffa = 2\n"),
    ],
)
def test_a_splice_makes_the_bytes_that_the_patched_tree_has(before: bytes, after: str) -> None:
    tree = Tree({"a.py": TreeFile(before)})
    patch = Patch((FileEdit("a.py", tree.text("a.py"), after),))
    path, start, end, replacement = splice_of(tree, patch.edits[0])
    made = before[: int(start)] + b64decode(str(replacement)) + before[int(end) :]
    assert (path, made) == ("a.py", patch.apply(tree).files["a.py"].content)
