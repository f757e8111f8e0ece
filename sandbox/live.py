"""Reads a run's stdout as it comes: tells of each test that ends, and keeps the last of what else was printed. What it
hears is for people who wait; the judgement comes from the report, by the oracle.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.oracle import outcome_of, parse_line
from sandbox.toolchains.base import Session

TAIL_BYTES = 8000
LINE_BYTES = 1 << 20  # a longer line is not one of ours


class Live:
    """`hear` takes stdout in whatever pieces it comes."""

    def __init__(self, session: Session, key: bytes, on_result: Callable[[str, str], None] | None) -> None:
        self._prefix = session.live_prefix
        self._canaries = tuple(canary.name for canary in session.canaries)
        self._key = key
        self._on_result = on_result
        self._rest = b""
        self._tail = b""
        self._latest = -1

    def hear(self, chunk: bytes) -> None:
        *lines, rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._line(line + b"\n")
        if len(rest) > LINE_BYTES:
            self._keep(rest)
            rest = b""
        self._rest = rest

    def tail(self) -> str:
        """The last of what was printed that is not ours."""
        return (self._tail + self._rest).decode("utf-8", "replace")

    def _line(self, line: bytes) -> None:
        if not line.startswith(self._prefix):
            self._keep(line)
            return
        event = parse_line(line[len(self._prefix) :].rstrip(b"\n"), self._key)
        number = event.get("n") if event else None
        if event is None or not isinstance(number, int) or number <= self._latest:
            return  # somebody copies our lines
        self._latest = number
        test_id = str(event.get("id"))
        if self._on_result and event.get("event") == "test" and not test_id.endswith(self._canaries):
            self._on_result(test_id, outcome_of(event).value)

    def _keep(self, data: bytes) -> None:
        if data.strip():
            self._tail = (self._tail + data)[-TAIL_BYTES:]
