"""Which files of a tree a report speaks of."""

from __future__ import annotations

import pytest

from bench.instant import tree_of
from bot.stages.prepared import mentioned

TREE = tree_of(dict.fromkeys(("setup.py", "packages/cart/src/sum.ts", "packages/till/src/sum.ts"), ""))


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("at total (/home/ada/shop/packages/cart/src/sum.ts:3:9)", ["packages/cart/src/sum.ts"]),
        ("till/src/sum.ts is wrong", ["packages/till/src/sum.ts"]),
        (r"C:\shop\packages\cart\src\sum.ts", ["packages/cart/src/sum.ts"]),
        ("src/sum.ts", ["packages/cart/src/sum.ts", "packages/till/src/sum.ts"]),
        ("see setup.py", ["setup.py"]),
        ("sum.ts and other/setup.py.txt", []),
    ],
)
def test_files_are_named_from_the_root_or_from_any_folder(text: str, files: list[str]) -> None:
    assert mentioned(TREE, [text]) == tuple(files)
