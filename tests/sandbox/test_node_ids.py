"""Ids of JavaScript tests as people write them, and the commands that people get."""

from __future__ import annotations

import pytest

from python_projects import tree_of
from sandbox.toolchains.node_ids import files_for, person_command, select

IDS = (
    "test/cart.test.js::cart > adds",
    "test/cart.test.js::cart > adds #2",
    "test/cart.test.js::cart > empty > is zero",
    "test/price.test.js::rounds",
    "packages/a/test/price.test.js::rounds",
)
TREE = tree_of({test_id.partition("::")[0]: "" for test_id in IDS})


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        (IDS[0], [0]),
        ("test/cart.test.js", [0, 1, 2]),
        ("./test/cart.test.js", [0, 1, 2]),
        ("test", [0, 1, 2, 3]),
        ("cart.test.js", [0, 1, 2]),
        ("test/cart.test.js:12:3", [0, 1, 2]),
        ("test/cart.test.js::cart > empty", [2]),
        ("test/cart.test.js › cart › empty › is zero", [2]),
        ("test/cart.test.js::cart empty is zero", [2]),
        ("cart empty is zero", [2]),
        ("is zero", [2]),
        ("test/price.test.js -t rounds", [3]),
        ("mocha test/price.test.js --grep 'rounds'", [3]),
    ],
)
def test_a_target_stands_for_ids_in_many_spellings(target: str, meant: list[int]) -> None:
    assert select([target], IDS, TREE).ids == tuple(IDS[number] for number in meant)


def test_a_name_that_several_files_have_is_asked_about() -> None:
    (unknown,) = select(["rounds"], IDS, TREE).unknown
    assert unknown[1].startswith("2 files have such a test (packages/a/test/price.test.js, test/price.test.js)")


def test_what_is_not_there_is_named_with_the_closest() -> None:
    ((_, why),) = select(["test/cart.test.js::cart > ads"], IDS, TREE).unknown
    assert why.startswith("no such test in it; closest: test/cart.test.js::cart > adds")


def test_files_are_known_from_ids_and_unknown_from_names() -> None:
    assert files_for([IDS[0], IDS[3]], TREE) == ("test/cart.test.js", "test/price.test.js")
    assert files_for(["rounds"], TREE) == ()


@pytest.mark.parametrize(
    ("runner", "folder", "ids", "typed"),
    [
        ("vitest", "", IDS[2:3], "npx vitest run test/cart.test.js -t 'cart empty is zero'"),
        ("jest", "packages/a", IDS[4:], "cd packages/a && npx jest test/price.test.js -t rounds"),
        ("mocha", "", IDS[:3], "npx mocha test/cart.test.js"),
        ("node:test", "", IDS[3:4], "node --test --test-name-pattern=rounds test/price.test.js"),
    ],
)
def test_people_get_a_command_to_type(runner: str, folder: str, ids: tuple[str, ...], typed: str) -> None:
    assert person_command(runner, folder, (), ids) == typed
