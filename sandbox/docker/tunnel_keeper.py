"""Keeps ssh running: `python tunnel_keeper.py SOCKET ssh …`. A program of its own, since only another process can clean
up after one that was killed. Why there is a tunnel is not said here.

Ends, with ssh, when its own input ends. Before ssh has made SOCKET once, its end is the keeper's end too.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time

LOOK_S = 0.25
LEAVE_S = 3.0
LONGEST_REST_S = 10.0


def left_alone(rest_s: float) -> bool:
    """Whether the process that started us is gone, which is waited for so long."""
    return bool(select.select([0], [], [], rest_s)[0]) and os.read(0, 1) == b""


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(LEAVE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def keep(socket: str, argv: list[str]) -> int:
    """The exit code; returns once nobody needs it any more, or it cannot even be opened."""
    opened, rest_s = False, LOOK_S
    while True:
        started = time.monotonic()
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        while process.poll() is None:
            if left_alone(LOOK_S):
                end(process)
                return 0
            opened = opened or os.path.exists(socket)  # noqa: PTH110 (pathlib would double the time of the start)
        if not (opened or os.path.exists(socket)):  # noqa: PTH110 (as above)
            return process.returncode or 1
        rest_s = LOOK_S if time.monotonic() - started > LONGEST_REST_S else min(2 * rest_s, LONGEST_REST_S)
        if left_alone(rest_s):
            return 0


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1], sys.argv[2:]))
