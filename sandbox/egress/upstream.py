"""Connections out of this machine for a build: to the very address that was looked at, or through the operator's own
proxy. Whether a host may be reached at all is decided before.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass
from pathlib import Path

from sandbox.egress.addresses import Resolve, objection
from sandbox.egress.policy import Allowed, Proxy

HEAD_BYTES = 16 << 10  # of a proxy's answer
PIPE_BYTES = 1 << 18

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Refused(Exception):
    """A connection that a build does not get: `status` and the text of the answer; `reason`, a short form of it, is
    what most package managers show."""

    def __init__(self, status: int, reason: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.text = text


@dataclass(frozen=True, slots=True)
class Upstream:
    """How to get out. `ca_file` vouches for an operator's proxy that speaks TLS ("" for this machine's own)."""

    resolve: Resolve
    connect_s: float
    ca_file: str = ""

    async def direct(self, host: str, port: int, allowed: Allowed) -> Pair:
        """Raises Refused."""
        where = f"{host}:{port}"
        try:
            async with asyncio.timeout(self.connect_s):
                addresses = await self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Refused(502, f"{host} is not known", f"{host} could not be resolved: {error}.") from error
        objections = {address: objection(address, allowed.own) for address in addresses}
        good = [address for address, why in objections.items() if not why]
        if not good:
            address, why = next(iter(objections.items()), ("", "without an address"))
            raise Refused(
                403,
                f"{host} leads to {why}",
                f"{where} leads to {address}, {why}, so builds do not get there. Where that is right, name "
                f"{host} in FIXBUGS_REGISTRIES or in the package manager's own index setting.",
            )
        failed: OSError | None = None
        for address in good:
            try:
                async with asyncio.timeout(self.connect_s):
                    return await asyncio.open_connection(address, port, limit=PIPE_BYTES)
            except OSError as error:
                failed = error
        raise Refused(502, f"{host} cannot be reached", f"{where} cannot be reached: {failed or 'no answer'}.")

    async def to_proxy(self, proxy: Proxy) -> Pair:
        """A connection to the operator's proxy itself. Raises Refused."""
        try:
            context = await asyncio.to_thread(self._context) if proxy.tls else None
            async with asyncio.timeout(self.connect_s):
                return await asyncio.open_connection(proxy.host, proxy.port, ssl=context, limit=PIPE_BYTES)
        except OSError as error:
            shown = f"{proxy.host}:{proxy.port}"
            text = f"The proxy {shown}, which this server goes out by, cannot be reached: {error or 'no answer'}."
            raise Refused(502, f"proxy {shown} cannot be reached", text) from error

    async def through(self, proxy: Proxy, host: str, port: int) -> Pair:
        """A tunnel to a host by the operator's proxy, which resolves its name. Raises Refused."""
        reader, writer = await self.to_proxy(proxy)
        try:
            name = f"[{host}]" if ":" in host else host
            lines = [f"CONNECT {name}:{port} HTTP/1.1", f"Host: {name}:{port}", *authorization(proxy), "", ""]
            writer.write("\r\n".join(lines).encode())
            async with asyncio.timeout(self.connect_s):
                head = await reader.readuntil(b"\r\n\r\n")
            first = head[:200].partition(b"\r\n")[0].decode("latin-1")
            if len(head) > HEAD_BYTES or first.split(" ")[1:2] != ["200"]:
                raise OSError(first)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            writer.close()
            shown = f"{proxy.host}:{proxy.port}"
            why = f"gave no way to {host}:{port}: {error or 'no answer'}"
            text = f"The proxy {shown}, which this server goes out by, {why}."
            raise Refused(502, f"proxy {shown} gave no way to {host}", text) from error
        except BaseException:
            writer.close()
            raise
        return reader, writer

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(
            cafile=self.ca_file if self.ca_file and Path(self.ca_file).is_file() else None
        )


def authorization(proxy: Proxy) -> list[str]:
    """The header that says who we are to it, if it wants to know."""
    if not proxy.credentials:
        return []
    return [f"Proxy-Authorization: Basic {base64.b64encode(proxy.credentials.encode()).decode()}"]
