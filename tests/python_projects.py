"""Small Python projects and workbenches, for tests that run real pytest processes. No assertions here."""

from __future__ import annotations

import asyncio
import sysconfig
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from bot.core.artifacts import Environment
from bot.core.testing import Isolation, TestRun
from bot.core.tree import Tree, TreeFile
from bot.ports import Command, Recipe
from sandbox.local import LocalSandboxes
from sandbox.toolchains.base import Detection
from sandbox.toolchains.python import PythonToolchain
from sandbox.workbench import SandboxWorkbench

T = TypeVar("T")
BORROWED: WeakKeyDictionary[SandboxWorkbench, Environment] = WeakKeyDictionary()
LINK = """\
import json, pathlib, sys
environment, packages = sys.argv[1:]
site = next(pathlib.Path(environment).glob("lib/python*/site-packages"))
(site / "borrowed.pth").write_text(packages)
report = {"roots": [], "generated": {}, "notes": [], "installed": False}
pathlib.Path(environment, "fixbugs-build.json").write_text(json.dumps(report))
"""

BUGGY = "def add(a, b):\n    return a - b\n"
FIXED = "def add(a, b):\n    return a + b\n"
TEST_CALC = """\
from calc import add


def test_add():
    assert add(2, 2) == 4


def test_zero():
    assert add(0, 0) == 0


def test_other():
    assert add(1, 0) == 1
"""
CALC_IDS = tuple(f"tests/test_calc.py::{name}" for name in ("test_add", "test_zero", "test_other"))
CALC = {"calc.py": BUGGY, "tests/test_calc.py": TEST_CALC}


class BorrowingToolchain(PythonToolchain):
    """The Python toolchain, but its environments borrow pytest from where these tests run: no network, no wait."""

    def recipe(self, tree: Tree, detection: Detection) -> Recipe:
        venv = Command(("{python}", "-m", "venv", "--without-pip", "{env}"))
        link = Command(("{python}", "-c", LINK, "{env}", sysconfig.get_path("purelib")))
        return Recipe("borrowed", (venv, link), Tree({}))


def tree_of(files: Mapping[str, str]) -> Tree:
    return Tree({path: TreeFile(text.encode()) for path, text in files.items()})


def borrowing_workbench(cache_dir: Path, *, test_limit_s: float = 20.0) -> SandboxWorkbench:
    sandboxes = LocalSandboxes(cache_dir, Isolation.NONE, environ={})
    return SandboxWorkbench(sandboxes, (BorrowingToolchain(),), test_limit_s=test_limit_s, lanes=1)


def installing_workbench(cache_dir: Path) -> SandboxWorkbench:
    return SandboxWorkbench(LocalSandboxes(cache_dir, Isolation.NONE))


def prepared(workbench: SandboxWorkbench, files: Mapping[str, str]) -> Environment:
    return waited(workbench.prepare(tree_of(files)))


def environment_of(workbench: SandboxWorkbench, files: Mapping[str, str], paths: Sequence[str] = ()) -> Environment:
    """The project's environment on a borrowing workbench; its tests are not listed, which saves a process. `paths` say
    which of several projects is meant."""
    if workbench not in BORROWED:
        BORROWED[workbench] = prepared(workbench, CALC)
    detection = BorrowingToolchain().detect(tree_of(files), paths=paths)
    assert detection is not None, "these files are no Python project"
    settings = {**dict(BORROWED[workbench].settings), **dict(detection.settings), "runner": detection.runner}
    return replace(BORROWED[workbench], runner=detection.runner, settings=tuple(settings.items()))


def run_of(
    workbench: SandboxWorkbench,
    files: Mapping[str, str],
    ids: Sequence[str] = (),
    *,
    wall_s: float = 30.0,
    coverage: bool = False,
) -> TestRun:
    """One run of these tests (all that are found, for none) on a project."""
    environment = environment_of(workbench, files) if ids else prepared(workbench, files)
    wanted = ids or environment.collection.ids
    return waited(workbench.run_tests(environment, tree_of(files), wanted, wall_s=wall_s, coverage=coverage))


def waited(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, 110))
