"""Frames between host and agent, on the agent's side. What they mean does not belong here.

A frame is eight bytes of lengths (header, body; big-endian), a JSON header and a raw body. The host asks, the agent
answers; only a running command sends several frames (output as it comes, then how it ended).
"""

from __future__ import annotations

import json
import os
import struct

TYPE_CHECKING = False  # as `typing` has it, whose import would take a third of the start
if TYPE_CHECKING:
    from typing import Any

LENGTHS = struct.Struct(">II")


class HostGone(Exception):
    """Nobody is left to answer to."""


def receive_exactly(size: int) -> bytes:
    """`size` bytes of the host's. Raises HostGone at the end of the stream."""
    parts = []
    while size:
        part = os.read(0, min(size, 1 << 20))
        if not part:
            raise HostGone
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def receive() -> tuple[dict[str, Any], bytes]:
    """The host's next frame: (header, body)."""
    header_bytes, body_bytes = LENGTHS.unpack(receive_exactly(LENGTHS.size))
    return json.loads(receive_exactly(header_bytes).decode()), receive_exactly(body_bytes)


def send(header: dict[str, Any], body: bytes = b"") -> None:
    """Sends one frame. Raises HostGone when nobody reads any more."""
    head = json.dumps(header).encode()
    data = memoryview(LENGTHS.pack(len(head), len(body)) + head + body)
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError as error:
        raise HostGone from error
