"""Child processes: a channel they report on, watching one against time limits, and ending all it left behind.

What the messages mean to a check belongs to the zygote and the server.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    Message = dict[str, Any]  # {"kind": what it says, ...}: JSON on a pipe, read where it arrives

PR_SET_CHILD_SUBREAPER = 36
TICK_S = 0.02  # how often a child is looked at where the kernel has no pidfd


class Patience(NamedTuple):
    """How long a child may take, in seconds: to load (import and collect), for one test, and altogether."""

    load_s: float
    test_s: float
    total_s: float


class Line:
    """The reading end of a channel: a pipe that carries one JSON object per line."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.closed = False
        self._buffer = b""

    def messages(self) -> list[Message]:
        """What is there to read now; blocks when nothing is. Sets `closed` at the end of the stream."""
        chunk = os.read(self.fd, 65536)
        if not chunk:
            self.closed = True
            return []
        *whole, self._buffer = (self._buffer + chunk).split(b"\n")
        found = []
        for line in whole:
            with contextlib.suppress(ValueError):  # a test that wrote into our pipe by its number
                message = json.loads(line)
                if isinstance(message, dict):
                    found.append(message)
        return found


def send(fd: int, message: Message) -> None:
    """Writes one message, whole."""
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(fd, data) :]


class Watch:
    """One child that reports on a line: waits for its words, within limits."""

    def __init__(self, pid: int, line: Line) -> None:
        self.pid = pid
        self.line = line
        self.pidfd = _pidfd(pid)
        self._poll = select.poll()
        self._poll.register(line.fd, select.POLLIN)
        if self.pidfd is not None:
            self._poll.register(self.pidfd, select.POLLIN)

    def word(
        self, patience: Patience, finals: Container[str], hear: Callable[[Message], None] = lambda _: None
    ) -> Message:
        """Reads messages until one of a final kind comes, and returns that; `hear` is told of the others.

        Else returns {"kind": "late", "at": test id or ""} when it took too long, or {"kind": "gone", "at": …,
        "status": wait status} when it ended without a word. Each message starts the clock for the next test.
        """
        now = time.monotonic()
        end, next_due, at, over = now + patience.total_s, now + patience.load_s, "", False
        while True:
            left_s = min(end, next_due) - time.monotonic()
            if left_s <= 0:
                return {"kind": "late", "at": at}
            ready = self._ready(left_s)
            if self.line.fd in ready and not self.line.closed:
                for message in self.line.messages():
                    if message.get("kind") in finals:
                        return message
                    hear(message)
                    at = str(message.get("at", at))
                    next_due = time.monotonic() + patience.test_s
            elif over or self.line.closed:
                # Only once the pipe is drained: the last message may have been written just before the end.
                return {"kind": "gone", "at": at, "status": _reap(self.pid)}
            over = over or self.pidfd in ready or (self.pidfd is None and _is_over(self.pid))

    def until_over(self, wait_s: float = 0.5) -> None:
        """Waits for a child that said its last word to end."""
        if self.pidfd is not None:
            select.select([self.pidfd], [], [], wait_s)

    def close(self) -> None:
        """Lets go of the child; it is not ended."""
        for fd in (self.pidfd, self.line.fd):
            if fd is not None:
                os.close(fd)

    def _ready(self, left_s: float) -> set[int]:
        wait_s = left_s if self.pidfd is not None else min(left_s, TICK_S)
        return {fd for fd, _ in self._poll.poll(1000 * wait_s + 1)}


def end_strays(keep: Container[int] = ()) -> bool:
    """Kills and reaps every child (and what those leave to us) but the kept ones. False when they breed too fast."""
    for _ in range(400):
        strays = [pid for pid in children() if pid not in keep]
        if not strays:
            return True
        for pid in strays:
            end(pid)
        time.sleep(0.0005)
    return False


def end(pid: int) -> None:
    """Kills one child, with its process group if it leads one, and reaps it if it is over."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def has_children() -> bool:
    """Whether any child is left; reaps those that are over. Cheap: no look at /proc."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def children() -> list[int]:
    """The processes whose parent we are."""
    own = os.getpid()
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{own}/children").read_text().split()]
    except OSError:  # a kernel without CONFIG_PROC_CHILDREN
        return [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and _parent(p.name) == own]


def adopt_orphans() -> None:
    """Makes grandchildren whose parent ended ours, so that none of them gets away (Linux prctl)."""
    with contextlib.suppress(ImportError, OSError, AttributeError):  # then only the sandbox's end ends them
        import ctypes  # noqa: PLC0415  (missing in some builds of Python)

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def thread_count() -> int:
    """Threads of this process, as the kernel counts them."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _parent(pid: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return -1


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # Python 3.8, an old kernel, or a seccomp filter
        return None


def _is_over(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _reap(pid: int) -> int:
    """The wait status; waits a little for a child that closed its channel but did not end, then kills it."""
    for _ in range(100):
        try:
            done, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return 0
        if done:
            return status
        time.sleep(0.005)
    end(pid)
    return int(signal.SIGKILL)
