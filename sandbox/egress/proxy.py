"""The allow-list proxy that a build's package managers speak to: decides, connects, counts, and keeps a record.

It sees where a connection goes and how much, never what: TLS is end to end. How connections come out of the container
is in `sandbox.egress.lines`, how they go on from here in `sandbox.egress.upstream`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h11

from bot.core.errors import SandboxUnavailable
from sandbox.egress import plain
from sandbox.egress.addresses import Resolve, resolved
from sandbox.egress.lines import Exchange, Line, Stream
from sandbox.egress.policy import Allowed, Policy
from sandbox.egress.record import Reached, Record
from sandbox.egress.requests import Asked
from sandbox.egress.upstream import Pair, Refused, Upstream

PIECE_BYTES = 1 << 18
LINGER_S = 20.0  # for a server to end as well, once the build has
START_S = 20.0  # for the forwarder to say that it listens, on a busy machine

__all__ = ["Egress", "Reached"]


class Egress:
    """One build's. `resolve` gives a name's addresses."""

    def __init__(self, policy: Policy, resolve: Resolve = resolved) -> None:
        self._policy = policy
        self._limits = policy.limits
        self._upstream = Upstream(resolve, policy.limits.connect_s, policy.ca_file)
        self._record = Record(policy.limits)

    @property
    def reached(self) -> tuple[Reached, ...]:
        """Each place that was asked for, in the order in which it first was."""
        return self._record.reached

    def notes(self) -> tuple[str, ...]:
        """What was refused, one sentence each: for the people who wonder why a build failed."""
        return self._record.notes()

    async def serve(self, stream: Stream) -> None:
        """Until the forwarder at the stream's other end has gone. Raises SandboxUnavailable when it never came up,
        SandboxCrashed when what it sends makes no sense. Cancelling ends every connection."""
        await Exchange(stream, self._answer).run()

    @asynccontextmanager
    async def serving(self, stream: Stream) -> AsyncIterator[None]:
        """Serves in the background, from when the forwarder listens until the block is left. Raises
        SandboxUnavailable when it does not come up. One that goes away later is in `notes`: the build's own tools say
        what they lack."""
        exchange = Exchange(stream, self._answer)
        running = asyncio.ensure_future(exchange.run())
        ready = asyncio.ensure_future(exchange.ready.wait())
        try:
            await asyncio.wait((running, ready), timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            if not exchange.ready.is_set():
                raise SandboxUnavailable(
                    f"The build's way to the package registries did not start within {START_S:.0f} s. Is the machine "
                    "overloaded? Try again."
                )
            yield
        finally:
            if running.done() and not running.cancelled():
                self._record.broke(running.exception())
            for task in (running, ready):
                task.cancel()
            await asyncio.gather(running, ready, return_exceptions=True)

    async def _answer(self, line: Line) -> None:
        """One connection of the build's, from its request to its end."""
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=self._limits.head_bytes)
        try:
            request = await self._request(line, parser)
            if request is None:
                return
            asked = self._asked(request)
            entry = self._record.enter(asked.host, asked.port)
            try:
                allowed = self._allow(asked)
                if asked.plain:
                    await self._fetch(line, (parser, request), asked, allowed, entry)
                else:
                    await self._tunnel(line, asked, allowed, entry, parser.trailing_data[0])
            except Refused as refused:
                entry.refuse(refused.text)
                raise
        except Refused as refused:
            await line.write(_answer_of(refused))

    async def _request(self, line: Line, parser: h11.Connection) -> h11.Request | None:
        """The head of the build's request; None when it left. Raises Refused."""
        try:
            async with asyncio.timeout(self._limits.head_s):
                while (event := parser.next_event()) is h11.NEED_DATA:
                    parser.receive_data(await line.read())
            if not isinstance(event, h11.Request):
                return None
            if not isinstance(parser.next_event(), h11.EndOfMessage):
                raise Refused(405, "only GET and HEAD without TLS", "Without TLS builds may only fetch (GET, HEAD).")
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint or 400
            raise Refused(status, "not a proxy request", f"This is no request to a proxy: {error}.") from error
        except TimeoutError as error:
            raise Refused(408, "no request", "No request came in time.") from error
        return event

    def _asked(self, request: h11.Request) -> Asked:
        """Raises Refused."""
        try:
            return Asked.by(request)
        except ValueError as error:
            text = "This is no request that builds may make: CONNECT to a host, or GET of an http:// address."
            raise Refused(400, "not a proxy request", text) from error

    def _allow(self, asked: Asked) -> Allowed:
        """What allows it. Raises Refused."""
        where = f"{asked.host}:{asked.port}"
        spent = self._record.spent()
        if spent:
            raise Refused(403, spent, f"{where} was not reached: {spent}.")
        allowed = self._policy.find(asked.host, asked.port, asked.plain)
        if allowed is None:
            how = f"http://{where}" if asked.plain else asked.host if asked.port == 443 else where
            raise Refused(
                403,
                f"{where} is not allowed, see FIXBUGS_REGISTRIES",
                f"The build asked for {'http://' if asked.plain else ''}{where}, which is not allowed: builds reach "
                f"package registries only. If they may reach this one, add {how} to FIXBUGS_REGISTRIES.",
            )
        return allowed

    async def _tunnel(self, line: Line, asked: Asked, allowed: Allowed, entry: Reached, rest: bytes) -> None:
        proxy = self._policy.proxies.towards(asked.host, asked.port, plain=False)
        if proxy is None:
            pair = await self._upstream.direct(asked.host, asked.port, allowed)
        else:
            pair = await self._upstream.through(proxy, asked.host, asked.port)
        try:
            await line.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._pump(line, pair, entry, rest)
        finally:
            pair[1].close()

    async def _fetch(
        self, line: Line, head: tuple[h11.Connection, h11.Request], asked: Asked, allowed: Allowed, entry: Reached
    ) -> None:
        proxy = self._policy.proxies.towards(asked.host, asked.port, plain=True)
        if proxy is None:
            pair = await self._upstream.direct(asked.host, asked.port, allowed)
        else:
            pair = await self._upstream.to_proxy(proxy)
        try:
            fetch = plain.Fetch(*head, asked, proxy)
            up = fetch.request()
            self._record.count_up(entry, len(up))
            pair[1].write(up)
            while not fetch.complete:
                async with asyncio.timeout(self._limits.idle_s):
                    data = await pair[0].read(PIECE_BYTES)
                    self._record.count_down(entry, len(data))
                    await line.write(fetch.answer(data))
        finally:
            pair[1].close()

    async def _pump(self, line: Line, pair: Pair, entry: Reached, rest: bytes) -> None:
        """Both ways until both have ended, or nothing came for too long."""
        reader, writer = pair
        loop = asyncio.get_running_loop()

        async def up() -> None:
            data = rest or await line.read()
            while data:
                idle.reschedule(loop.time() + self._limits.idle_s)
                self._record.count_up(entry, len(data))
                writer.write(data)
                await writer.drain()
                data = await line.read()
            if writer.can_write_eof():
                writer.write_eof()
            idle.reschedule(loop.time() + min(LINGER_S, self._limits.idle_s))

        async def down() -> None:
            while data := await reader.read(PIECE_BYTES):
                idle.reschedule(loop.time() + self._limits.idle_s)
                self._record.count_down(entry, len(data))
                await line.write(data)
            await line.end()

        async with asyncio.timeout(self._limits.idle_s) as idle:
            ways = [asyncio.ensure_future(way) for way in (up(), down())]
            try:
                await asyncio.gather(*ways)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)


def _answer_of(refused: Refused) -> bytes:
    body = refused.text.encode() + b"\n"
    head = (
        f"HTTP/1.1 {refused.status} {refused.reason}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii", "replace") + body
