"""The pipe to a forwarder, when the other end is not one, or means harm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bot.core.errors import SandboxCrashed, SandboxUnavailable
from sandbox.egress.lines import Exchange, Line
from sandbox.inside import forwarder as wire


class Script:
    """A stream that says what it was given, in small pieces, then nothing more; it keeps what it hears."""

    def __init__(self, said: bytes, ends: bool = True) -> None:
        self._said = said
        self._ends = ends
        self.heard = bytearray()

    async def read(self, size: int) -> bytes:
        if not self._said and not self._ends:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        data, self._said = self._said[: min(size, 7)], self._said[min(size, 7) :]
        return data

    async def write(self, data: bytes) -> None:
        self.heard += data


def frame(kind: int, number: int = 0, body: bytes = b"", size: int | None = None) -> bytes:
    return wire.HEAD.pack(kind, number, len(body) if size is None else size) + body


HELLO = frame(wire.READY, body=wire.GREETING)


async def read_nothing(_line: Line) -> None:
    await asyncio.Event().wait()


def exchange(*frames: bytes) -> None:
    asyncio.run(asyncio.wait_for(Exchange(Script(b"".join(frames)), read_nothing).run(), 5))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"", "it ended without a word"),
        (b"exec failed: python3: not found", "exec failed: python3: not found"),
        (frame(wire.FAILED, body=b"address in use"), "address in use"),
        (frame(wire.READY, body=b"somebody else"), "somebody else"),
        (b"\n", "it ended without a word"),
    ],
)
def test_what_is_no_forwarder_is_shown(said: bytes, shown: str) -> None:
    with pytest.raises(SandboxUnavailable, match=shown):
        exchange(said)


TOO_MUCH = [frame(wire.DATA, 1, bytes(wire.BODY_BYTES))] * (wire.UP_CREDIT_BYTES // wire.BODY_BYTES + 1)


@pytest.mark.parametrize(
    "frames",
    [
        [frame(wire.DATA, 1, b"before it is open")],
        [frame(wire.OPEN, 1), frame(wire.OPEN, 1)],
        [frame(wire.OPEN, 2), frame(wire.OPEN, 1)],
        [frame(wire.OPEN, number + 1) for number in range(2 * wire.CONNECTIONS + 1)],
        [frame(wire.OPEN, 1), frame(wire.DATA, 1, size=wire.BODY_BYTES + 1)],
        [frame(wire.OPEN, 1), frame(wire.DATA, 1, size=0xFFFFFFFF)],
        [frame(wire.OPEN, 1), *TOO_MUCH],
        [frame(wire.OPEN, 1), frame(wire.END, 1), frame(wire.DATA, 1, b"after its end")],
        [frame(wire.OPEN, 1), frame(wire.CREDIT, 1, wire.NUMBER.pack(1))],
        [frame(wire.OPEN, 1), frame(wire.CREDIT, 1, b"")],
        [frame(wire.OPEN, 1), frame(wire.READY, 1)],
        [frame(0, 1)],
        [frame(99, 1)],
    ],
)
def test_who_breaks_the_protocol_ends_the_exchange(frames: Sequence[bytes]) -> None:
    with pytest.raises(SandboxCrashed, match="broke the protocol"):
        exchange(HELLO, *frames)


def test_frames_for_a_connection_that_is_over_do_no_harm() -> None:
    exchange(HELLO, frame(wire.OPEN, 1), frame(wire.CLOSE, 1), frame(wire.DATA, 1, b"late"), frame(wire.CLOSE, 1))


def test_no_more_is_sent_than_the_forwarder_gave_credit_for() -> None:
    async def flood(line: Line) -> None:
        while True:
            await line.write(bytes(100_000))

    async def story() -> int:
        stream = Script(HELLO + frame(wire.OPEN, 1), ends=False)
        running = asyncio.ensure_future(Exchange(stream, flood).run())
        await asyncio.sleep(0.1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return len(stream.heard)

    heard = asyncio.run(story())
    frames = heard - wire.DOWN_CREDIT_BYTES
    assert 0 < frames < 40 * wire.HEAD.size


def test_a_connection_is_closed_when_what_serves_it_fails() -> None:
    async def fail(_line: Line) -> None:
        raise ConnectionResetError

    async def story() -> bytes:
        stream = Script(HELLO + frame(wire.OPEN, 7), ends=False)
        running = asyncio.ensure_future(Exchange(stream, fail).run())
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return bytes(stream.heard)

    assert asyncio.run(story()) == frame(wire.CLOSE, 7)
