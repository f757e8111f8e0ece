"""Test ids as people write them, mapped to pytest's."""

from __future__ import annotations

import pytest

from python_projects import tree_of
from sandbox.toolchains.python_ids import files_for, person_command, select, unittest_name

IDS = (
    "tests/test_x.py::test_y[1-a]",
    "tests/test_x.py::test_y[3-a/b]",
    "tests/test_x.py::test_alone",
    "tests/test_x.py::TestA::test_b",
    "tests/deep/test_z.py::test_same",
    "tests/other/test_w.py::test_same",
)
TREE = tree_of({"tests/test_x.py": "", "tests/deep/test_z.py": "", "tests/other/test_w.py": "", "tests/data.json": ""})


@pytest.mark.parametrize(
    ("target", "ids"),
    [
        ("tests/test_x.py::test_alone", IDS[2:3]),
        ("tests/test_x.py", IDS[:4]),
        ("./tests/test_x.py", IDS[:4]),
        ("tests\\test_x.py::test_alone", IDS[2:3]),
        ("test_x.py::test_alone", IDS[2:3]),
        ("test_x.py", IDS[:4]),
        ("tests/deep", IDS[4:5]),
        ("tests/deep/", IDS[4:5]),
        ("tests/test_x.py::test_y", IDS[:2]),
        ("tests/test_x.py::test_y[3-a/b]", IDS[1:2]),
        ("test_y[3-a/b]", IDS[1:2]),
        ("test_y", IDS[:2]),
        ("TestA::test_b", IDS[3:4]),
        ("TestA.test_b", IDS[3:4]),
        ("tests/test_x.py::TestA", IDS[3:4]),
        ("tests.test_x.TestA.test_b", IDS[3:4]),
        ("tests.test_x", IDS[:4]),
        ("test_x.TestA", IDS[3:4]),
        ("tests.deep", IDS[4:5]),
        ("test_b (tests.test_x.TestA)", IDS[3:4]),
        ("test_b (tests.test_x.TestA.test_b)", IDS[3:4]),
        ("`tests/test_x.py::test_alone`", IDS[2:3]),
    ],
)
def test_a_target_stands_for_the_ids_that_a_person_means(target: str, ids: tuple[str, ...]) -> None:
    assert select([target], IDS, TREE).ids == ids


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("tests/test_x.py::test_alnoe", "no such test in it; closest: tests/test_x.py::test_alone"),
        ("tests/test_v.py::test_alone", "there is no file tests/test_v.py; closest: tests/test_x.py::test_alone"),
        ("test_alnoe", "there is no test of this name; closest: tests/test_x.py::test_alone"),
        ("tests/data.json", "it holds no tests"),
        ("test_same", "2 files have such a test (tests/deep/test_z.py, tests/other/test_w.py): name one as path::test"),
        ("", "it is empty"),
        ("zzzzzzzzz", "there is no test of this name"),
    ],
)
def test_a_target_that_stands_for_nothing_says_why(target: str, why: str) -> None:
    (found,) = select([target], IDS, TREE).unknown
    assert found[1].startswith(why)


def test_several_targets_keep_their_order_without_repeating_ids() -> None:
    assert select(["test_alone", "tests/test_x.py"], IDS, TREE).ids == (IDS[2], IDS[0], IDS[1], IDS[3])


@pytest.mark.parametrize(
    ("target", "files"),
    [
        ("tests/test_x.py::test_y", ("tests/test_x.py",)),
        ("tests.test_x.TestA.test_b", ("tests/test_x.py",)),
        ("test_z.py", ("tests/deep/test_z.py",)),
        ("tests/deep", ("tests/deep",)),
        ("test_same", ()),
    ],
)
def test_only_the_files_that_can_hold_a_target_are_collected(target: str, files: tuple[str, ...]) -> None:
    assert files_for([target], TREE) == files


def test_one_target_that_could_be_anywhere_makes_everything_collected() -> None:
    assert files_for(["tests/test_x.py", "test_same"], TREE) == ()


@pytest.mark.parametrize(
    ("runner", "roots", "ids", "command"),
    [
        ("pytest", (), IDS[:1], "python -m pytest 'tests/test_x.py::test_y[1-a]'"),
        ("pytest", ("src",), IDS[2:3], "PYTHONPATH=src python -m pytest tests/test_x.py::test_alone"),
        ("pytest", (), IDS, "python -m pytest tests/test_x.py tests/deep/test_z.py tests/other/test_w.py"),
        ("pytest", (), tuple(f"tests/test_{n}.py::test" for n in range(20)), "python -m pytest"),
        ("unittest", (), IDS[3:4], "python -m unittest tests.test_x.TestA.test_b"),
        ("unittest", (), IDS[2:3], "python -m pytest tests/test_x.py::test_alone"),
    ],
)
def test_a_person_gets_the_command_that_fits_the_project(
    runner: str, roots: tuple[str, ...], ids: tuple[str, ...], command: str
) -> None:
    assert person_command(runner, roots, ids) == command


def test_a_function_has_no_name_in_unittest() -> None:
    assert unittest_name("tests/test_x.py::test_alone") is None
