"""Ends what a command left running, before its report is read: otherwise it could still rewrite it. Standard library
only, Python 3.8 and newer.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PATIENCE_S = 5.0


def adopt() -> None:
    """From now on, whatever loses its parent below this process becomes its child, whatever session it made for
    itself. Call it before the command is started."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all() -> bool:
    """Kills all children, and theirs, until none is left; whether that succeeded in time."""
    ends_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_at:
        children = _children()
        if not children:
            return True
        for child in children:
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(OSError):
                os.waitpid(child, 0)
    return False


def _children() -> list[int]:
    own, found = os.getpid(), []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            if int(fields[1]) == own:
                found.append(int(folder.name))
    return found
