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
    """They take part in the same hooks of the repository's conftest files as tests in `folder` do: nobody tampers with
    those alone."""

    def __init__(self, first: str, last: str, folder: str) -> None:
        self._first, self._last, self._folder = Path(first), Path(last), Path(folder)

    def inject(self, session: pytest.Session, items: list[pytest.Item]) -> list[str]:
        """Puts them around the session's items; returns their ids."""
        first, last = (collect_module(session, path) for path in (self._first, self._last))
        for item in (*first, *last):
            if hasattr(item, "path"):  # since pytest 7; decides whose hooks apply
                item.path = self._folder / item.path.name
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
