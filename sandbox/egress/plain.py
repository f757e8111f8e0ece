"""One request without TLS, to an index that the operator set up so: what is sent on, and what the build gets back. No
I/O here. One request for each connection: none can be smuggled behind another.
"""

from __future__ import annotations

from collections.abc import Iterable

import h11

from sandbox.egress.policy import Proxy
from sandbox.egress.requests import Asked
from sandbox.egress.upstream import authorization

# They are about one connection only (RFC 9110, 7.6.1), or for us.
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authorization proxy-authenticate te trailer transfer-encoding "
    b"upgrade host expect".split()
)
ANSWER_HEAD_BYTES = 64 << 10


class Fetch:
    """A GET or HEAD, as `parser` read it from the build. To `proxy`, the operator's, the address is sent whole, else
    only its path."""

    def __init__(self, parser: h11.Connection, request: h11.Request, asked: Asked, proxy: Proxy | None) -> None:
        self._build = parser
        self._server = h11.Connection(h11.CLIENT, max_incomplete_event_size=ANSWER_HEAD_BYTES)
        headers = [(b"host", asked.authority.encode()), *_end_to_end(request.headers), (b"connection", b"close")]
        for line in authorization(proxy) if proxy else ():
            key, _, value = line.partition(": ")
            headers.append((key.encode(), value.encode()))
        target = f"http://{asked.authority}{asked.path}" if proxy else asked.path
        self._request = h11.Request(method=request.method, target=target, headers=headers)

    @property
    def complete(self) -> bool:
        return self._build.our_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)

    def request(self) -> bytes:
        """What goes to the server."""
        return (self._server.send(self._request) or b"") + (self._server.send(h11.EndOfMessage()) or b"")

    def answer(self, data: bytes) -> bytes:
        """What goes to the build for what came from the server (nothing: its end). Raises ConnectionError when that
        makes no sense."""
        sent: list[bytes | None] = []
        try:
            self._server.receive_data(data)
            while (event := self._server.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Response):
                    headers = [*_end_to_end(event.headers), (b"connection", b"close")]
                    status, reason = event.status_code, event.reason
                    sent.append(self._build.send(h11.Response(status_code=status, headers=headers, reason=reason)))
                elif isinstance(event, h11.Data | h11.EndOfMessage):
                    sent.append(self._build.send(event))
                if not isinstance(event, h11.Response | h11.Data | h11.InformationalResponse):
                    break
        except h11.ProtocolError as error:
            raise ConnectionAbortedError(f"the index answered what is not HTTP: {error}") from error
        return b"".join(part for part in sent if part)


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers that are not about one connection only."""
    headers = list(headers)
    listed = {word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")}
    return [(name, value) for name, value in headers if name not in HOP_BY_HOP and name not in listed]
