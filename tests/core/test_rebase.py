"""Carrying a patch over to a newer tree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.instant import tree_of
from bot.core.patch import FileEdit, Patch
from bot.core.rebase import carried_over

OLD = "".join(f"line {n}\n" for n in range(1, 21))
NEW = OLD.replace("line 10\n", "line ten\n")
PATCH = Patch((FileEdit("a.py", OLD, NEW),))


def test_a_file_that_did_not_change_takes_the_edit_as_it_is() -> None:
    assert carried_over(PATCH, tree_of({"a.py": OLD, "b.py": "new\n"})) == PATCH


def test_a_hunk_moves_with_the_lines_around_it() -> None:
    newer = "added above\n" + OLD + "added below\n"

    carried = carried_over(PATCH, tree_of({"a.py": newer}))

    assert carried == Patch((FileEdit("a.py", newer, newer.replace("line 10\n", "line ten\n")),))


def test_a_change_next_to_the_hunk_needs_a_decision() -> None:
    assert carried_over(PATCH, tree_of({"a.py": OLD.replace("line 11\n", "line eleven\n")})) is None


def test_a_change_of_the_same_line_needs_a_decision() -> None:
    assert carried_over(PATCH, tree_of({"a.py": OLD.replace("line 10\n", "line X\n")})) is None


def test_a_file_that_is_gone_needs_a_decision() -> None:
    assert carried_over(PATCH, tree_of({"b.py": ""})) is None


def test_a_new_file_is_carried_over_unless_there_is_one_of_its_name() -> None:
    patch = Patch((FileEdit("tests/test_a.py", None, "def test_a(): ...\n"),))

    assert carried_over(patch, tree_of({"a.py": OLD})) == patch
    assert carried_over(patch, tree_of({"tests/test_a.py": "other\n"})) is None


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.integers(0, 11), st.integers(0, 12), st.data())
def test_what_is_carried_over_makes_the_same_change(lines: list[str], at: int, where: int, data: st.DataObject) -> None:
    before = "".join(f"{line}\n" for line in lines)
    after = "".join(f"{line}\n" for line in [*lines[: at % len(lines)], "changed", *lines[at % len(lines) + 1 :]])
    newer = [f"{line}\n" for line in lines]
    newer[where % (len(newer) + 1) : where % (len(newer) + 1)] = [data.draw(st.sampled_from(["x\n", "a\n"]))]
    present = "".join(newer)

    carried = carried_over(Patch((FileEdit("f", before, after),)), tree_of({"f": present}))

    if carried is not None:
        (edit,) = carried.edits
        assert edit.before == present
        assert edit.after is not None
        assert edit.after.count("changed") == 1
        assert len(edit.after.splitlines()) == len(present.splitlines())
