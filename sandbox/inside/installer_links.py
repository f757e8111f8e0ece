"""Takes an environment's links to the project out, so that code comes from the tree under test. Installing belongs to
`installer`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Links:
    """The links from the environment to this copy of the tree. They are taken out, the metadata stays: code comes from
    the tree under test, by path, wherever that tree lies."""

    def __init__(self, tree: Path, environment: Path, notes: list[str]) -> None:
        self._tree = str(tree)
        self._sites = sorted(environment.glob("lib/python*/site-packages"))
        self._notes = notes

    def detach(self) -> list[str]:
        """Removes them; returns the folders (relative to the tree) that they made importable."""
        roots: list[str] = []
        for site in self._sites:
            for path in [*site.glob("*.pth"), *site.glob("*.egg-link")]:
                lines = path.read_text(errors="replace").splitlines()
                inside = [line.strip() for line in lines if line.startswith(self._tree)]
                if inside:
                    path.unlink()
                    roots += inside
            for path in [*site.glob("__editable__*finder.py"), *site.glob("_editable_impl_*.py")]:
                content = path.read_text(errors="replace")
                if self._tree in content:
                    roots += self.mapped(content)
                    self.unlink_finder(site, path)
        relative = [os.path.relpath(root, self._tree) for root in roots]
        return [root for root in dict.fromkeys(relative) if not root.startswith("..")]

    def unlink_finder(self, site: Path, finder: Path) -> None:
        for link in site.glob("*editable*.pth"):
            if finder.stem in link.read_text(errors="replace"):
                link.unlink()
        finder.unlink()

    def mapped(self, content: str) -> Iterator[str]:
        """Folders out of an editable finder's {name: path} pairs, where the path ends in the name."""
        pair = rf"""['"]([\w.]+)['"]\s*[:,]\s*['"]({re.escape(self._tree)}[^'"]*)['"]"""
        for name, path in re.findall(pair, content):
            parts, steps = name.split("."), Path(path).with_suffix("").parts
            if list(steps[-len(parts) :]) == parts:
                yield str(Path(*steps[: -len(parts)]))
            else:
                self._notes.append(f"{name} is imported under another name than its folder's ({Path(path).name}).")
