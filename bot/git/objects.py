"""Reads commits and whole trees out of a repository: exact blob bytes, no attributes, filters or line-end changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.core.errors import InputError, Permanent
from bot.core.run import Commit
from bot.core.tree import Tree, TreeFile
from bot.git.process import Git, feed, read_errors, spawned

COMMIT_FORMAT = "--format=tformat:%H%x00%ct%x00%an%x00%s"
_SUBMODULE, _SYMLINK = "160000", "120000"


@dataclass(frozen=True, slots=True)
class Caps:
    """What of a repository fits in memory."""

    files: int = 100_000
    total_bytes: int = 1 << 30
    file_bytes: int = 100 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as a commit lists it."""

    path: str
    mode: str
    blob: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A commit's tree, with each blob's bytes by hash so that a neighbouring commit's tree shares them."""

    tree: Tree
    blobs: Mapping[str, bytes]


def parse_commits(output: str) -> tuple[Commit, ...]:
    """The commits that `git log` printed in COMMIT_FORMAT."""
    commits = []
    for line in output.split("\n"):
        if line:
            sha, seconds, author, subject = line.split("\0", 3)
            commits.append(Commit(sha, subject, author, _moment(seconds)))
    return tuple(commits)


def _moment(seconds: str) -> datetime:
    """A commit's time in UTC; commits with impossible times exist, and then it is the epoch."""
    try:
        return datetime.fromtimestamp(int(seconds or 0), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


async def read_snapshot(git: Git, commit: str, caps: Caps, known: Mapping[str, bytes]) -> Snapshot:
    """The tree of a commit. `known` are blobs that need not be read again.

    Raises InputError when it is over a cap, or an object is missing (as in a partial clone).
    """
    entries = await list_entries(git, commit, caps)
    wanted = dict.fromkeys(entry.blob for entry in entries)
    blobs = {blob: known[blob] for blob in wanted if blob in known}
    missing = [blob for blob in wanted if blob not in blobs]
    if missing:
        blobs.update(await _read_blobs(git, missing))
    files: dict[str, TreeFile] = {}
    for entry in entries:
        executable = entry.mode.startswith("100") and int(entry.mode, 8) & 0o100 != 0
        files[entry.path] = TreeFile(blobs[entry.blob], executable, entry.mode == _SYMLINK)
    return Snapshot(Tree(files), blobs)


async def list_entries(git: Git, commit: str, caps: Caps) -> tuple[Entry, ...]:
    """The files of a commit, submodules left out. Raises InputError when they are over a cap."""
    # 4,096 bytes is the longest path there is, so this bound only ever ends a listing that is over the file cap.
    output = await git.run("ls-tree", "-r", "-z", "-l", "--full-tree", commit, max_bytes=caps.files * 512)
    records = output.stdout.split(b"\0")
    if output.overflowed or len(records) - 1 > caps.files:
        raise InputError(
            f"The repository has more than {caps.files:,} files at {commit[:12]}, which is over what a run reads: "
            "give a smaller repository."
        )
    if output.exit_code:
        raise InputError(
            f"The files of commit {commit[:12]} cannot be listed: {output.stderr or 'git gave no reason'}."
        )
    entries = parse_entries(records[:-1])
    _hold_to_caps(entries, caps, commit)
    return entries


def parse_entries(records: Sequence[bytes]) -> tuple[Entry, ...]:
    r"""The files in the records of `git ls-tree -r -z -l`.

    A path that is not UTF-8 keeps its readable part, with each other byte written as \xNN: paths go into reports and
    onto disk as text. If a file with that very name is there too, the unreadable one is left out.
    """
    entries: dict[str, Entry] = {}
    for exact in (True, False):
        for record in records:
            head, _, raw = record.partition(b"\t")
            mode, _, blob, size = head.decode("ascii").split()
            path = raw.decode("utf-8", "backslashreplace")
            if mode == _SUBMODULE or (path.encode() == raw) is not exact or path in entries:
                continue
            if any(part.lower() == ".git" for part in path.split("/")):
                raise InputError(f"The commit holds a file {path!r}, which git itself refuses: it is not read.")
            entries[path] = Entry(path, mode, blob, int(size) if size.isdigit() else -1)
    return tuple(entries[path] for path in sorted(entries))


def _hold_to_caps(entries: Sequence[Entry], caps: Caps, commit: str) -> None:
    for entry in entries:
        if entry.size_bytes < 0:
            raise InputError(
                f"The content of {entry.path!r} is missing from this clone (a partial clone leaves files out): run "
                "`git fetch --refetch --no-filter` there, or give a full clone."
            )
        if entry.size_bytes > caps.file_bytes:
            raise InputError(
                f"{entry.path!r} has {entry.size_bytes >> 20:,} MiB at {commit[:12]}; a run reads files of up to "
                f"{caps.file_bytes >> 20:,} MiB."
            )
    total = sum(entry.size_bytes for entry in entries)
    if total > caps.total_bytes:
        largest = max(entries, key=lambda entry: entry.size_bytes)
        raise InputError(
            f"The files at {commit[:12]} have {total >> 20:,} MiB in all, the largest is {largest.path!r}; a run reads "
            f"up to {caps.total_bytes >> 20:,} MiB."
        )


async def _read_blobs(git: Git, blobs: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    async with spawned(git.argv("cat-file", "--batch", "--buffer"), git.environ) as process:
        assert process.stdout is not None  # noqa: S101 - opened by `spawned`
        feeding = asyncio.create_task(feed(process, "".join(f"{blob}\n" for blob in blobs).encode()))
        errors = asyncio.create_task(read_errors(process))
        try:
            for blob in blobs:
                head = (await process.stdout.readline()).decode().split()
                if len(head) != 3:
                    what = " ".join(head) or "git ended early"
                    raise InputError(f"An object of the repository cannot be read ({what}): run `git fsck` there.")
                found[blob] = (await process.stdout.readexactly(int(head[2]) + 1))[:-1]
        except asyncio.IncompleteReadError as error:
            raise Permanent(f"git stopped in the middle of an object: {await errors}") from error
        finally:
            feeding.cancel()
            errors.cancel()
            await asyncio.gather(feeding, errors, return_exceptions=True)
    return found
