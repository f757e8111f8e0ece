"""Files in the sandbox: written and read below a folder, never through a link. Deciding which does not belong here."""

# Importing pathlib would cost every start milliseconds, and it knows no descriptors:
# ruff: noqa: PTH101, PTH102, PTH106, PTH108, PTH123

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextlib.contextmanager
def folder_of(base: str, parts: Sequence[str], make: bool = False) -> Iterator[int]:
    """A descriptor of the folder base/parts[0]/…, no component of which is a link. Raises OSError otherwise."""
    folder = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=folder)
            deeper = os.open(part, FOLDER, dir_fd=folder)
            os.close(folder)
            folder = deeper
        yield folder
    finally:
        os.close(folder)


def write_file(base: str, path: str, kind: str, content: bytes) -> None:
    """Writes base/path. `kind` is "file", "executable" or "link" (then the content is its target)."""
    *folders, name = path.split("/")
    with folder_of(base, folders, make=True) as folder:
        if kind == "link":
            os.symlink(os.fsdecode(content), name, dir_fd=folder)
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        mode = 0o755 if kind == "executable" else 0o644
        with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode, dir_fd=folder), "wb") as handle:
            handle.write(content)


def read_file(base: str, path: str, max_bytes: int) -> bytes | None:
    """The start of the regular file base/path, or None when there is no such thing on a path without links."""
    *folders, name = path.split("/")
    try:
        with folder_of(base, folders) as folder:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    with open(handle, "rb") as file:
        return file.read(max_bytes) if stat.S_ISREG(os.fstat(handle).st_mode) else None


def remove(path: str) -> None:
    """Removes a file, link or whole folder, however deep, also one whose folders were made unreadable. A missing one is
    fine."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        os.unlink(path)
        return
    os.chmod(path, 0o700)
    top = os.open(path, FOLDER)
    try:
        _flatten(top)
    finally:
        os.close(top)
    os.rmdir(path)


def _flatten(top: int) -> None:
    """Empties a folder. Folders in folders are moved up to it first: so neither the length of paths nor the number of
    open folders grows with their depth."""
    mark, moved = os.urandom(8).hex(), 0
    waiting = _folders_left(top)
    while waiting:
        name = waiting.pop()
        folder = os.open(name, FOLDER, dir_fd=top)
        try:
            for inner in _folders_left(folder):
                moved += 1
                waiting.append(f"{mark}-{moved}")
                os.rename(inner, waiting[-1], src_dir_fd=folder, dst_dir_fd=top)
        finally:
            os.close(folder)
        os.rmdir(name, dir_fd=top)


def _folders_left(folder: int) -> list[str]:
    """Removes all that is no folder; the names of the folders, which can then be entered."""
    with os.scandir(folder) as found:
        entries = list(found)
    folders = []
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry.name, 0o700, dir_fd=folder)
            folders.append(entry.name)
        else:
            os.unlink(entry.name, dir_fd=folder)
    return folders


def empty(path: str) -> None:
    """Makes `path` an empty folder."""
    remove(path)
    os.mkdir(path, 0o755)
