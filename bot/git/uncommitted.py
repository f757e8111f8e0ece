"""What of a checkout a run does not see: changed and untracked files. Reads only; starts nothing of the checkout's.

Git looks at the checkout's files through our own mirror and a copy of the index. Monitors, hooks and filters are
named by a repository's settings, and the settings in force are ours, which name none.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bot.git.process import Git
from bot.git.sources import LocalRepository

LOOK_S = 20.0
_NAMED = 3
# How the checkout was written to disk; without these a file may look changed that is not. None can name a program.
_DISK_SETTINGS = (
    "core.filemode",
    "core.autocrlf",
    "core.eol",
    "core.symlinks",
    "core.ignorecase",
    "core.sparsecheckout",
)


async def uncommitted_notices(git: Git, source: LocalRepository, settings: dict[str, str]) -> tuple[str, ...]:
    """One sentence each on changed and untracked files. Empty for a bare or clean repository."""
    index = source.git_dir / "index"
    if source.work_tree is None or not index.is_file():
        return ()
    options = [part for key in _DISK_SETTINGS if key in settings for part in ("-c", f"{key}={settings[key]}")]
    with tempfile.TemporaryDirectory(prefix="index-", dir=git.git_dir) as folder:
        copied = Path(folder, "index")
        shutil.copy2(index, copied)  # with its time, which tells git which entries it may trust
        looking = git.with_environ(GIT_INDEX_FILE=str(copied), GIT_WORK_TREE=str(source.work_tree))
        command = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--ignore-submodules=all")
        output = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                output = await looking.run(*options, *command)
    if output is None or output.exit_code:
        return ("Whether there are uncommitted changes could not be told; a run sees committed files only.",)
    return described(output.stdout.decode("utf-8", "backslashreplace").split("\0"))


def described(records: Sequence[str]) -> tuple[str, ...]:
    """The sentences for the records of `git status --porcelain -z`."""
    changed = [record[3:] for record in records if record and not record.startswith("??")]
    untracked = [record[3:] for record in records if record.startswith("??")]
    found = []
    if changed:
        one = len(changed) == 1
        found.append(
            f"{len(changed)} {'file has' if one else 'files have'} uncommitted changes ({_some(changed)}), which a run "
            f"does not see: commit {'it' if one else 'them'} to include {'it' if one else 'them'}."
        )
    if untracked:
        one = len(untracked) == 1
        found.append(
            f"{len(untracked)} {'path is' if one else 'paths are'} not tracked by git ({_some(untracked)}), so a run "
            f"does not see {'it' if one else 'them'}."
        )
    return tuple(found)


def _some(paths: Sequence[str]) -> str:
    return ", ".join(paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
