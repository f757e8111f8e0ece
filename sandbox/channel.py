"""The host's end of a sandbox: starts its process, speaks frames with the agent inside, never waits for ever.

Everything that arrives is untrusted: sizes are checked before anything is read, and whatever does not fit the protocol
ends the sandbox. Deciding what to isolate and how does not belong here; see `sandbox.local`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import struct
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bot.core.errors import SandboxCrashed, SandboxUnavailable

LENGTHS = struct.Struct(">II")
OUTPUT = frozenset({"stdout", "stderr"})
MAX_HEADER_BYTES = 1 << 16
START_S = 20.0  # for the agent to say that it is ready, on a busy machine
LEAVE_S = 8.0  # for an agent without a namespace to end what it started
COOKIE = "FIXBUGS_SANDBOX"  # marks the processes of a sandbox that no namespace holds together


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start an agent: its argument vector, open descriptors it inherits, and whether the kernel ends all of
    its processes with it. `token` marks its processes where the kernel does not."""

    argv: tuple[str, ...]
    environ: tuple[tuple[str, str], ...]
    descriptors: tuple[int, ...]
    self_contained: bool
    token: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One frame of the agent's. Fields that its kind does not have keep their defaults."""

    kind: str
    body: bytes = b""
    kept: int = 0
    ended: str = ""
    exit_code: int = 0
    truncated: bool = False
    wall_s: float = 0.0
    errno: int = 0
    text: str = ""


def encode(header: Mapping[str, object], body: bytes = b"") -> bytes:
    """A frame for the agent."""
    head = json.dumps(header).encode()
    return LENGTHS.pack(len(head), len(body)) + head + body


def decode(head: bytes, body: bytes) -> Reply:
    """A frame of the agent's. Raises ValueError for anything that is none."""
    header = json.loads(head)
    if not isinstance(header, dict) or not isinstance(header.get("is"), str):
        raise ValueError("not a reply")  # noqa: TRY004 (one exception for all that is no frame)
    expected: dict[str, type] = {"kept": int, "ended": str, "exit_code": int, "errno": int, "text": str}
    for name, kind in expected.items():
        if not isinstance(header.get(name, kind()), kind):
            raise ValueError(f"bad field {name}")  # noqa: TRY004 (as above)
    return Reply(
        kind=header["is"],
        body=body,
        kept=header.get("kept", 0),
        ended=header.get("ended", ""),
        exit_code=header.get("exit_code", 0),
        truncated=bool(header.get("truncated", False)),
        wall_s=float(header.get("wall_s", 0.0)),
        errno=header.get("errno", 0),
        text=header.get("text", ""),
    )


