"""The host's end of a sandbox: speaks frames with the agent inside, never waits for ever.

Everything that arrives is untrusted: sizes are checked before anything is read, and whatever does not fit the protocol
ends the sandbox. What carries the bytes does not belong here; see `sandbox.process_pipe` and
`sandbox.docker.exec_pipe`.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.core.errors import SandboxCrashed, SandboxUnavailable

LENGTHS = struct.Struct(">II")
OUTPUT = frozenset({"stdout", "stderr"})
MAX_HEADER_BYTES = 1 << 16
BATCH_BYTES = 1 << 18  # small files go out together
START_S = 20.0  # for the agent to say that it is ready, on a busy machine


class Pipe(Protocol):
    """Bytes to and from a started agent."""

    async def write(self, data: bytes) -> None:
        """Raises SandboxCrashed when the agent is gone."""

    async def read(self, size: int) -> bytes:
        """Exactly so many bytes. Raises SandboxCrashed when the agent is gone before."""

    def ready(self) -> None:
        """The agent said that it has started."""

    def said(self) -> str:
        """The last of what the starter or the agent printed as its own error."""

    def kill(self) -> None:
        """Ends the sandbox now; `close` waits for it to be gone."""

    async def close(self) -> None:
        """Waits until an ended sandbox and everything in it is gone."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One frame of the agent's. Fields that its kind does not have keep their defaults."""

    kind: str
    body: bytes = b""
    kept: int = 0
    ended: str = ""
    exit_code: int = 0
    truncated: bool = False
    wall_s: float = 0.0
    errno: int = 0
    text: str = ""


def encode(header: Mapping[str, object], body: bytes = b"") -> bytes:
    """A frame for the agent."""
    head = json.dumps(header).encode()
    return LENGTHS.pack(len(head), len(body)) + head + body


def decode(head: bytes, body: bytes) -> Reply:
    """A frame of the agent's. Raises ValueError for anything that is none."""
    header = json.loads(head)
    if not isinstance(header, dict) or not isinstance(header.get("is"), str):
        raise ValueError("not a reply")  # noqa: TRY004 (one exception for all that is no frame)
    expected: dict[str, type] = {"kept": int, "ended": str, "exit_code": int, "errno": int, "text": str}
    for name, kind in expected.items():
        if not isinstance(header.get(name, kind()), kind):
            raise ValueError(f"bad field {name}")  # noqa: TRY004 (as above)
    return Reply(
        kind=header["is"],
        body=body,
        kept=header.get("kept", 0),
        ended=header.get("ended", ""),
        exit_code=header.get("exit_code", 0),
        truncated=bool(header.get("truncated", False)),
        wall_s=float(header.get("wall_s", 0.0)),
        errno=header.get("errno", 0),
        text=header.get("text", ""),
    )


@dataclass
class Channel:
    """One started agent. One conversation at a time; a broken one ends the sandbox, and every later call raises
    SandboxCrashed. `greeting` is what the agent said of itself when it was ready."""

    pipe: Pipe
    broken: str = ""
    greeting: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def open(cls, pipe: Pipe) -> Channel:
        """Waits for the agent. Raises SandboxUnavailable, with what the starter printed, when it does not come up."""
        channel = cls(pipe)
        try:
            await channel._await_ready()
            pipe.ready()
        except BaseException:
            await asyncio.shield(channel.close())
            raise
        return channel

    async def _await_ready(self) -> None:
        try:
            async with asyncio.timeout(START_S):
                reply = await self._receive(0)
        except (TimeoutError, SandboxCrashed) as error:
            raise SandboxUnavailable(f"The sandbox did not start: {self.pipe.said() or error}") from error
        if reply.kind != "ready":
            raise SandboxUnavailable(f"The sandbox did not start: its agent said {reply.kind!r}.")
        self.greeting = reply.text

    async def converse(
        self,
        frames: Iterable[bytes],
        limit_s: float,
        max_body_bytes: int = 0,
        on_output: Callable[[Reply], None] | None = None,
    ) -> Reply:
        """Sends frames and returns the reply; `on_output` gets the output that comes before it.

        Raises SandboxCrashed when the sandbox goes away, breaks the protocol or is silent past `limit_s`. Leaving in
        the middle (cancelled, or an exception of `on_output`) ends the sandbox.
        """
        async with self.turn:
            if self.broken:
                raise SandboxCrashed(self.broken)
            try:
                async with asyncio.timeout(limit_s):
                    await self._send(frames)
                    while (reply := await self._receive(max_body_bytes)).kind in OUTPUT:
                        if on_output is None:
                            raise SandboxCrashed("The sandbox broke the protocol (output of no command); it was ended.")
                        on_output(reply)
                    return reply
            except TimeoutError as error:
                self.kill(f"The sandbox did not answer within {limit_s:.0f} s; it was ended.")
                raise SandboxCrashed(self.broken) from error
            except BaseException as error:
                self.kill(str(error) if isinstance(error, SandboxCrashed) else "The sandbox was ended in the middle.")
                raise

    async def _send(self, frames: Iterable[bytes]) -> None:
        batch = bytearray()
        for frame in frames:
            batch += frame
            if len(batch) >= BATCH_BYTES:
                await self.pipe.write(bytes(batch))
                batch.clear()
        if batch:
            await self.pipe.write(bytes(batch))

    async def _receive(self, max_body_bytes: int) -> Reply:
        try:
            header_bytes, body_bytes = LENGTHS.unpack(await self.pipe.read(LENGTHS.size))
            if header_bytes > MAX_HEADER_BYTES or body_bytes > max_body_bytes:
                raise ValueError("a frame is too large")
            return decode(await self.pipe.read(header_bytes), await self.pipe.read(body_bytes))
        except (ValueError, RecursionError) as error:
            raise SandboxCrashed(f"The sandbox broke the protocol ({error}); it was ended.") from error

    def kill(self, why: str) -> None:
        """Ends the sandbox now; `close` waits for it to be gone."""
        self.broken = self.broken or why
        self.pipe.kill()

    async def close(self) -> None:
        """Ends the sandbox and everything in it, and waits until it is gone."""
        self.kill("The sandbox was closed.")
        await self.pipe.close()
