"""Writing a fix into a working tree."""

from pathlib import Path

import pytest

from bot.core.errors import InputError
from bot.core.patch import FileEdit, Patch
from bot.local.working_tree import apply_to_working_tree


def patch(path: str, before: str | None, after: str | None) -> Patch:
    return Patch((FileEdit(path, before, after),))


def test_a_file_is_written_and_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "a.py").chmod(0o755)

    written = apply_to_working_tree(tmp_path, [patch("a.py", "x = 1\n", "x = 2\n")])

    assert written == (tmp_path / "a.py",)
    assert (tmp_path / "a.py").read_text() == "x = 2\n"
    assert (tmp_path / "a.py").stat().st_mode & 0o777 == 0o755


def test_a_new_file_is_made_with_its_folders(tmp_path: Path) -> None:
    apply_to_working_tree(tmp_path, [patch("tests/test_a.py", None, "def test_a(): ...\n")])

    assert (tmp_path / "tests/test_a.py").read_text() == "def test_a(): ...\n"


def test_nothing_is_written_when_one_file_has_changed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("mine\n")

    with pytest.raises(InputError, match=r"b\.py has changed since"):
        apply_to_working_tree(tmp_path, [patch("a.py", "x = 1\n", "x = 2\n"), patch("b.py", "theirs\n", "fixed\n")])

    assert (tmp_path / "a.py").read_text() == "x = 1\n"


def test_two_patches_to_one_file_end_as_the_second_says(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1\n")

    apply_to_working_tree(tmp_path, [patch("a.py", "1\n", "2\n"), patch("a.py", "2\n", "3\n")])

    assert (tmp_path / "a.py").read_text() == "3\n"


def test_windows_line_ends_of_a_checkout_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x = 1\r\ny = 1\r\n")

    apply_to_working_tree(tmp_path, [patch("a.py", "x = 1\ny = 1\n", "x = 2\ny = 1\n")])

    assert (tmp_path / "a.py").read_bytes() == b"x = 2\r\ny = 1\r\n"


def test_a_symbolic_link_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/pkg").symlink_to(outside)

    with pytest.raises(InputError, match="symbolic link"):
        apply_to_working_tree(tmp_path / "repo", [patch("pkg/a.py", None, "x\n")])

    assert list(outside.iterdir()) == []
