"""Runs git as a child process: its environment, its end when we are cancelled, its errors as text. No git knowledge
beyond that.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import Permanent

STDERR_BYTES = 64 << 10
# What of git's own environment is the person's way to reach a remote. The rest (GIT_DIR, GIT_INDEX_FILE, …) would
# point git somewhere else, as it does when we are started from a hook.
_REMOTE_SETTINGS = re.compile(r"GIT_(SSH|SSH_COMMAND|SSH_VARIANT|SSL_\w+|HTTP_\w+|PROXY_\w+|CONFIG_\w+)$")
_USERINFO = re.compile(r"\b(https?|git|ftps?)://[^/@\s'\"]+@")
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Output:
    """What git printed. `overflowed`: there was more on stdout than asked for, and git was ended for it."""

    exit_code: int
    stdout: bytes
    stderr: str
    overflowed: bool = False

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Git:
    """Git on one of our own bare repositories, with exactly this environment."""

    git_dir: Path
    environ: Mapping[str, str]

    def argv(self, *arguments: str) -> tuple[str, ...]:
        # No hook of a template or of the person's own settings runs, and nothing is tidied up in the background.
        options = ("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false")
        return ("git", f"--git-dir={self.git_dir}", *options, *arguments)

    def with_environ(self, **more: str) -> Git:
        return Git(self.git_dir, {**self.environ, **more})

    async def run(self, *arguments: str, stdin: bytes = b"", max_bytes: int = 64 << 20) -> Output:
        """Runs one git command to its end. A failing command is an Output too; cancelling ends git."""
        return await run(self.argv(*arguments), self.environ, stdin=stdin, max_bytes=max_bytes)


def closed_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """For reading objects: no settings of the system or the person, no network."""
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    closed = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",  # a commit's hash must mean what it says
    }
    return {**kept, **_QUIET, **closed}


def remote_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """For fetching: the person's own settings (proxy, keys, credential helper) hold, but nobody is asked anything."""
    kept = {n: v for n, v in environ.items() if not n.startswith("GIT_") or _REMOTE_SETTINGS.match(n)}
    kept.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15")
    return {**kept, **_QUIET, "GIT_ASKPASS": "true", "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file"}


def with_settings(environ: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """The environment with another's variables, of which the numbered settings (GIT_CONFIG_COUNT, _KEY_0, _VALUE_0 …)
    come after those that are there, instead of in their place."""
    count = environ.get("GIT_CONFIG_COUNT", "")
    start = int(count) if count.isdigit() else 0
    merged = dict(environ)
    for name, value in more.items():
        numbered = re.fullmatch(r"(GIT_CONFIG_(?:KEY|VALUE)_)([0-9]+)", name)
        if numbered:
            merged[f"{numbered[1]}{start + int(numbered[2])}"] = value
        elif name == "GIT_CONFIG_COUNT":
            merged[name] = str(start + int(value))
        else:
            merged[name] = value
    return merged


async def run(
    argv: tuple[str, ...], environ: Mapping[str, str], *, stdin: bytes = b"", max_bytes: int = 64 << 20
) -> Output:
    """Runs a command to its end, keeping at most `max_bytes` of stdout."""
    async with spawned(argv, environ) as process:
        (stdout, overflowed), stderr, _ = await asyncio.gather(
            _read(process, max_bytes), read_errors(process), feed(process, stdin)
        )
        return Output(await process.wait(), stdout, stderr, overflowed)


@contextlib.asynccontextmanager
async def spawned(argv: tuple[str, ...], environ: Mapping[str, str]) -> AsyncIterator[Process]:
    """A child in a session of its own, which is ended with all that it started when the block is left."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=dict(environ), start_new_session=True, limit=1 << 20
        )
    except FileNotFoundError as error:
        raise Permanent(f"{argv[0]} was not found on PATH: install git 2.30 or newer and try again.") from error
    except OSError as error:
        raise Permanent(f"{argv[0]} could not be started ({error.strerror}).") from error
    try:
        yield process
    finally:
        if process.returncode is None:
            kill(process)
            # asyncio holds back the end of a child whose pipes are full until somebody reads them.
            await asyncio.gather(_drained(process.stdout), _drained(process.stderr), process.wait())


async def _drained(stream: asyncio.StreamReader | None) -> None:
    while stream and await stream.read(1 << 20):
        pass


def kill(process: Process) -> None:
    """Ends a child of ours and everything in its session; a child that has ended already is left alone."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


async def feed(process: Process, data: bytes) -> None:
    """Writes everything to stdin and closes it; a child that stopped listening is no error here."""
    assert process.stdin is not None  # noqa: S101 - opened by `spawned`
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for start in range(0, len(data), 1 << 16):
            process.stdin.write(data[start : start + (1 << 16)])
            await process.stdin.drain()
    process.stdin.close()


async def read_errors(process: Process) -> str:
    """What the child says on stderr, capped, without credentials; the rest is read and dropped."""
    assert process.stderr is not None  # noqa: S101 - opened by `spawned`
    kept = bytearray()
    while chunk := await process.stderr.read(1 << 14):
        kept += chunk[: STDERR_BYTES - len(kept)]
    return redacted(kept.decode("utf-8", "replace")).strip()


def redacted(text: str) -> str:
    """The text with the user part of web addresses replaced: it may be a token."""
    return _USERINFO.sub(r"\1://***@", text)


async def _read(process: Process, max_bytes: int) -> tuple[bytes, bool]:
    assert process.stdout is not None  # noqa: S101 - opened by `spawned`
    kept = bytearray()
    while chunk := await process.stdout.read(1 << 18):
        kept += chunk
        if len(kept) > max_bytes:
            kill(process)
            await _drained(process.stdout)
            return bytes(kept[:max_bytes]), True
    return bytes(kept), False