@dataclass
class Channel:
    """One started agent. One conversation at a time; a broken one ends the sandbox, and every later call raises
    SandboxCrashed."""

    launch: Launch
    process: asyncio.subprocess.Process
    stderr: IO[bytes]
    init: int = -1  # a pidfd of the namespace's process 1: when that has ended, everything in it has
    broken: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def open(cls, launch: Launch) -> Channel:
        """Starts the agent. Raises SandboxUnavailable, with what the starter printed, when it does not come up."""
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the channel)
        try:
            process = await asyncio.create_subprocess_exec(
                *launch.argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env=dict(launch.environ),
                pass_fds=launch.descriptors,
                start_new_session=True,
                cwd="/",
            )
        except OSError as error:
            stderr.close()
            raise SandboxUnavailable(f"The sandbox could not be started: {error}.") from error
        channel = cls(launch, process, stderr)
        try:
            await channel._await_ready()
            if launch.self_contained:
                channel.init = _only_child(process.pid)
        except BaseException:
            await asyncio.shield(channel.close())
            raise
        return channel

    async def _await_ready(self) -> None:
        try:
            async with asyncio.timeout(START_S):
                reply = await self._receive(0)
        except (TimeoutError, SandboxCrashed) as error:
            raise SandboxUnavailable(f"The sandbox did not start: {self.said() or error}") from error
        if reply.kind != "ready":
            raise SandboxUnavailable(f"The sandbox did not start: its agent said {reply.kind!r}.")

    async def converse(
        self,
        frames: Iterable[bytes],
        limit_s: float,
        max_body_bytes: int = 0,
        on_output: Callable[[Reply], None] | None = None,
    ) -> Reply:
        """Sends frames and returns the reply; `on_output` gets the output that comes before it.

        Raises SandboxCrashed when the sandbox goes away, breaks the protocol or is silent past `limit_s`. Leaving in
        the middle (cancelled, or an exception of `on_output`) ends the sandbox.
        """
        async with self.turn:
            if self.broken:
                raise SandboxCrashed(self.broken)
            try:
                async with asyncio.timeout(limit_s):
                    await self._send(frames)
                    while (reply := await self._receive(max_body_bytes)).kind in OUTPUT:
                        if on_output is None:
                            raise SandboxCrashed("The sandbox broke the protocol (output of no command); it was ended.")
                        on_output(reply)
                    return reply
            except TimeoutError as error:
                self.kill(f"The sandbox did not answer within {limit_s:.0f} s; it was ended.")
                raise SandboxCrashed(self.broken) from error
            except BaseException as error:
                self.kill(str(error) if isinstance(error, SandboxCrashed) else "The sandbox was ended in the middle.")
                raise

    async def _send(self, frames: Iterable[bytes]) -> None:
        pipe = self.process.stdin
        assert pipe is not None  # noqa: S101 (asked for at the start)
        try:
            for frame in frames:
                pipe.write(frame)
                await pipe.drain()
        except (ConnectionError, OSError) as error:
            raise SandboxCrashed(f"The sandbox went away. {self.said()}".strip()) from error

    async def _receive(self, max_body_bytes: int) -> Reply:
        pipe = self.process.stdout
        assert pipe is not None  # noqa: S101 (asked for at the start)
        try:
            header_bytes, body_bytes = LENGTHS.unpack(await pipe.readexactly(LENGTHS.size))
            if header_bytes > MAX_HEADER_BYTES or body_bytes > max_body_bytes:
                raise ValueError("a frame is too large")
            return decode(await pipe.readexactly(header_bytes), await pipe.readexactly(body_bytes))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise SandboxCrashed(f"The sandbox went away. {self.said()}".strip()) from error
        except (ValueError, RecursionError) as error:
            raise SandboxCrashed(f"The sandbox broke the protocol ({error}); it was ended.") from error

    def said(self) -> str:
        """The last of what the starter or the agent printed as its own error."""
        with contextlib.suppress(OSError, ValueError):
            size_bytes = os.fstat(self.stderr.fileno()).st_size
            tail = os.pread(self.stderr.fileno(), 2000, max(0, size_bytes - 2000))
            return tail.decode("utf-8", "replace").strip()
        return ""

    def kill(self, why: str) -> None:
        """Ends the sandbox now; `close` waits for it to be gone."""
        self.broken = self.broken or why
        with contextlib.suppress(ProcessLookupError):
            if self.init >= 0:
                signal.pidfd_send_signal(self.init, signal.SIGKILL)
            elif self.process.returncode is None:
                # Without a namespace the agent itself has to end what it started.
                self.process.send_signal(signal.SIGKILL if self.launch.self_contained else signal.SIGTERM)

    async def close(self) -> None:
        """Ends the sandbox and everything in it, and waits until it is gone."""
        self.kill("The sandbox was closed.")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._drain()
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        if not self.launch.self_contained:
            await sweep(self.launch.token)
        if self.init >= 0:
            os.close(self.init)
            self.init = -1
        self.stderr.close()

    async def _drain(self) -> None:
        """Until the process is gone; what it still says is dropped, so that no full pipe holds it up."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.process.stdout is not None:
            while await self.process.stdout.read(1 << 16):
                pass
        await self.process.wait()
        if self.init >= 0:
            await _readable(self.init)


def _only_child(pid: int) -> int:
    """A pidfd of this process's child; -1 where that cannot be had."""
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return os.pidfd_open(int(children[0]))
    return -1


async def _readable(handle: int) -> None:
    """Returns once there is something to read: for a pidfd, once its process has ended."""
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(handle)


async def sweep(token: str) -> None:
    """Ends every process whose environment carries this sandbox's token: what outlived an agent that was killed."""
    for _ in range(100):
        found = [pid for pid in _pids() if _carries(pid, f"{COOKIE}={token}".encode())]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
        if not found:
            return
        await asyncio.sleep(0.01)


def _pids() -> list[int]:
    with contextlib.suppress(OSError):
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return []


def _carries(pid: int, mark: bytes) -> bool:
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
