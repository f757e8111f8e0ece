"""The sandbox's processes: finding, counting, measuring and ending them. Starting them does not belong here."""

# Importing pathlib would cost every start milliseconds, and it knows no descriptors:
# ruff: noqa: PTH123, PTH208

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Iterable

KILL_S = 5.0  # how long killing may take before the agent gives up on the whole sandbox
PAGE_BYTES = resource.getpagesize()


class Unkillable(Exception):
    """A process survived SIGKILL: nothing that this sandbox says may be trusted any more."""


def alone() -> bool:
    """Whether every process of the agent's user that it can see is one it started: so the kernel finds them all."""
    return os.getpid() == 1 or "FIXBUGS_ALONE" in os.environ


def processes() -> dict[int, int]:
    """{pid: parent pid} of every process in sight but the agent; zombies left out."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            state, parent = file.read().rpartition(b")")[2].split()[:2]
            if state not in b"ZX":
                found[int(name)] = int(parent)
    return found


def descendants() -> list[int]:
    """Pids of all that the agent has to answer for: everything in its namespace, else its own descendants."""
    try:
        parents = processes()
    except OSError:  # no /proc here: only the command's process group can be ended
        return []
    if os.getpid() == 1:
        return list(parents)
    if alone():
        return [pid for pid in parents if _user_of(pid) == os.getuid()]
    mine = {os.getpid()}
    grew = True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in mine and pid not in mine}
        mine |= more
        grew = bool(more)
    return sorted(mine - {os.getpid()})


def _user_of(pid: int) -> int:
    """The real user of a process; -1 when it is gone. (Its folder's owner would be root where it hides its memory.)"""
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(b"Uid:"):
                return int(line.split()[1])
    return -1


def reap(statuses: dict[int, int]) -> None:
    """Collects every process that ended, into {pid: wait status}."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            statuses[pid] = status


def kill_all(statuses: dict[int, int], leader: int = 0) -> None:
    """Ends every process but the agent. Raises Unkillable when some are still there after KILL_S."""
    deadline = time.monotonic() + KILL_S
    while True:
        if leader:
            with contextlib.suppress(OSError):
                os.killpg(leader, signal.SIGKILL)
        if alone():
            with contextlib.suppress(OSError):
                os.kill(-1, signal.SIGKILL)  # which spares the caller
        left = descendants()
        for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, they cannot fork away from the killing
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
        reap(statuses)
        if not left and (not leader or leader in statuses):
            return
        if time.monotonic() > deadline:
            raise Unkillable(f"{len(left)} processes survived being killed")
        time.sleep(0.002)


def kernel_kills() -> int:
    """How many processes the kernel has ended here because memory ran out; 0 where it does not say."""
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        with contextlib.suppress(OSError, ValueError, IndexError), open(path, "rb") as file:
            for line in file:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    return 0


def resident_bytes(pids: Iterable[int]) -> int:
    """Memory in use by these processes, pages that they share counted for each."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{pid}/statm", "rb") as file:
            total += int(file.read().split()[1]) * PAGE_BYTES
    return total


def proportional_bytes(pids: Iterable[int]) -> int:
    """Memory in use by these processes, shared pages counted once; slower, exact."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
                total += sum(int(line.split()[1]) << 10 for line in file if line.startswith(b"Pss:"))
        except (OSError, IndexError, ValueError):
            total += resident_bytes([pid])
    return total
