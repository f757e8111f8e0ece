"""Carries the connections of a build's package managers out of a container that has no network: listens on its
loopback and speaks frames with the host over stdin and stdout. It decides nothing; what may be reached is the host's.

Runs as `python3 -I -S -B -c <this file> <port>`, so: one file, the standard library, Python 3.8 and newer.

A frame is a kind, a connection's number, a length (big-endian) and so many bytes. Each side may send only as many bytes
of a connection as the other has given it credit for, so a slow reader holds up nobody else and needs little memory.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import struct
import sys
import time

TYPE_CHECKING = False  # as `typing` has it, whose import would cost the start
if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = struct.Struct(">BII")
READY, FAILED, OPEN, DATA, CREDIT, END, CLOSE = range(1, 8)  # the kinds
BODY_BYTES = 1 << 16  # of one frame at most
DOWN_CREDIT_BYTES = 1 << 20  # to a connection of the build's, at the start
UP_CREDIT_BYTES = 1 << 18  # from one
CONNECTIONS = 128  # open at once; further ones wait in the kernel's queue
IDLE_S = 900.0  # the host's own limit is shorter: this is for what it lost sight of
GREETING = b"fixbugs-egress/1"
NUMBER = struct.Struct(">I")


class Connection:
    """One connection of the build's. `waiting` is what came from the host and was not yet taken."""

    __slots__ = ("closing", "credit", "ended", "events", "granted", "number", "socket", "touched_s", "waiting")

    def __init__(self, number: int, accepted: socket.socket) -> None:
        self.number = number
        self.socket = accepted
        self.waiting = bytearray()
        self.credit = UP_CREDIT_BYTES
        self.granted = 0  # bytes taken by the build that the host was not yet told of
        self.ended = False  # the build sends no more
        self.closing = 0  # END or CLOSE, once the host said so: done when nothing waits
        self.events = 0
        self.touched_s = time.monotonic()


