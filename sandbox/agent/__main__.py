"""The agent's loop: answers the host's requests until the host goes away. Run as a program only."""

# Importing pathlib would cost every start milliseconds, and it knows no descriptors:
# ruff: noqa: PTH103

from __future__ import annotations

import errno
import os
import signal
import sys
from types import FrameType

from sandbox.agent.commands import run
from sandbox.agent.files import empty, read_file, write_file
from sandbox.agent.frames import HostGone, receive, send
from sandbox.agent.limits import PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl
from sandbox.agent.processes import kill_all

TYPE_CHECKING = False  # as `typing` has it, whose import would take a third of the start
if TYPE_CHECKING:
    from typing import Any


def answer(request: dict[str, Any], body: bytes, wakeup: int) -> None:
    """Does what one request says and answers it."""
    kind = request["do"]
    if kind == "empty":
        empty(request["path"])  # no answer: the files follow, and the "done" after them
    elif kind == "file":
        write_file(request["base"], request["path"], request["kind"], body)
    elif kind == "done":
        send({"is": "done"})
    elif kind == "run":
        run(request, body, wakeup)
    elif kind == "read":
        content = read_file(request["base"], request["path"], request["max_bytes"])
        send({"is": "missing" if content is None else "content"}, content or b"")
    else:
        raise ValueError(f"unknown request {kind!r}")


def serve(wakeup: int) -> None:
    """Answers requests until the host goes away. A failed file stops the batch it belongs to, up to its "done"."""
    failed: dict[str, Any] | None = None
    while True:
        request, body = receive()
        if failed is None:
            try:
                answer(request, body, wakeup)
                continue
            except OSError as error:
                failed = {"is": "failed", "errno": error.errno or errno.EIO, "text": str(error)}
        if request["do"] in ("done", "read", "run"):
            send(failed)
            failed = None


def leave(_number: int, _frame: FrameType | None) -> None:
    raise HostGone


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if os.getpid() == 1 else leave)
    prctl(PR_SET_DUMPABLE, 0)
    if os.getpid() != 1:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    wakeup, waker = os.pipe()
    for end in (wakeup, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for folder in sys.argv[1:]:
        os.makedirs(folder, exist_ok=True)
    try:
        send({"is": "ready", "text": sys.executable})
        serve(wakeup)
    except HostGone:
        kill_all({})
    return 0


if __name__ == "__main__":
    sys.exit(main())
