"""Takes a project's Java sources out of the way for a moment, and puts them back. Standard library only, Python 3.8 and
newer.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

UNSEEN = frozenset((".git", "node_modules", "target", "build"))
KEPT_AS = ".fixbugs-src"


@contextlib.contextmanager
def aside(root: Path) -> Generator[None, None, None]:
    """Without the `src` folder of any module below the root; what is written to one in the meantime goes."""
    moved = []
    for where, folders, _ in os.walk(root):
        folders[:] = [name for name in folders if name not in UNSEEN]
        if "src" in folders:
            folders.remove("src")
            Path(where, "src").rename(Path(where, KEPT_AS))
            moved.append(Path(where))
    try:
        yield
    finally:
        for folder in moved:
            shutil.rmtree(folder / "src", ignore_errors=True)
            (folder / KEPT_AS).rename(folder / "src")
