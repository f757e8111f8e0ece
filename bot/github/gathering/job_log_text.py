"""The log of an Actions job as its commands printed it, without GitHub's own times and marks. Pure; finds nothing in
it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Iterable

# Lines look like "2026-01-05T12:00:01.1234567Z ##[group]Run pytest"; one line stays one line.
_TIME = re.compile(rb"^(?:\xef\xbb\xbf)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z(?: |$)", re.MULTILINE)
_MARK = re.compile(
    rb"^((?:\x1b\[[0-9;]{0,16}m)*)##\[(?:group|endgroup|section|command|debug|notice|warning|error)\]", re.M
)
_NULS = b"\0"


def plain_log(content: bytes) -> bytes:
    """The log without times, group marks and NULs. No line is added or taken away."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    return _MARK.sub(rb"\1", _TIME.sub(b"", content)).replace(_NULS, b"")


class HeadAndTail:
    """Keeps the start and the end of what is poured in, `limit_bytes` in all; the end gets seven eighths, because that
    is where a failure is told."""

    def __init__(self, limit_bytes: int) -> None:
        self._head_left = limit_bytes // 8
        self._tail_bytes = limit_bytes - self._head_left
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._kept = 0
        self.total_bytes = 0

    def pour(self, chunk: bytes) -> None:
        self.total_bytes += len(chunk)
        taken = chunk[: self._head_left]
        self._head += taken
        self._head_left -= len(taken)
        if rest := chunk[len(taken) :]:
            self._tail.append(rest)
            self._kept += len(rest)
        while self._kept - len(self._tail[0]) >= self._tail_bytes if self._tail else False:
            self._kept -= len(self._tail.popleft())

    @property
    def dropped_bytes(self) -> int:
        return max(0, self.total_bytes - len(self._head) - self._tail_bytes)

    def content(self) -> bytes:
        """What was kept. Where something was dropped, both sides are cut at a line's end and a line says so."""
        tail = b"".join(self._tail)[-self._tail_bytes :]
        if not self.dropped_bytes:
            return bytes(self._head) + tail
        head = bytes(self._head)
        head, tail = head[: head.rfind(b"\n") + 1] or head, tail[tail.find(b"\n") + 1 :] or tail
        return head + f"\n[… {self.dropped_bytes:,} bytes left out …]\n\n".encode() + tail


async def poured(chunks: AsyncIterator[bytes], limit_bytes: int) -> HeadAndTail:
    """All that comes, of which so much is kept."""
    kept = HeadAndTail(limit_bytes)
    async for chunk in chunks:
        kept.pour(chunk)
    return kept


def poured_now(chunks: Iterable[bytes], limit_bytes: int) -> HeadAndTail:
    kept = HeadAndTail(limit_bytes)
    for chunk in chunks:
        kept.pour(chunk)
    return kept
