"""Writes a fix into somebody's working tree, all of it or nothing. Never runs git there, nor anything else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bot.core.errors import InputError
from bot.core.patch import FileEdit, Patch
from bot.core.tree import encoding_of


def apply_to_working_tree(folder: Path, patches: Sequence[Patch]) -> tuple[Path, ...]:
    """Writes the patches' files below `folder` and returns their paths.

    Raises InputError, having written nothing, when a file there is not as the patch expects it (it was changed since
    the commit the run worked on), or is reached through a symbolic link that leaves the folder.
    """
    edits = _combined(patches)
    planned = [(_target(folder, edit), edit) for edit in edits]
    for target, edit in planned:
        _check_unchanged(target, edit)
    written = []
    for target, edit in planned:
        _write(target, edit)
        written.append(target)
    return tuple(written)


def _combined(patches: Sequence[Patch]) -> list[FileEdit]:
    """One edit per file: where two patches touch one, the later starts from the earlier's result."""
    by_path: dict[str, FileEdit] = {}
    for edit in (edit for patch in patches for edit in patch.edits):
        earlier = by_path.get(edit.path)
        by_path[edit.path] = edit if earlier is None else FileEdit(edit.path, earlier.before, edit.after)
    return list(by_path.values())


def _target(folder: Path, edit: FileEdit) -> Path:
    target = folder / edit.path
    if not target.parent.resolve().is_relative_to(folder.resolve()) or target.is_symlink():
        raise InputError(
            f"{edit.path} is reached through a symbolic link; nothing was written. Apply fix.patch by hand."
        )
    return target


def _check_unchanged(target: Path, edit: FileEdit) -> None:
    present = target.read_bytes() if target.is_file() else None
    expected = None if edit.before is None else edit.before
    if present is None and expected is None:
        return
    encoding = encoding_of(present) if present is not None else None
    text = present.decode(encoding) if present is not None and encoding is not None else None
    if text is None or expected is None or text.replace("\r\n", "\n") != expected.replace("\r\n", "\n"):
        raise InputError(
            f"{edit.path} has changed since the commit that was worked on; nothing was written. "
            "Commit or put aside your changes and run again, or apply fix.patch by hand."
        )


def _write(target: Path, edit: FileEdit) -> None:
    if edit.after is None:
        target.unlink()
        return
    before = target.read_bytes() if target.is_file() else b""
    text = edit.after
    if b"\r\n" in before and "\r\n" not in text:
        text = text.replace("\n", "\r\n")
    target.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode(encoding_of(before) or "utf-8")
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".fixbugs-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).chmod(target.stat().st_mode & 0o7777 if target.exists() else 0o644)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
