"""Connections to GitHub, kept open between requests. Each event loop gets its own, because httpx's clients cannot be
shared between loops and every stage runs in one of its own. Knows nothing of what is sent."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import cache

import httpx

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
REDIRECTS_AT_MOST = 5


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: it takes 40 ms, and any thread may use them."""
    return httpx.create_ssl_context()


@dataclass(frozen=True, slots=True)
class _Open:
    client: httpx.AsyncClient
    ending: AsyncGenerator[None, None]  # held, because a forgotten generator ends at once


class Connections:
    """One httpx client per running event loop, closed when that loop ends. `transport` replaces the network."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None, user_agent: str) -> None:
        self._transport = transport
        self._user_agent = user_agent
        self._open: dict[asyncio.AbstractEventLoop, _Open] = {}
        # It logs every address at INFO, and those of logs and attachments carry a signature.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    async def client(self) -> httpx.AsyncClient:
        """The running loop's client. Not to be closed by the caller."""
        loop = asyncio.get_running_loop()
        if (found := self._open.get(loop)) is None:
            client = httpx.AsyncClient(
                transport=self._transport,
                verify=_certificates(),
                timeout=TIMEOUT,
                max_redirects=REDIRECTS_AT_MOST,
                headers={"User-Agent": self._user_agent},
            )
            found = self._open[loop] = _Open(client, self._until_the_loop_ends(loop, client))
            await anext(found.ending)
        return found.client

    async def _until_the_loop_ends(
        self, loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient
    ) -> AsyncGenerator[None, None]:
        """Closes the client when the loop shuts its asynchronous generators down, as `asyncio.run` does at its end:
        a loop has no other way to say that it is over."""
        try:
            yield
        finally:
            del self._open[loop]
            await client.aclose()
