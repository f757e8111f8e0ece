"""How we mark what is ours on an engine, so that nobody else's is ever touched, and whose process it belongs to."""

from __future__ import annotations

import os
import socket
from pathlib import Path

LABEL = "fixbugs"  # on everything that is ours


def labels(purpose: str) -> dict[str, str]:
    """Marks what is ours, for what, and whose process's it is."""
    return {LABEL: "1", f"{LABEL}.purpose": purpose, f"{LABEL}.owner": owner()}


def owner() -> str:
    """This process among all of all times: host, pid and when it started."""
    return f"{socket.gethostname()}:{os.getpid()}:{started_at(os.getpid())}"


def started_at(pid: int) -> str:
    """When a process of this host started, in the kernel's ticks; "" when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
