"""The host's end of the one pipe to a forwarder: many connections of a build's over it, each a `Line`. What a line may
reach does not belong here.

Everything that arrives is untrusted: who breaks the protocol ends the whole exchange.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.core.errors import SandboxCrashed, SandboxUnavailable
from sandbox.inside import forwarder as wire

QUEUED_FRAMES = 64  # on their way to the forwarder; whoever wants to send more waits
SHOWN_BYTES = 300


class Stream(Protocol):
    """The forwarder's stdin and stdout."""

    async def read(self, size: int) -> bytes:
        """Some bytes, `size` at most; none at the end."""

    async def write(self, data: bytes) -> None:
        """Waits until there is room."""


class Line:
    """One connection of the build's. One reader and one writer at a time."""

    def __init__(self, number: int, send: Callable[[int, int, bytes], Awaitable[None]]) -> None:
        self.number = number
        self._send = send
        self._inbox = bytearray()
        self._credit = wire.DOWN_CREDIT_BYTES
        self._ended = False
        self._gone = False
        self._heard = asyncio.Event()
        self._allowed = asyncio.Event()
        self._allowed.set()

    async def read(self) -> bytes:
        """What the build sent since; none once it sends no more. Raises ConnectionResetError when it has gone."""
        while not self._inbox and not self._ended:
            self._heard.clear()
            await self._heard.wait()
        if self._gone:
            raise ConnectionResetError("the build closed the connection")
        data = bytes(self._inbox)
        self._inbox.clear()
        if data:
            await self._send(wire.CREDIT, self.number, wire.NUMBER.pack(len(data)))
        return data

    async def write(self, data: bytes) -> None:
        """Waits while the build does not read. Raises ConnectionResetError when it has gone."""
        rest = memoryview(data)
        while rest:
            while self._credit <= 0 and not self._gone:
                self._allowed.clear()
                await self._allowed.wait()
            if self._gone:
                raise ConnectionResetError("the build closed the connection")
            part = rest[: min(self._credit, wire.BODY_BYTES)]
            self._credit -= len(part)
            rest = rest[len(part) :]
            await self._send(wire.DATA, self.number, bytes(part))

    async def end(self) -> None:
        """Nothing more comes from our side."""
        if not self._gone:
            await self._send(wire.END, self.number, b"")

    async def close(self) -> None:
        """The build gets what was written so far, then the connection ends."""
        if not self._gone:
            self.lose()
            await self._send(wire.CLOSE, self.number, b"")

    def obey(self, kind: int, body: bytes) -> None:
        """A frame of the forwarder's. Raises ValueError for one that breaks the protocol."""
        if self._gone:
            return  # sent before the forwarder knew
        if kind == wire.DATA:
            if self._ended or len(self._inbox) + len(body) > wire.UP_CREDIT_BYTES:
                raise ValueError("more data than it was allowed to send")
            self._inbox += body
            self._heard.set()
        elif kind == wire.CREDIT:
            (granted,) = wire.NUMBER.unpack(body)
            self._credit += granted
            if self._credit > wire.DOWN_CREDIT_BYTES:
                raise ValueError("more credit than it had to give")
            self._allowed.set()
        elif kind == wire.END:
            self._ended = True
            self._heard.set()
        else:
            self.lose()

    def lose(self) -> None:
        """The connection is over; whoever waits for it hears so."""
        self._ended = self._gone = True
        self._heard.set()
        self._allowed.set()


class Exchange:
    """All lines over one stream; `answer` is called for each, in a task of its own, and may raise OSError."""

    def __init__(self, stream: Stream, answer: Callable[[Line], Awaitable[None]]) -> None:
        self.ready = asyncio.Event()
        self._stream = stream
        self._answer = answer
        self._lines: dict[int, Line] = {}
        self._latest = 0
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUED_FRAMES)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until the forwarder has gone. Raises SandboxUnavailable when it never came, SandboxCrashed when it broke
        the protocol."""
        writer = asyncio.ensure_future(self._write())
        reader = asyncio.ensure_future(self._listen())
        try:
            done, _ = await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except ValueError as error:
            raise SandboxCrashed(f"The build's way to the package registries broke the protocol ({error}).") from error
        finally:
            for line in self._lines.values():
                line.lose()
            tasks = (writer, reader, *self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        await self._greet()
        while (frame := await self._frame()) is not None:
            kind, number, body = frame
            line = self._lines.get(number)
            if kind == wire.OPEN:
                self._open(number)
            elif kind not in (wire.DATA, wire.CREDIT, wire.END, wire.CLOSE) or number > self._latest:
                raise ValueError("a frame that means nothing")
            elif line is not None:  # else it is over, and the forwarder did not know
                line.obey(kind, body)

    async def _greet(self) -> None:
        """The first frame says that it listens, or why not; something else was never our forwarder."""
        said = await self._exactly(wire.HEAD.size)
        kind, _, size = wire.HEAD.unpack(said) if len(said) == wire.HEAD.size else (0, 0, 0)
        if kind in (wire.READY, wire.FAILED) and size <= wire.BODY_BYTES:
            said = await self._exactly(size)
            if kind == wire.READY and said == wire.GREETING:
                self.ready.set()
                return
        elif said:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    said += await self._exactly(SHOWN_BYTES)
        text = said.decode("utf-8", "replace").strip() or "it ended without a word"
        raise SandboxUnavailable(f"The build's way to the package registries did not start: {text}.")

    def _open(self, number: int) -> None:
        if number <= self._latest or len(self._lines) >= 2 * wire.CONNECTIONS:
            raise ValueError("too many connections")
        self._latest = number
        line = self._lines[number] = Line(number, self._send)
        task = asyncio.ensure_future(self._serve(line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, line: Line) -> None:
        try:
            await self._answer(line)
        except OSError:
            pass  # one of its two ends has gone: the other one is told
        finally:
            await line.close()
            self._lines.pop(line.number, None)

    async def _send(self, kind: int, number: int, body: bytes) -> None:
        await self._queue.put(wire.HEAD.pack(kind, number, len(body)) + body)

    async def _write(self) -> None:
        """The only one that writes to the stream: a task of a line may be cancelled, a frame is never cut."""
        with contextlib.suppress(OSError, SandboxCrashed):
            while True:
                parts = [await self._queue.get()]
                while not self._queue.empty():
                    parts.append(self._queue.get_nowait())
                await self._stream.write(b"".join(parts))

    async def _frame(self) -> tuple[int, int, bytes] | None:
        head = await self._exactly(wire.HEAD.size)
        if len(head) < wire.HEAD.size:
            return None
        kind, number, size = wire.HEAD.unpack(head)
        if size > wire.BODY_BYTES or (kind == wire.CREDIT and size != wire.NUMBER.size):
            raise ValueError("a frame of a wrong size")
        body = await self._exactly(size)
        return (kind, number, body) if len(body) == size else None

    async def _exactly(self, size: int) -> bytes:
        """So many bytes; fewer at the end of the stream."""
        parts = bytearray()
        with contextlib.suppress(OSError, EOFError, SandboxCrashed):
            while len(parts) < size:
                part = await self._stream.read(size - len(parts))
                if not part:
                    break
                parts += part
        return bytes(parts)
