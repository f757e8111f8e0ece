"""Bytes to and from a program that the engine runs in a container: one hijacked connection that carries its stdin, and
its stdout and stderr in the engine's own framing. What is said is `sandbox.channel`'s business."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.core.errors import SandboxCrashed
from sandbox.docker.tls_pump import plain

HEAD = struct.Struct(">BxxxI")  # which stream (1 stdout, 2 stderr), and how many bytes follow
STDOUT = 1
SAID_BYTES = 2000
CHUNK_BYTES = 1 << 18


@dataclass
class ExecPipe:
    """Implements `sandbox.channel.Pipe`. `end` ends the container (it blocks, and may be called twice)."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    end: Callable[[], None]
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    left: int = 0  # bytes of the engine's present frame that are still to come
    stream: int = STDOUT

    @classmethod
    async def open(cls, connection: socket.socket, end: Callable[[], None]) -> ExecPipe:
        """`connection` belongs to the pipe from here on."""
        if isinstance(connection, ssl.SSLSocket):  # asyncio takes plain sockets only
            connection = plain(connection)
        connection.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=connection, limit=CHUNK_BYTES)
        return cls(reader, writer, end)

    async def write(self, data: bytes) -> None:
        try:
            self.writer.write(data)
            await self.writer.drain()
        except (ConnectionError, OSError) as error:
            raise SandboxCrashed(f"The sandbox went away. {self.said()}".strip()) from error

    async def read(self, size: int) -> bytes:
        while len(self.stdout) < size:
            if not await self._more():
                raise SandboxCrashed(f"The sandbox went away. {self.said()}".strip())
        found = bytes(self.stdout[:size])
        del self.stdout[:size]
        return found

    async def read_some(self, size: int) -> bytes:
        """What of stdout comes next, at most `size` bytes; b"" at its end."""
        while not self.stdout:
            if not await self._more():
                return b""
        found = bytes(self.stdout[:size])
        del self.stdout[:size]
        return found

    async def _more(self) -> bool:
        """Takes in what arrives next; False at the end."""
        try:
            if not self.left:
                self.stream, self.left = HEAD.unpack(await self.reader.readexactly(HEAD.size))
                return True
            data = await self.reader.read(min(self.left, CHUNK_BYTES))
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            return False
        self.left -= len(data)
        if self.stream == STDOUT:
            self.stdout += data
        else:
            self.stderr = (self.stderr + data)[-SAID_BYTES:]
        return bool(data)

    def ready(self) -> None:
        pass

    def said(self) -> str:
        return self.stderr.decode("utf-8", "replace").strip()

    def kill(self) -> None:
        """Hanging up tells the agent to go, also one that reads no more; `close` makes sure of it."""
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.transport.abort()

    async def close(self) -> None:
        self.kill()
        await asyncio.to_thread(self.end)
