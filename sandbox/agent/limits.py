"""What the kernel holds a process to. Limits that need watching live in `commands`."""

# Importing pathlib would cost every start milliseconds, and it knows no descriptors:
# ruff: noqa: PTH123

from __future__ import annotations

import contextlib
import ctypes
import resource
import signal
from collections.abc import Callable

TYPE_CHECKING = False  # as `typing` has it, whose import would take a third of the start
if TYPE_CHECKING:
    from typing import Any

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER = 1, 4, 24, 36
CAP_SYS_PTRACE = 19
SIGNALS_LEFT_TO_COMMANDS = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)


def prctl(option: int, value: int) -> None:
    """Linux only; elsewhere it does nothing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def lower(kind: int, value: int) -> None:
    """Sets a resource limit, never above the one in force."""
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, value))


def limited(limits: dict[str, Any]) -> Callable[[], None]:
    """What a command's process does between fork and exec. `limits` is the request's header."""

    def apply() -> None:
        for number in SIGNALS_LEFT_TO_COMMANDS:
            signal.signal(number, signal.SIG_DFL)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE)  # else root's commands could still open the agent
        lower(resource.RLIMIT_CORE, 0)
        lower(resource.RLIMIT_FSIZE, limits["file_bytes"])
        # Counts reserved thread stacks too, so it only stops one process that grows faster than the watch looks.
        lower(resource.RLIMIT_DATA, 4 * limits["memory_bytes"])
        if limits["nproc"]:
            lower(resource.RLIMIT_NPROC, limits["nproc"])
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")  # when the machine itself runs out, this goes first

    return apply
