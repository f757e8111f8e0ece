"""Which modules the server imports once for all candidates: what a probing run imported that is not the project's."""

from __future__ import annotations

import gc
import os
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from . import family

if TYPE_CHECKING:
    from collections.abc import Iterable


def imported_outside(tree: str, *, stdlib_only: bool) -> list[str]:
    """Names of the modules in this process whose code lies outside the tree, in the order they began to load."""
    stdlib = os.path.realpath(sysconfig.get_path("stdlib")) + os.sep
    names = []
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        origin = getattr(spec, "origin", None)
        # Modules that pytest rewrites (its plug-ins') must be loaded by pytest itself.
        if spec is None or not origin or name == "__main__" or type(spec.loader).__name__ == "AssertionRewritingHook":
            continue
        path = os.path.realpath(origin)
        if is_inside(path, tree) or (stdlib_only and (not path.startswith(stdlib) or "site-packages" in path)):
            continue
        names.append(name)
    return names


def import_all(names: Iterable[str]) -> None:
    """Imports what can be imported; stops for good when a module leaves a thread behind (a fork would lose it)."""
    for name in names:
        if name in sys.modules:
            continue
        try:
            __import__(name)
        except BaseException:  # noqa: S112  (the children import it themselves, in their own order)
            continue
        if family.thread_count() > 1:
            return
    gc.collect()
    gc.freeze()


def project_modules_here(tree: str) -> list[str]:
    """Files below the tree that this process has loaded already: the project is one of pytest's own libraries."""
    found = []
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and is_inside(os.path.realpath(path), tree):
            found.append(os.path.realpath(path))
    return found


def is_inside(path: str, tree: str) -> bool:
    """Whether a real path lies in the tree's own sources (an environment kept inside the tree is not the project)."""
    return path.startswith(tree + os.sep) and "site-packages" not in Path(path).parts
