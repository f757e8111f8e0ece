"""What a build reaches by its egress and what not: a real forwarder, real servers, no container."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from bot.core.errors import SandboxUnavailable
from egress_at_hand import Names, PipeStream, Way, certified, echo, forwarder, free_port, server, way_out
from sandbox.egress import FORWARDER, Allowed, Egress, EgressLimits, Policy, Proxies, Proxy

MEGABYTE = 1 << 20


def run(story: Coroutine[Any, Any, None]) -> None:
    async def within() -> None:
        async with asyncio.timeout(30):
            await story

    asyncio.run(within())


def index(port: int, plain: bool = False) -> Allowed:
    """A place of the operator's, so that it may lie on this machine."""
    return Allowed("index.example", port, plain, own=True)


def here() -> Names:
    return Names(index_example=["127.0.0.1"])


def test_an_allowed_host_is_reached_both_ways() -> None:
    async def story() -> None:
        async with server(echo) as port, way_out(index(port), names=here()) as way:
            reader, writer, head = await way.connect(f"index.example:{port}")
            assert head == b"HTTP/1.1 200 Connection established\r\n\r\n"
            sent = os.urandom(3 * MEGABYTE)
            writer.write(sent)
            writer.write_eof()
            assert hashlib.sha256(await reader.read()).digest() == hashlib.sha256(sent).digest()
            writer.close()
            (place,) = way.egress.reached
            assert (place.host, place.port, place.allowed) == ("index.example", port, True)
            assert (place.up_bytes, place.down_bytes) == (len(sent), len(sent))
            assert way.egress.notes() == ()

    run(story())


def test_another_host_is_refused_with_what_the_operator_can_do() -> None:
    async def story() -> None:
        async with way_out(index(443)) as way:
            answer = await way.ask("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n")
            sentence = (
                "The build asked for example.com:443, which is not allowed: builds reach package registries only. If "
                "they may reach this one, add example.com to FIXBUGS_REGISTRIES."
            )
            head, _, body = answer.decode().partition("\r\n\r\n")
            assert head.startswith("HTTP/1.1 403 example.com:443 is not allowed, see FIXBUGS_REGISTRIES\r\n")
            assert body == f"{sentence}\n"
            assert way.egress.notes() == (sentence,)

    run(story())


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("CONNECT index.example:22 HTTP/1.1", 403),
        ("CONNECT 169.254.169.254:80 HTTP/1.1", 403),
        ("CONNECT [::1]:443 HTTP/1.1", 403),
        ("CONNECT evil.example@index.example:443 HTTP/1.1", 400),
        ("CONNECT index.example HTTP/1.1", 400),
        ("CONNECT index.example:443x HTTP/1.1", 400),
        ("GET http://index.example/ HTTP/1.1", 403),
        ("GET http://169.254.169.254/latest/meta-data/ HTTP/1.1", 403),
        ("GET https://index.example/ HTTP/1.1", 400),
        ("GET / HTTP/1.1", 400),
        ("PUT http://index.example/ HTTP/1.1", 400),
        ("GET ftp://index.example/ HTTP/1.1", 400),
        ("\x16\x03\x01 not HTTP at all", 400),
    ],
)
def test_what_is_not_a_fetch_from_an_allowed_place_is_refused(request_line: str, status: int) -> None:
    async def story() -> None:
        names = here()
        async with way_out(index(443), names=names) as way:
            answer = await way.ask(f"{request_line}\r\nHost: x\r\n\r\n")
            assert answer.startswith(f"HTTP/1.1 {status} ".encode())
            assert names.asked == []

    run(story())


def test_a_request_with_a_body_is_refused_without_tls() -> None:
    async def story() -> None:
        async with way_out(index(80, plain=True), names=here()) as way:
            request = "GET http://index.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
            assert (await way.ask(request)).startswith(b"HTTP/1.1 405 ")

    run(story())


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::1", "::ffff:10.0.0.1", "fd00::1"])
def test_a_public_registrys_name_leads_to_no_private_address(address: str) -> None:
    async def story() -> None:
        names = Names(pypi_org=[address])
        async with way_out(Allowed("pypi.org"), names=names) as way:
            answer = await way.ask("CONNECT pypi.org:443 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 403 pypi.org leads to ")
            assert f"pypi.org:443 leads to {address}, " in way.egress.notes()[0]

    run(story())


def test_a_name_that_changes_its_address_is_asked_for_once() -> None:
    async def story() -> None:
        async with server(echo) as port:
            names = Names(registry_example=["203.0.113.254", "127.0.0.1"])
            limits = EgressLimits(connect_s=0.3)
            async with way_out(Allowed("*.example", port), names=names, limits=limits) as way:
                answer = await way.ask(f"CONNECT registry.example:{port} HTTP/1.1\r\nHost: x\r\n\r\n")
                assert answer.startswith(b"HTTP/1.1 502 registry.example cannot be reached")
                assert names.asked == ["registry.example"]
                answer = await way.ask(f"CONNECT registry.example:{port} HTTP/1.1\r\nHost: x\r\n\r\n")
                assert answer.startswith(b"HTTP/1.1 403 registry.example leads to a private address")

    run(story())


