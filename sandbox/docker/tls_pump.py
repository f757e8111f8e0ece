"""A plain socket in the place of an encrypted one, for asyncio, which takes plain ones only. What is said over it does
not belong here.

One thread per connection does all its reading and writing: an encrypted socket must not be used by two at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import threading
from dataclasses import dataclass, field

CHUNK_BYTES = 1 << 18
GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


def plain(connection: ssl.SSLSocket) -> socket.socket:
    """Ends when either side does: closing it closes `connection`, which belongs to the pump from here on."""
    ours, theirs = socket.socketpair()
    for end in (connection, theirs):
        end.setblocking(False)
    pump = Pump(connection, theirs)
    threading.Thread(target=pump.run, name="fixbugs-tls", daemon=True).start()
    return ours


@dataclass
class Pump:
    """Copies between an encrypted socket and a plain one, both non-blocking, with little in between."""

    far: ssl.SSLSocket
    near: socket.socket
    inward: bytearray = field(default_factory=bytearray)
    outward: bytearray = field(default_factory=bytearray)
    far_wants: int = 0  # what the encryption waits for, beyond what there is to copy
    ended: bool = False  # the far end has said all that it will

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # one of them is gone, so the other goes too
            while self._copy():
                self._wait()
        _close(self.far)
        self.near.close()

    def _copy(self) -> bool:
        """Moves all that can be moved now; False when nothing more will come."""
        self.far_wants = 0
        while self._take_in() | self._hand_in() | self._take_out() | self._send_out():
            pass
        return not self.ended or bool(self.inward)

    def _take_in(self) -> bool:
        if self.ended or len(self.inward) >= CHUNK_BYTES:
            return False
        try:
            data = self.far.recv(CHUNK_BYTES)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLWantWriteError:
            self.far_wants |= select.POLLOUT
            return False
        except OSError:
            data = b""  # broken off: what came before it still counts
        self.ended = not data
        self.inward += data
        return bool(data)

    def _hand_in(self) -> bool:
        if not self.inward:
            return False
        try:
            count = self.near.send(self.inward)
        except BlockingIOError:
            return False
        del self.inward[:count]
        return True

    def _take_out(self) -> bool:
        """Raises ConnectionResetError when our side has hung up: what it wrote last is then of no interest."""
        if len(self.outward) >= CHUNK_BYTES:
            return False
        try:
            data = self.near.recv(CHUNK_BYTES)
        except BlockingIOError:
            return False
        if not data:
            raise ConnectionResetError
        self.outward += data
        return True

    def _send_out(self) -> bool:
        if not self.outward or self.ended:
            return False
        try:
            # After a refusal the same bytes come again, as the encryption asks: they stay first in line.
            count = self.far.send(self.outward)
        except ssl.SSLWantReadError:
            self.far_wants |= select.POLLIN
            return False
        except ssl.SSLWantWriteError:
            self.far_wants |= select.POLLOUT
            return False
        del self.outward[:count]
        return True

    def _wait(self) -> None:
        """Until one of them can be read or written again. Raises ConnectionResetError when our side has hung up."""
        poll = select.poll()
        far = self.far_wants
        if not self.ended and len(self.inward) < CHUNK_BYTES:
            far |= select.POLLIN
        if far:
            poll.register(self.far, far)
        near = select.POLLIN if len(self.outward) < CHUNK_BYTES else 0
        poll.register(self.near, near | (select.POLLOUT if self.inward else 0))
        for handle, event in poll.poll():
            if handle == self.near.fileno() and event & GONE and not event & select.POLLIN:
                raise ConnectionResetError


def _close(connection: ssl.SSLSocket) -> None:
    """At once: the library's objects for the answer hold on to it, and a plain `close` would wait for those."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        os.close(connection.detach())
