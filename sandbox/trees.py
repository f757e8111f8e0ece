"""A tree as frames for the agent: which of its files go in, and in what order. Writing them is the agent's work."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from bot.core.tree import Tree
from sandbox.channel import encode

MAX_STEPS = 2000  # far more than any honest link takes; a circle never ends


def tree_frames(tree: Tree, base: str, folder: str) -> Iterator[bytes]:
    """Frames that replace base/folder by the tree: plain files first, then the links that stay inside it.

    A link that leaves the tree (or leads nowhere but outside) is left out: inside a sandbox it could only dangle.
    """
    yield encode({"do": "empty", "path": f"{base}/{folder}"})
    for path in sorted(tree):
        entry = tree.files[path]
        if not entry.symlink:
            kind = "executable" if entry.executable else "file"
            yield encode({"do": "file", "base": base, "path": f"{folder}/{path}", "kind": kind}, entry.content)
    links = {path: entry.content for path, entry in tree.files.items() if entry.symlink}
    for path in sorted(links):
        if stays_inside(path, links):
            header = {"do": "file", "base": base, "path": f"{folder}/{path}", "kind": "link"}
            yield encode(header, links[path])
    yield encode({"do": "done"})


def stays_inside(path: str, links: Mapping[str, bytes]) -> bool:
    """Whether following the link at `path` never leaves the tree, other links on the way followed too."""
    waiting = path.split("/")
    at: list[str] = []
    for _ in range(MAX_STEPS):
        if not waiting:
            return True
        part = waiting.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            if not at:
                return False
            at.pop()
            continue
        target = links.get(posixpath.join(*at, part))
        if target is None:
            at.append(part)
            continue
        try:
            text = target.decode()
        except UnicodeDecodeError:
            return False
        if text.startswith("/") or "\0" in text or not text:
            return False
        waiting = text.split("/") + waiting
    return False  # links in a circle
