"""A real forwarder without a container, an egress at the other end of its pipe, and servers to reach. No assertions."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.egress import Allowed, Egress, EgressLimits, Policy, Proxies, forwarder_argv

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

USUAL, NO_PROXIES = EgressLimits(), Proxies()


@dataclass
class PipeStream:
    """A process's stdin and stdout, as an egress takes them."""

    process: asyncio.subprocess.Process

    async def read(self, size: int) -> bytes:
        assert self.process.stdout is not None
        return await self.process.stdout.read(size)

    async def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        await self.process.stdin.drain()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def forwarder(port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*forwarder_argv(sys.executable, port), stdin=pipe, stdout=pipe)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@dataclass
class Way:
    """A way out of a build: connections to `port` on loopback, as package managers make them."""

    egress: Egress
    port: int
    process: asyncio.subprocess.Process

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, request: str) -> bytes:
        """All that comes back for one request."""
        reader, writer = await self.open()
        writer.write(request.encode())
        answer = await reader.read()
        writer.close()
        return answer

    async def connect(self, where: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        """A tunnel, and the head of the answer. Keep the writer: it closes the connection when nobody holds it."""
        reader, writer = await self.open()
        writer.write(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode())
        return reader, writer, await reader.readuntil(b"\r\n\r\n")


class Names:
    """A resolver that answers from a table; each name's answers in turn, the last one for ever. It counts."""

    def __init__(self, **answers: Iterable[str]) -> None:
        self._answers = {name.replace("_", "."): list(addresses) for name, addresses in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> tuple[str, ...]:
        self.asked.append(host)
        if host not in self._answers:
            raise socket.gaierror("no such name")
        answers = self._answers[host]
        return (answers.pop(0) if len(answers) > 1 else answers[0],)


@asynccontextmanager
async def way_out(
    *allowed: Allowed,
    limits: EgressLimits = USUAL,
    proxies: Proxies = NO_PROXIES,
    names: Names | None = None,
    ca_file: str = "",
) -> AsyncIterator[Way]:
    egress = Egress(Policy(allowed, proxies, limits, ca_file), names or Names())
    port = free_port()
    async with forwarder(port) as process, egress.serving(PipeStream(process)):
        yield Way(egress, port, process)


@asynccontextmanager
async def server(talk: Conversation, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback; yields its port."""

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):  # it is cut off
                await talk(reader, writer)
        finally:
            writer.close()

    listening = await asyncio.start_server(conversation, "127.0.0.1", 0, ssl=tls)
    async with listening:
        yield int(listening.sockets[0].getsockname()[1])


def certified(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server's side of TLS at 127.0.0.1, and the file that vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "proxy.example")])
    now, day = datetime.now(UTC), timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*plain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, secret)
    return context, str(certificate)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