def test_a_name_that_nobody_knows_is_a_sentence() -> None:
    async def story() -> None:
        async with way_out(Allowed("pypi.org")) as way:
            answer = await way.ask("CONNECT pypi.org:443 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 502 pypi.org is not known\r\n")
            assert way.egress.notes() == ("pypi.org could not be resolved: no such name.",)

    run(story())


async def one_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Shows the request it got, and keeps the connection open for more."""
    head = await reader.readuntil(b"\r\n\r\n")
    body = b"%d:%s" % (len(head), head)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nKeep-Alive: timeout=9\r\n\r\n" % len(body) + body)
    await reader.read()


def test_an_index_without_tls_answers_one_request_for_each_connection() -> None:
    async def story() -> None:
        async with server(one_page) as port, way_out(index(port, plain=True), names=here()) as way:
            first = (
                f"GET http://index.example:{port}/simple/six/?a=b HTTP/1.1\r\nHost: evil.example\r\nAccept: */*\r\n"
                "Proxy-Authorization: Basic c2VjcmV0\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n\r\n"
            )
            second = f"GET http://index.example:{port}/second HTTP/1.1\r\nHost: x\r\n\r\n"
            head, _, body = (await way.ask(first + second)).decode().partition("\r\n\r\n")
            assert head.lower().splitlines()[1:] == [f"content-length: {len(body)}", "connection: close"]
            got = body.partition(":")[2].strip().splitlines()
            assert got[0] == "GET /simple/six/?a=b HTTP/1.1"
            assert sorted(line.lower() for line in got[1:]) == [
                "accept: */*",
                "connection: close",
                f"host: index.example:{port}",
            ]

    run(story())


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(bytes(1 << 16))
        await writer.drain()


def test_one_that_does_not_read_holds_up_nobody_else() -> None:
    async def story() -> None:
        async with (
            server(endless) as much,
            server(echo) as port,
            way_out(index(much), index(port), names=here()) as way,
        ):
            stuck = [await way.connect(f"index.example:{much}") for _ in range(8)]
            await asyncio.sleep(0.3)  # until all of their credit is used up
            reader, writer, _ = await way.connect(f"index.example:{port}")
            writer.write(b"still there?")
            writer.write_eof()
            assert await reader.read() == b"still there?"
            for _, other, _ in stuck:
                other.close()
            held = next(place for place in way.egress.reached if place.port == much).down_bytes
            assert held < 8 * (8 * MEGABYTE)  # buffers of the kernel included

    run(story())


def test_fifty_connections_at_once_all_come_through() -> None:
    async def one(way: Way, port: int, number: int) -> bool:
        reader, writer, _ = await way.connect(f"index.example:{port}")
        sent = bytes([number]) * 100_000
        writer.write(sent)
        writer.write_eof()
        same = await reader.read() == sent
        writer.close()
        return same

    async def story() -> None:
        async with server(echo) as port, way_out(index(port), names=here()) as way:
            assert all(await asyncio.gather(*(one(way, port, number) for number in range(50))))
            assert way.egress.reached[0].connections == 50

    run(story())


def test_a_build_that_fetches_too_much_is_cut_off() -> None:
    async def story() -> None:
        limits = EgressLimits(down_bytes=2 * MEGABYTE)
        async with server(endless) as port, way_out(index(port), names=here(), limits=limits) as way:
            reader, _writer, _head = await way.connect(f"index.example:{port}")
            assert len(await reader.read()) <= 2 * MEGABYTE
            answer = await way.ask(f"CONNECT index.example:{port} HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 403 the build fetched more than 2 MB\r\n")
            assert way.egress.notes() == (f"index.example:{port} was cut off: the build fetched more than 2 MB.",)

    run(story())


def test_a_build_cannot_send_much_out() -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            heard.extend(data)

    async def story() -> None:
        limits = EgressLimits(up_bytes=MEGABYTE)
        async with server(listen) as port, way_out(index(port), names=here(), limits=limits) as way:
            reader, writer, _ = await way.connect(f"index.example:{port}")
            writer.write(bytes(8 * MEGABYTE))
            await asyncio.gather(reader.read(), return_exceptions=True)  # cut off: the end, or a reset
            assert len(heard) <= MEGABYTE
            assert "sent out more than 1 MB" in way.egress.notes()[0]

    run(story())


def test_who_says_nothing_or_too_much_before_a_request_gets_an_answer_and_the_door() -> None:
    async def story() -> None:
        limits = EgressLimits(head_s=0.2, head_bytes=1000)
        async with way_out(limits=limits) as way:
            assert (await way.ask("")).startswith(b"HTTP/1.1 408 ")
            assert (await way.ask("GET http://a/" + "a" * 2000)).startswith(b"HTTP/1.1 431 ")

    run(story())


def test_a_connection_that_nobody_uses_ends() -> None:
    async def story() -> None:
        limits = EgressLimits(idle_s=0.2)
        async with server(echo) as port, way_out(index(port), names=here(), limits=limits) as way:
            reader, _writer, _head = await way.connect(f"index.example:{port}")
            assert await reader.read() == b""

    run(story())


class OperatorsProxy:
    """One that wants a password, and shows what it was asked for."""

    def __init__(self, *, lets: bool = True) -> None:
        self.lets = lets
        self.heads: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        if not self.lets:
            writer.write(b"HTTP/1.1 407 Who are you?\r\n\r\n")
        elif head.startswith("CONNECT"):
            writer.write(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n")
            await echo(reader, writer)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\npage")


def by(port: int) -> Proxies:
    proxy = Proxy("127.0.0.1", port, tls=False, credentials="me:pass word")
    return Proxies(secure=proxy, plain=proxy)


def test_the_operators_own_proxy_is_gone_through() -> None:
    async def story() -> None:
        proxy, names = OperatorsProxy(), Names()
        allowed = (Allowed("pypi.org"), Allowed("index.example", 80, plain=True))
        async with server(proxy) as port, way_out(*allowed, names=names, proxies=by(port)) as way:
            reader, writer, head = await way.connect("pypi.org:443")
            assert head.startswith(b"HTTP/1.1 200 ")
            writer.write(b"through")
            writer.write_eof()
            assert await reader.read() == b"through"
            page = await way.ask("GET http://index.example/a HTTP/1.1\r\nHost: x\r\n\r\n")
            assert page.endswith(b"\r\n\r\n4\r\npage\r\n0\r\n\r\n")
            assert [head.splitlines()[0] for head in proxy.heads] == [
                "CONNECT pypi.org:443 HTTP/1.1",
                "GET http://index.example/a HTTP/1.1",
            ]
            assert all("authorization: Basic bWU6cGFzcyB3b3Jk".lower() in head.lower() for head in proxy.heads)
            assert names.asked == []

    run(story())


def test_a_proxy_that_refuses_is_named_without_its_password() -> None:
    async def story() -> None:
        proxy = OperatorsProxy(lets=False)
        async with server(proxy) as port, way_out(Allowed("pypi.org"), proxies=by(port)) as way:
            answer = await way.ask("CONNECT pypi.org:443 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer.startswith(f"HTTP/1.1 502 proxy 127.0.0.1:{port} gave no way to pypi.org\r\n".encode())
            assert way.egress.notes() == (
                f"The proxy 127.0.0.1:{port}, which this server goes out by, gave no way to pypi.org:443: "
                "HTTP/1.1 407 Who are you?.",
            )

    run(story())


@pytest.mark.parametrize("trusted", [True, False])
def test_an_operators_proxy_that_speaks_tls_is_used_when_it_is_vouched_for(trusted: bool, tmp_path: Path) -> None:
    async def story() -> None:
        context, ca_file = certified(tmp_path)
        async with server(OperatorsProxy(), context) as port:
            proxies = Proxies(secure=Proxy("127.0.0.1", port, tls=True))
            async with way_out(Allowed("pypi.org"), proxies=proxies, ca_file=ca_file if trusted else "") as way:
                reader, writer, head = await way.connect("pypi.org:443")
                if trusted:
                    writer.write(b"through")
                    assert await reader.readexactly(7) == b"through"
                else:
                    assert head.startswith(f"HTTP/1.1 502 proxy 127.0.0.1:{port} cannot be reached".encode())

    run(story())


def test_a_port_that_is_taken_says_so_before_the_build_starts() -> None:
    async def story() -> None:
        async with server(echo) as port, forwarder(port) as process:
            with pytest.raises(SandboxUnavailable, match=r"did not start: .*in use"):
                async with Egress(Policy(())).serving(PipeStream(process)):
                    pass

    run(story())


def test_a_forwarder_that_is_killed_is_told_of_and_ends_every_connection() -> None:
    async def story() -> None:
        async with server(echo) as port, way_out(index(port), names=here()) as way:
            reader, _writer, _head = await way.connect(f"index.example:{port}")
            way.process.kill()
            assert await asyncio.gather(reader.read(), return_exceptions=True) is not None
            await way.process.wait()
            await asyncio.sleep(0.1)
            egress = way.egress
        assert egress.notes() == ("The build's way to the package registries ended before the build did.",)

    run(story())


def test_the_forwarder_ends_with_its_host() -> None:
    async def story() -> None:
        async with forwarder(free_port()) as process:
            assert process.stdin is not None
            process.stdin.close()
            assert await process.wait() == 0

    run(story())


def test_the_forwarder_needs_no_newer_python_than_old_images_have() -> None:
    assert ast.parse(FORWARDER.read_text(), feature_version=(3, 8))
