"""Writes the events of a test run: numbered, authenticated, one per line. What they say is the reporter's.

A line is `<hmac> <json>`, appended to a file; the few that are of interest while tests run go to the first stdout too.
Tests print there as well, so each such line starts afresh, with `LIVE`.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    Event = dict[str, Any]  # JSON, read and judged on the host

LIVE = "\x1efixbugs "


class Emit(Protocol):
    def __call__(self, event: Event, *, live: bool = False) -> None: ...


def emitter(path: str, key: bytes, live_fd: int) -> Emit:
    """A function that writes one event. The key lives in its closure, the file is open from the start, and nothing it
    calls is looked up when a test may have replaced it."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    write, dumps, new, sha256, getpid, own_pid = os.write, json.dumps, hmac.new, hashlib.sha256, os.getpid, os.getpid()
    count = 0

    def put(target: int, line: str) -> None:
        data = line.encode()
        while data:
            data = data[write(target, data) :]

    def signed(event: Event) -> str:
        body = dumps(event, sort_keys=True)
        return f"{new(key, body.encode(), sha256).hexdigest()} {body}\n"

    def emit(event: Event, *, live: bool = False) -> None:
        nonlocal count
        if getpid() != own_pid:  # a child that a test forked
            return
        numbered = {**event, "n": count}
        count += 1
        put(fd, signed(numbered))
        if live:
            numbered.pop("failures", None)
            with contextlib.suppress(OSError):  # nobody listens any more
                put(live_fd, f"\n{LIVE}{signed(numbered)}")

    return emit
