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
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import Permanent
from sandbox.agent.files import remove

KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
WAIT_S = 0.1  # between two looks at a lock that another process holds
MOST_KEPT = 40  # environments; anybody's pull request may need one of its own
KEPT_S = 14 * 86_400.0  # one that nobody used for so long goes
IN_USE_S = 7 * 3600.0  # a run takes six hours at most, and may come back to its environment until then


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

    def use(self) -> None:
        """Marks it as used now; one that cannot be marked is built again one day."""
        with suppress(OSError):
            os.utime(self.folder / "built.json")

    def used_at(self) -> float | None:
        """Seconds since 1970; None when there is no finished build."""
        try:
            return (self.folder / "built.json").stat().st_mtime
        except OSError:
            return None

    def clear(self) -> None:
        """Empty folders for a fresh build; whatever an interrupted one left is removed."""
        with disk_errors(self.folder):
            remove(str(self.folder))
            self.environment.mkdir(parents=True)
            self.work.mkdir()

    def drop(self) -> None:
        """Removes everything: this build came to nothing, or nobody uses it."""
        with disk_errors(self.folder):
            (self.folder / "built.json").unlink(missing_ok=True)  # first, so that what is half gone is not used
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

    async def tidy(self, now: float) -> None:
        """Removes what nobody used for long, and beyond so many the longest unused; never what a run may still need.
        `now` is in seconds since 1970."""
        for key in await asyncio.to_thread(self._spare, now):
            async with self.locked(key) as slot:
                used_at = slot.used_at()
                if used_at is not None and now - used_at > IN_USE_S:
                    await asyncio.to_thread(slot.drop)

    def _spare(self, now: float) -> list[str]:
        slots = [Slot(built.parent) for built in self.root.glob("*/built.json")]
        used = sorted(((slot.used_at() or 0.0, slot.folder.name) for slot in slots), reverse=True)
        return [
            name
            for number, (used_at, name) in enumerate(used)
            if now - used_at > (IN_USE_S if number >= MOST_KEPT else KEPT_S)
        ]


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