class Forwarder:
    """A loop over all connections and the host's two pipes; ends when the host does."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.selector = selectors.DefaultSelector()
        self.connections: dict[int, Connection] = {}
        self.number = 0
        self.incoming = bytearray()
        self.outgoing = bytearray()  # bounded by the connections' credit
        self.accepting = False
        self.writing = False
        self.alive = True

    def run(self) -> None:
        for end in (0, 1):
            os.set_blocking(end, False)
        self.listener.setblocking(False)
        self.selector.register(0, selectors.EVENT_READ, self.hear)
        self.send(READY, 0, GREETING)
        swept_s = time.monotonic()
        while self.alive:
            self.accept_or_wait()
            self.flush()
            for key, events in self.selector.select(30.0):
                if isinstance(key.data, Connection):
                    self.serve(key.data, events)
                else:
                    call: Callable[[], None] = key.data
                    call()
            if time.monotonic() - swept_s > 30.0:
                swept_s = time.monotonic()
                self.sweep(swept_s)

    # ------------------------------------------------------------ the host

    def hear(self) -> None:
        """Takes what the host sent; always, so that it never waits for one connection."""
        try:
            data = os.read(0, 1 << 18)
        except BlockingIOError:
            return
        if not data:
            self.alive = False
        self.incoming += data
        taken = 0
        while len(self.incoming) - taken >= HEAD.size:
            kind, number, size = HEAD.unpack_from(self.incoming, taken)
            if len(self.incoming) - taken - HEAD.size < size:
                break
            start = taken + HEAD.size
            taken = start + size
            connection = self.connections.get(number)
            if connection is not None:  # else it ended while this was under way
                self.obey(connection, kind, bytes(self.incoming[start:taken]))
        del self.incoming[:taken]

    def obey(self, connection: Connection, kind: int, body: bytes) -> None:
        connection.touched_s = time.monotonic()
        if kind == DATA:
            connection.waiting += body
            self.give(connection)
        elif kind == CREDIT:
            connection.credit += NUMBER.unpack(body)[0]
            self.watch(connection)
        elif kind in (END, CLOSE):
            connection.closing = kind
            self.give(connection)

    def send(self, kind: int, number: int, body: bytes = b"") -> None:
        self.outgoing += HEAD.pack(kind, number, len(body)) + body

    def flush(self) -> None:
        """Writes what the pipe takes; asks to be woken for the rest."""
        try:
            while self.outgoing:
                del self.outgoing[: os.write(1, memoryview(self.outgoing)[: 1 << 18])]
        except BlockingIOError:
            pass
        except OSError:
            self.alive = False
        if bool(self.outgoing) != self.writing:
            self.writing = not self.writing
            if self.writing:
                self.selector.register(1, selectors.EVENT_WRITE, self.flush)
            else:
                self.selector.unregister(1)

    # ----------------------------------------------------------- the build

    def accept_or_wait(self) -> None:
        """Listens only while there is room for one more."""
        room = len(self.connections) < CONNECTIONS
        if room and not self.accepting:
            self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        elif self.accepting and not room:
            self.selector.unregister(self.listener)
        self.accepting = room

    def accept(self) -> None:
        try:
            accepted, _ = self.listener.accept()
        except OSError:  # it left again
            return
        accepted.setblocking(False)
        self.number += 1
        connection = Connection(self.number, accepted)
        self.connections[self.number] = connection
        self.send(OPEN, self.number)
        self.watch(connection)

    def serve(self, connection: Connection, events: int) -> None:
        if connection.number not in self.connections:  # it ended by what was served just before
            return
        connection.touched_s = time.monotonic()
        if events & selectors.EVENT_WRITE:
            self.give(connection)
        if events & selectors.EVENT_READ and connection.number in self.connections:
            self.take(connection)

    def take(self, connection: Connection) -> None:
        """Reads from the build as much as the host has room for."""
        try:
            data = connection.socket.recv(min(BODY_BYTES, connection.credit))
        except BlockingIOError:
            return
        except OSError:
            self.drop(connection, tell=True)
            return
        if data:
            connection.credit -= len(data)
            self.send(DATA, connection.number, data)
        else:
            connection.ended = True
            self.send(END, connection.number)
        self.watch(connection)

    def give(self, connection: Connection) -> None:
        """Hands the build what waits for it, and the host new credit for what was taken."""
        try:
            while connection.waiting:
                size = connection.socket.send(memoryview(connection.waiting)[: 1 << 18])
                del connection.waiting[:size]
                connection.granted += size
        except BlockingIOError:
            pass
        except OSError:
            self.drop(connection, tell=True)
            return
        if connection.granted >= DOWN_CREDIT_BYTES // 4:
            self.send(CREDIT, connection.number, NUMBER.pack(connection.granted))
            connection.granted = 0
        if not connection.waiting and connection.closing == CLOSE:
            self.drop(connection, tell=False)
            return
        if not connection.waiting and connection.closing == END:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_WR)
        self.watch(connection)

    def watch(self, connection: Connection) -> None:
        """Asks for just those events that can be served now."""
        events = selectors.EVENT_WRITE if connection.waiting else 0
        if connection.credit > 0 and not connection.ended:
            events |= selectors.EVENT_READ
        if events == connection.events:
            return
        if not connection.events:
            self.selector.register(connection.socket, events, connection)
        elif events:
            self.selector.modify(connection.socket, events, connection)
        else:
            self.selector.unregister(connection.socket)
        connection.events = events

    def drop(self, connection: Connection, tell: bool) -> None:
        if connection.events:
            self.selector.unregister(connection.socket)
        del self.connections[connection.number]
        with contextlib.suppress(OSError):
            connection.socket.close()
        if tell:
            self.send(CLOSE, connection.number)

    def sweep(self, now_s: float) -> None:
        for connection in list(self.connections.values()):
            if now_s - connection.touched_s > IDLE_S:
                self.drop(connection, tell=True)


def main() -> None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(sys.argv[1])))
        listener.listen(CONNECTIONS)
    except OSError as error:
        text = str(error).encode()
        os.write(1, HEAD.pack(FAILED, 0, len(text)) + text)
        return
    Forwarder(listener).run()


if __name__ == "__main__":
    main()
