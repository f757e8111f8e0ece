"""The folders that built environments are kept in: named by key, built once, never half. Building them does not
belong here; see `sandbox.local`.

    <root>/<key>/env/         the environment; visible to sandboxes
    <root>/<key>/work/        the build's own folders; removed when it ends
    <root>/<key>/built.json   written last: without it the folder is a build that was interrupted
    <root>/<key>.lock         held while a build of this key is under way
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import Permanent
from sandbox.agent.files import remove

KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
WAIT_S = 0.1  # between two looks at a lock that another process holds


@dataclass(frozen=True, slots=True)
class Built:
    """What is remembered of a finished build."""

    build_s: float
    output_tail: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One environment's place in the cache."""

    folder: Path

    @property
    def environment(self) -> Path:
        return self.folder / "env"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def built(self) -> Built | None:
        """What is remembered of the build, or None when there is no finished one."""
        try:
            record = json.loads((self.folder / "built.json").read_text(encoding="utf-8"))
            return Built(float(record["build_s"]), str(record["output_tail"])) if self.environment.is_dir() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def clear(self) -> None:
        """Empty folders for a fresh build; whatever an interrupted one left is removed."""
        with disk_errors(self.folder):
            remove(str(self.folder))
            self.environment.mkdir(parents=True)
            self.work.mkdir()

    def drop(self) -> None:
        """Removes everything: this build came to nothing."""
        with disk_errors(self.folder):
            remove(str(self.folder))

    def finish(self, built: Built) -> None:
        """Marks the build as complete."""
        with disk_errors(self.folder):
            remove(str(self.work))
            draft = self.folder / "built.json.new"
            draft.write_text(json.dumps({"build_s": built.build_s, "output_tail": built.output_tail}), encoding="utf-8")
            draft.replace(self.folder / "built.json")


@dataclass(frozen=True, slots=True)
class EnvironmentCache:
    """Environments below one folder. Made for one interpreter and one way of isolating: they are not exchangeable."""

    root: Path

    def slot(self, key: str) -> Slot:
        """Raises Permanent for a key that could not be a folder's name."""
        if not KEY.fullmatch(key):
            raise Permanent(f"The environment key {key!r} is not a plain name.")
        return Slot(self.root / key)

    @asynccontextmanager
    async def locked(self, key: str) -> AsyncIterator[Slot]:
        """The slot, while nobody else (in this process or another) builds it."""
        slot = self.slot(key)
        with disk_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.root / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _lock(handle):  # noqa: ASYNC110 (another process holds it: there is no event to wait for)
                await asyncio.sleep(WAIT_S)
            yield slot
        finally:
            os.close(handle)  # which gives the lock up


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turns what the disk refuses into Permanent, saying what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Permanent(f"No space left on the disk that holds {folder}. Make room, then run again.") from error
        raise Permanent(f"{folder} cannot be written: {error.strerror}. Choose another cache folder.") from error
