"""Attachments come from GitHub's hosts, within bounds, and say why when they do not come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from bot.core.errors import FixbugsError
from bot.github.gathering.attachments import FILE_BYTES, Attached, Attachments, signed_addresses

FILE = "https://github.com/user-attachments/files/9/ci.log"
BUCKET = "https://github-production-repository-file-5c1aeb.s3.amazonaws.com/1/2"


def fetched(answer: Callable[[httpx.Request], httpx.Response], address: str = FILE) -> Attached:
    attachments = Attachments("https://github.com", httpx.MockTransport(answer))
    return asyncio.run(attachments.fetch(address))


def always(response: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: response


def test_githubs_storage_is_reached_through_githubs_own_address() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "github.com":
            return httpx.Response(302, headers={"location": f"{BUCKET}?X-Amz-Signature=secret"})
        return httpx.Response(200, text="1 failed")

    found = fetched(answer)
    assert (found.document.name, found.document.content, found.document.address) == ("ci.log", b"1 failed", FILE)
    assert found.is_log


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("https://evil.example/x?key=secret", "evil.example"),
        ("http://169.254.169.254/latest", "169.254.169.254"),
        ("http://github-production-user-asset-1.s3.amazonaws.com/x", "github-production-user-asset-1.s3.amazonaws.com"),
        ("https://evil-github-production-x.s3.amazonaws.com/x", "evil-github-production-x.s3.amazonaws.com"),
        ("https://github.com/settings", "github.com"),
    ],
)
def test_a_redirect_elsewhere_is_not_followed(target: str, host: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"location": target})

    with pytest.raises(FixbugsError) as caught:
        fetched(answer)
    assert str(caught.value) == f"It leads to {host}, which is no host of GitHub's."
    assert asked == ["github.com"]


def _endless() -> httpx.Response:
    class Stream(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def] # httpx's own stub has it so
            while True:
                yield b"x" * (1 << 20)

    return httpx.Response(200, stream=Stream())


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (
            httpx.Response(404),
            "It is gone, or only people who are signed in may see it. Paste its text into a comment.",
        ),
        (httpx.Response(503), "github.com answered with 503."),
        (httpx.Response(418), "github.com answered with 418."),
        (httpx.Response(200, content=b" "), "It is empty."),
        (httpx.Response(200, content=b"PK\3\4x"), "It is packed. Attach the text itself, or paste it into a comment."),
        (
            httpx.Response(200, html="<html>"),
            "Only people who are signed in may see it. Paste its text into a comment.",
        ),
        (_endless(), f"It is larger than {FILE_BYTES >> 20} MiB."),
        (httpx.Response(302, headers={"location": FILE}), "github.com sent us in a circle."),
    ],
)
def test_what_cannot_be_had_says_why(response: httpx.Response, said: str) -> None:
    with pytest.raises(FixbugsError) as caught:
        fetched(always(response))
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ReadTimeout("slow"), "github.com did not answer in time."),
        (httpx.ConnectError("no route to secret"), "github.com could not be reached."),
    ],
)
def test_a_host_that_does_not_answer_is_named(error: Exception, said: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(FixbugsError) as caught:
        fetched(answer)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("name", "is_log"),
    [("ci.log", True), ("build-log.txt", True), ("notes.md", False), ("shot.png", False), ("test_x.py", False)],
)
def test_logs_are_told_by_their_names(name: str, is_log: bool) -> None:
    address = f"https://github.com/user-attachments/files/9/{name}"
    assert fetched(always(httpx.Response(200, text="x")), address).is_log is is_log


def test_signed_addresses_are_found_by_the_assets_id() -> None:
    asset = "0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"
    address = f"https://github.com/user-attachments/assets/{asset}"
    signed = f"https://private-user-images.githubusercontent.com/1/2-{asset}.png?jwt=a.b.c"
    assert signed_addresses(f'<img src="{signed}&amp;x=1">', (address, f"{address}0")) == {address: f"{signed}&x=1"}
