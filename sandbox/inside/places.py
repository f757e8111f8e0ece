"""Where a project lies in its repository, and its tests' ids from the repository's root. Runs nothing.

pytest runs in the project's own folder, as its tests expect; outside, ids, frames and coverage are the repository's.
"""

from __future__ import annotations

import os
import posixpath
import time
from typing import NamedTuple


class Home(NamedTuple):
    """A project's place: the tree's path, the project's folder relative to it ("." for the whole tree), the folders
    (relative to the tree) that are importable, and variables that its tests expect."""

    tree: str
    folder: str = "."
    roots: tuple[str, ...] = (".",)
    environ: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        return self.tree if self.folder == "." else f"{self.tree}/{self.folder}"

    def id_from_root(self, node_id: str) -> str:
        """pytest's id, which starts at the project's folder, as one that starts at the repository's root."""
        if self.folder == "." or not node_id:
            return node_id
        path, colons, rest = node_id.partition("::")
        return posixpath.normpath(posixpath.join(self.folder, path)) + colons + rest

    def path_from_here(self, path: str) -> str:
        """A path (or id) from the repository's root as one from the project's folder."""
        file, colons, rest = path.partition("::")
        return path if self.folder == "." else posixpath.relpath(file, self.folder) + colons + rest

    def importable(self) -> list[str]:
        """Full paths of the folders that code is imported from, beside the project's own."""
        return [self.tree if root == "." else f"{self.tree}/{root}" for root in self.roots if root != self.folder]

    def settle(self) -> None:
        """Makes this folder the present one, and its variables those of this process and its children."""
        os.environ.update(self.environ)
        os.environ["PYTHONPATH"] = os.pathsep.join([*self.importable(), self.path])
        if any(name == "TZ" for name, _ in self.environ):
            time.tzset()
        os.chdir(self.path)
