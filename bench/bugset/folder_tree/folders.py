"""An in-memory folder tree for the file picker: lookup by path, sizes, listing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Node:
    """A file when `children` is None, else a folder. Sizes are in bytes."""

    name: str
    size_bytes: int = 0
    children: list[Node] | None = None

    @property
    def is_folder(self) -> bool:
        return self.children is not None


def folder(name: str, *children: Node) -> Node:
    return Node(name, children=list(children))


def find(root: Node, path: str) -> Node | None:
    """The node at `a/b/c` below the root, or None. The empty path is the root itself."""
    head, _, rest = path.strip("/").partition("/")
    if not head:
        return root
    for child in root.children or []:
        if child.name == head:
            if not rest:
                return child
            find(child, rest)
    return None


def total_size(node: Node) -> int:
    if node.children is None:
        return node.size_bytes
    return sum(total_size(child) for child in node.children)


def walk(node: Node, prefix: str = "") -> Iterator[tuple[str, Node]]:
    """Every node below this one with its path; folders before their content, names in order."""
    for child in sorted(node.children or [], key=lambda entry: entry.name):
        path = f"{prefix}{child.name}"
        yield path, child
        yield from walk(child, path + "/")


@dataclass
class Picker:
    root: Node
    opened: set[str] = field(default_factory=set)

    def open(self, path: str) -> list[str]:
        """Names inside a folder, folders with a trailing slash. KeyError when there is no such folder."""
        node = find(self.root, path)
        if node is None or node.children is None:
            raise KeyError(path)
        self.opened.add(path)
        return sorted(child.name + "/" * child.is_folder for child in node.children)
