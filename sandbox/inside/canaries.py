"""Tests of our own, run first and last: if they do not come out as they must, somebody bends the results. They lie
outside the repository; how they must come out is known on the host only.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence


class Canaries:
    def __init__(self, first: str, last: str) -> None:
        self._first, self._last = Path(first), Path(last)

    def inject(self, session: pytest.Session, items: list[pytest.Item]) -> list[str]:
        """Puts them around the session's items; returns their ids."""
        first, last = (collect_module(session, path) for path in (self._first, self._last))
        items[:] = [*first, *items, *last]
        return [item.nodeid for item in (*first, *last)]


def collect_module(session: pytest.Session, path: Path) -> Sequence[pytest.Item]:
    """The test functions of one file, wherever it lies."""
    pytest.register_assert_rewrite(path.stem)
    before = list(sys.path)
    try:
        module = make_module(session, path)
        return [node for node in module.collect() if isinstance(node, pytest.Item)]
    finally:
        sys.path[:] = before


def make_module(session: pytest.Session, path: Path) -> pytest.Module:
    try:
        return pytest.Module.from_parent(session, path=path)
    except TypeError:  # pytest 5.4 to 6 know py.path only
        path_module: Any = importlib.import_module("py")  # newer versions of pytest come without it

        return pytest.Module.from_parent(session, fspath=path_module.path.local(str(path)))
