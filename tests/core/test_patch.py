"""Patches: the diff that git takes, hunks, taking them apart and putting them together."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.errors import InputError
from bot.core.patch import FileEdit, Hunk, Patch, edit_of, patch_from_hunks
from bot.core.tree import Tree, TreeFile

LINES = st.lists(st.sampled_from(["a", "b", "", "x = 1", "\tif y:", "\x0cform", "ü"]), max_size=12)


def text(lines: list[str], *, ends: bool) -> str:
    return "\n".join(lines) + ("\n" if ends and lines else "")


def tree(**files: str) -> Tree:
    return Tree({name: TreeFile(content.encode()) for name, content in files.items()})


@settings(max_examples=60, deadline=None)
@given(LINES, LINES, st.booleans(), st.booleans())
def test_git_applies_every_diff_to_the_same_result(old: list[str], new: list[str], ends: bool, new_ends: bool) -> None:
    before, after = text(old, ends=ends), text(new, ends=new_ends)
    diff = FileEdit("f.py", before, after).diff
    if before == after:
        assert diff == ""
        return
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "f.py")
        target.write_bytes(before.encode())
        command = ["git", "apply", "--whitespace=nowarn", "-"]
        subprocess.run(command, input=diff.encode(), cwd=folder, check=True, capture_output=True)
        assert target.read_bytes() == after.encode()


@given(LINES, LINES, st.booleans())
def test_all_hunks_together_make_the_whole_change(old: list[str], new: list[str], ends: bool) -> None:
    before, after = text(old, ends=ends), text(new, ends=ends)
    base = tree(f=before)
    patch = Patch((FileEdit("f", before, after),))

    rebuilt = patch_from_hunks(base, patch.hunks())

    assert rebuilt.apply(base).text("f") == after if patch.hunks() else rebuilt.empty


def test_a_new_file_and_a_removed_one_say_so_in_the_diff() -> None:
    assert FileEdit("n.py", None, "x\n").diff == (
        "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+x\n"
    )
    assert FileEdit("o.py", "x\n", None).diff == (
        "diff --git a/o.py b/o.py\ndeleted file mode 100644\n--- a/o.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
    )


def test_insertions_at_one_line_keep_their_order() -> None:
    base = tree(f="a\nb\n")
    hunks = [Hunk("f", 2, (), ("one\n",)), Hunk("f", 2, (), ("two\n",))]

    assert patch_from_hunks(base, hunks).apply(base).text("f") == "a\none\ntwo\nb\n"


def test_a_subset_of_hunks_is_a_patch_of_its_own() -> None:
    base = tree(f="a\nb\nc\nd\n")
    patch = Patch((edit_of(base, "f", "A\nb\nC\nd\n"),))

    second = patch_from_hunks(base, patch.hunks()[1:])

    assert second.apply(base).text("f") == "a\nb\nC\nd\n"


def test_a_patch_refuses_a_tree_that_it_was_not_made_for() -> None:
    with pytest.raises(InputError, match="f is not as the patch expects it"):
        Patch((FileEdit("f", "a\n", "b\n"),)).apply(tree(f="other\n"))


def test_a_patch_names_each_file_once() -> None:
    with pytest.raises(InputError, match="names a file twice"):
        Patch((FileEdit("f", "a", "b"), FileEdit("f", "a", "c")))


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../b", "", "a//b", "a\0b"])
def test_a_path_out_of_the_tree_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="does not stay inside"):
        Tree({path: TreeFile(b"")})


def test_a_file_keeps_its_encoding_and_mode_when_it_is_rewritten() -> None:
    latin = "# -*- coding: latin-1 -*-\ns = 'é'\n".encode("latin-1")
    base = Tree({"f.py": TreeFile(latin, executable=True)})

    changed = base.with_text({"f.py": "# -*- coding: latin-1 -*-\ns = 'è'\n"}).files["f.py"]

    assert changed.content.decode("latin-1").endswith("'è'\n")
    assert changed.executable


def test_equal_trees_have_equal_digests_and_different_ones_do_not() -> None:
    assert tree(a="1", b="2").digest() == tree(b="2", a="1").digest()
    assert tree(a="1").digest() != tree(a="2").digest()
    assert Tree({"a": TreeFile(b"1")}).digest() != Tree({"a": TreeFile(b"1", executable=True)}).digest()
