"""Folders that a run writes into, tried before it starts: an hour's work must not end at a folder that refuses it."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

from bot.core.errors import InputError, Permanent


def make_writable(folder: Path, what: str, setting: str) -> None:
    """Makes the folder if need be and writes a file there, which is gone afterwards.

    Raises InputError when the folder cannot be had, Permanent when its disk is full; both name `setting`, by which
    another folder is chosen.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, prefix=".fixbugs-") as file:
            file.write(b"\0" * 4096)
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Permanent(
                f"{what} {folder} has no space left: free some, or choose another folder with {setting}."
            ) from exc
        reason = "there is a file of that name" if isinstance(exc, FileExistsError) else exc.strerror
        raise InputError(f"{what} {folder} cannot be written ({reason}): choose another with {setting}.") from exc
