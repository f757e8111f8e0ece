"""A sandbox's agent as a process of this machine: starting it, talking over its pipes, ending all that it started.

What is said is `sandbox.channel`'s business; what isolates the process that of `sandbox.bubblewrap`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot.core.errors import SandboxCrashed, SandboxUnavailable

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


@dataclass
class ProcessPipe:
    """Implements `sandbox.channel.Pipe`."""

    launch: Launch
    process: asyncio.subprocess.Process
    stderr: IO[bytes]
    init: int = -1  # a pidfd of the namespace's process 1: when that has ended, everything in it has

    @classmethod
    async def open(cls, launch: Launch) -> ProcessPipe:
        """Starts the agent. Raises SandboxUnavailable when it cannot be started."""
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the pipe)
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
        return cls(launch, process, stderr)

    def ready(self) -> None:
        if self.launch.self_contained:
            self.init = _only_child(self.process.pid)

    async def write(self, data: bytes) -> None:
        pipe = self.process.stdin
        assert pipe is not None  # noqa: S101 (asked for at the start)
        try:
            pipe.write(data)
            await pipe.drain()
        except (ConnectionError, OSError) as error:
            raise SandboxCrashed(f"The sandbox went away. {self.said()}".strip()) from error

    async def read(self, size: int) -> bytes:
        pipe = self.process.stdout
        assert pipe is not None  # noqa: S101 (asked for at the start)
        try:
            return await pipe.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise SandboxCrashed(f"The sandbox went away. {self.said()}".strip()) from error

    def said(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            size_bytes = os.fstat(self.stderr.fileno()).st_size
            tail = os.pread(self.stderr.fileno(), 2000, max(0, size_bytes - 2000))
            return tail.decode("utf-8", "replace").strip()
        return ""

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.init >= 0:
                signal.pidfd_send_signal(self.init, signal.SIGKILL)
            elif self.process.returncode is None:
                # Without a namespace the agent itself has to end what it started.
                self.process.send_signal(signal.SIGKILL if self.launch.self_contained else signal.SIGTERM)

    async def close(self) -> None:
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
