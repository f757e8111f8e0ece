"""The candidates' edits in the lane's tree: made, and undone. Nothing here knows of tests."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NEW_FILE_MODE = 0o644


class Splice(NamedTuple):
    """One edited file: bytes `start` to `end` of the file as it was are replaced by `replacement` (base64).

    A start of -1 makes a new file, -2 removes the file.
    """

    path: str  # relative to the tree
    start: int
    end: int
    replacement: str


class Original(NamedTuple):
    """A file as it was, None for absent."""

    content: bytes
    mode: int
    mtime_s: int


class EditedTree:
    """Makes one candidate's edits at a time, and puts back exactly what was there.

    What a candidate's own code wrote elsewhere in the tree stays, as it would between two runs in a checkout: screening
    is never believed, and a survivor is proved in a fresh tree.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._originals: dict[str, Original | None] = {}
        self._stamp_s = 0

    def path(self, relative: str) -> str:
        """The real path of a file of the tree."""
        return os.path.realpath(os.path.join(self._root, relative))  # noqa: PTH118  (pathlib is slower, and this is hot)

    @contextlib.contextmanager
    def edited(self, splices: Sequence[Splice]) -> Iterator[None]:
        """The tree with these edits in it, for the length of a `with` block."""
        paths = [self.path(splice.path) for splice in splices]
        try:
            for path, splice in zip(paths, splices):  # noqa: B905  (strict= is newer than Python 3.8)
                original = self._original(path)
                if splice.start == -2:
                    remove(path)
                    continue
                old = original.content if original and splice.start >= 0 else b""
                new = base64.b64decode(splice.replacement)
                content = new if splice.start < 0 else old[: splice.start] + new + old[splice.end :]
                # A whole second that no earlier version had, so that no compiled file can pass for this one.
                base_s = original.mtime_s if original else 1_000_000_000
                self._stamp_s += 1
                _write(path, content, original.mode if original else NEW_FILE_MODE, base_s + self._stamp_s)
            yield
        finally:
            for path in paths:
                self._put_back(path)

    def _original(self, path: str) -> Original | None:
        if path not in self._originals:
            try:
                status, content = Path(path).stat(), Path(path).read_bytes()
                self._originals[path] = Original(content, stat.S_IMODE(status.st_mode), int(status.st_mtime))
            except FileNotFoundError:
                self._originals[path] = None
            drop_compiled(path)
        return self._originals[path]

    def _put_back(self, path: str) -> None:
        original = self._original(path)
        if original is None:
            remove(path)
        else:
            _write(path, original.content, original.mode, original.mtime_s)


def drop_compiled(source: str) -> None:
    """Removes the compiled forms of a source file, whoever made them."""
    folder = Path(source).parent / "__pycache__"
    for compiled in folder.glob(f"{Path(source).stem}.*.pyc"):
        remove(str(compiled))


def remove(path: str) -> None:
    """Removes whatever is there, if anything is."""
    try:
        Path(path).unlink()
    except FileNotFoundError:
        pass
    except (IsADirectoryError, PermissionError):
        shutil.rmtree(path, ignore_errors=True)


def _write(path: str, content: bytes, mode: int, mtime_s: int) -> None:
    """A new file in place of the old: never through a link that a candidate may have left there."""
    remove(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  (as in `path`)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(fd, "wb", closefd=False) as file:
            file.write(content)
        os.fchmod(fd, mode)
    finally:
        os.close(fd)
    os.utime(path, (mtime_s, mtime_s))
