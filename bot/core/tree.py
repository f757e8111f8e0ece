"""A repository's files at one commit, held in memory. Reading them from git belongs to an adapter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bot.core.errors import InputError


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One file: its exact bytes, and how git stores it. A symlink's bytes are its target."""

    content: bytes
    executable: bool = False
    symlink: bool = False


@dataclass(frozen=True)
class Tree:
    """Immutable map from POSIX path (relative, no `..`) to file."""

    files: Mapping[str, TreeFile]
    _digest: list[str] = field(default_factory=list, compare=False, repr=False)

    def __post_init__(self) -> None:
        for path in self.files:
            check_path(path)
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __contains__(self, path: object) -> bool:
        return path in self.files

    def __len__(self) -> int:
        return len(self.files)

    def text(self, path: str) -> str | None:
        """The file as text: UTF-8, else its PEP 263 coding when that decodes, else None (absent, symlink, binary)."""
        entry = self.files.get(path)
        return None if entry is None or entry.symlink else decode(entry.content)

    def with_text(self, changes: Mapping[str, str | None]) -> Tree:
        """A copy with these files written (or removed, for None). A written file keeps its mode and its encoding."""
        files = dict(self.files)
        for path, text in changes.items():
            if text is None:
                files.pop(path, None)
                continue
            old = files.get(path)
            encoding = "utf-8" if old is None else (encoding_of(old.content) or "utf-8")
            files[path] = TreeFile(text.encode(encoding), executable=old.executable if old else False)
        return Tree(files)

    def digest(self) -> str:
        """SHA-256 (hex) over paths, modes and bytes; equal trees have equal digests."""
        if not self._digest:
            total = hashlib.sha256()
            for path in sorted(self.files):
                entry = self.files[path]
                kind = b"l" if entry.symlink else (b"x" if entry.executable else b"f")
                total.update(kind + path.encode() + b"\0" + hashlib.sha256(entry.content).digest())
            self._digest.append(total.hexdigest())
        return self._digest[0]


def changed_paths(before: Tree, after: Tree) -> tuple[str, ...]:
    """The paths at which two trees differ, in bytes or mode or because one has nothing there; sorted."""
    return tuple(sorted(path for path in {*before, *after} if before.files.get(path) != after.files.get(path)))


def check_path(path: str) -> None:
    """Raises InputError unless the path is relative, normal POSIX and stays inside the tree."""
    parts = path.split("/")
    if not path or path.startswith("/") or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise InputError(f"The path {path!r} does not stay inside the repository.")


def encoding_of(content: bytes) -> str | None:
    """The encoding that decodes these bytes to text, or None for binary content."""
    if b"\0" in content[:8192]:
        return None
    candidates = ["utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"]
    head = b"\n".join(content.split(b"\n", 2)[:2])
    marker = head.find(b"coding")
    if marker >= 0:
        name = head[marker + 6 :].lstrip(b":= \t").split()[0:1]
        if name:
            candidates.append(name[0].decode("ascii", "ignore").strip("-*"))
    for encoding in candidates:
        try:
            content.decode(encoding)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
        return encoding
    return None


def decode(content: bytes) -> str | None:
    """The text of these bytes with line ends kept as they are, or None for binary content."""
    encoding = encoding_of(content)
    return None if encoding is None else content.decode(encoding)
