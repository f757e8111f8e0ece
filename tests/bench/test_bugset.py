"""Proves the bug set: every bug is seen by a visible and a held-out test, and gone with its known fix."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.bugset import BUGS, HIDDEN, Bug, Difficulty, load

HANGING = {"flood_fill"}  # their visible tests never end; the time limit is what fails them
TEST_TIMEOUT_S = 3
RUN_TIMEOUT_S = 100
TRIES = 3
KINDS = ("passed", "failed", "errors", "timed_out")
NAMES = [bug.name for bug in BUGS]


@dataclass(frozen=True)
class Outcome:
    passed: int
    failed: int
    errors: int
    timed_out: int  # of the failed ones


NOTHING = Outcome(0, 0, 0, 0)


def lay_out(bug: Bug, place: Path, *, fixed: bool) -> None:
    """A copy whose held-out file pytest collects under a name of its own."""
    place.mkdir(parents=True)
    for path in bug.visible_files:
        shutil.copy(path, place)
    shutil.copy(bug.heldout_file, place / f"test_heldout_{bug.name}.py")
    if fixed:
        subprocess.run(["git", "apply", str(bug.fix_file)], cwd=place, check=True, timeout=20)


def run_all(place: Path) -> dict[str, Outcome]:
    """Outcomes by test-module name, e.g. `test_lru_cache`; one pytest process for everything."""
    report = place / "report.xml"
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line"),
        *("--rootdir", str(place), "--timeout", str(TEST_TIMEOUT_S), f"--junitxml={report}", str(place)),
    ]
    # A time-out that strikes where the interpreter is on no line of the source ends pytest itself, now and then.
    for _ in range(TRIES):
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=RUN_TIMEOUT_S)
        if done.returncode != pytest.ExitCode.INTERNAL_ERROR:
            break
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
    return read_report(report)


def read_report(report: Path) -> dict[str, Outcome]:
    counts: dict[str, Counter[str]] = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - our own pytest wrote it
        module = next(part for part in case.get("classname", "").split(".") if part.startswith("test_"))
        kinds = {child.tag for child in case}
        kind = "errors" if "error" in kinds else "failed" if "failure" in kinds else "passed"
        tally = counts.setdefault(module, Counter())
        tally[kind] += 1
        tally["timed_out"] += any("Timeout" in child.get("message", "") for child in case)
    return {name: Outcome(**{kind: tally[kind] for kind in KINDS}) for name, tally in counts.items()}


@pytest.fixture(scope="module")
def buggy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    place = tmp_path_factory.mktemp("buggy")
    for bug in BUGS:
        lay_out(bug, place / bug.name, fixed=False)
    return run_all(place)


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    place = tmp_path_factory.mktemp("fixed")
    for bug in BUGS:
        lay_out(bug, place / bug.name, fixed=True)
    return run_all(place)


@pytest.mark.parametrize("name", NAMES)
def test_a_visible_test_sees_the_bug(buggy: dict[str, Outcome], name: str) -> None:
    outcome = buggy.get(f"test_{name}", NOTHING)
    assert outcome.failed >= 1
    assert outcome.errors == 0


@pytest.mark.parametrize("name", NAMES)
def test_visible_tests_that_pass_surround_the_bug(buggy: dict[str, Outcome], name: str) -> None:
    assert buggy.get(f"test_{name}", NOTHING).passed >= 2


@pytest.mark.parametrize("name", NAMES)
def test_a_held_out_test_sees_the_bug(buggy: dict[str, Outcome], name: str) -> None:
    outcome = buggy.get(f"test_heldout_{name}", NOTHING)
    assert outcome.failed >= 1
    assert outcome.errors == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_known_fix_passes_every_visible_and_held_out_test(fixed: dict[str, Outcome], name: str) -> None:
    visible, heldout = fixed.get(f"test_{name}", NOTHING), fixed.get(f"test_heldout_{name}", NOTHING)
    assert (visible.failed, visible.errors, heldout.failed, heldout.errors) == (0, 0, 0, 0)
    assert visible.passed >= 5
    assert heldout.passed >= 5


def test_the_set_has_forty_bugs_of_the_planned_difficulties() -> None:
    counts = Counter(bug.difficulty for bug in BUGS)
    assert counts == {Difficulty.SINGLE_EDIT: 28, Difficulty.TWO_EDITS: 6, Difficulty.MULTI_LINE: 6}


def test_module_names_are_unique_so_that_one_process_can_run_them_all() -> None:
    counts = Counter(path.name for bug in BUGS for path in bug.modules)
    assert [name for name, count in counts.items() if count > 1] == []


def test_the_visible_files_show_neither_fix_nor_held_out_tests() -> None:
    for bug in BUGS:
        assert bug.test_file in bug.visible_files
        assert not HIDDEN & {path.name for path in bug.visible_files}
        assert bug.modules


@pytest.mark.parametrize("bug", BUGS, ids=NAMES)
def test_the_known_fix_touches_the_program_only_and_is_as_long_as_described(bug: Bug) -> None:
    lines = bug.fix_file.read_text(encoding="utf-8").splitlines()
    targets = {line.removeprefix("+++ b/") for line in lines if line.startswith("+++ ")}
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    assert targets <= {path.name for path in bug.modules}
    assert max(added, removed) == bug.lines_changed


def test_a_broken_description_is_refused_with_the_name_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "about.json").write_text('{"kind": "magic"}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd.about\.json: not a bug description"):
        load(tmp_path)


def test_only_the_named_bugs_hang(buggy: dict[str, Outcome]) -> None:
    assert {name for name in NAMES if buggy.get(f"test_{name}", NOTHING).timed_out} == HANGING
