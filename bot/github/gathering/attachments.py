"""Fetches what people attached to what they wrote, from GitHub's own hosts only and without any token of ours. Which
addresses are attachments is decided in `mentions`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bot import __version__
from bot.core.errors import Absent, Permanent, Transient
from bot.core.run import Document
from bot.github.answers import capped, chunks_of
from bot.github.connections import Connections
from bot.github.gathering.mentions import fetch_address, file_name

FILE_BYTES = 5 << 20
FILES_AT_MOST = 20
_REDIRECTS = 3
# Where GitHub's own addresses lead: its storage. Only ever reached from one of those.
_STORAGE = re.compile(
    r"(?:[\w-]+\.githubusercontent\.com|github-production-[a-z0-9-]+\.s3(?:\.[a-z0-9-]+)?\.amazonaws\.com)"
)
_LOG_NAME = re.compile(r".*(?:\.log|\.out|\.err|log[\w-]*\.txt)", re.IGNORECASE)
_IMAGE_NAME = re.compile(r".*\.(?:png|jpe?g|gif|webp|bmp|svg|mp4|mov|webm)", re.IGNORECASE)
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}  # what is packed small could unpack large
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"%PDF", b"BZh", b"\xfd7zXZ")


@dataclass(frozen=True, slots=True)
class Attached:
    """What was fetched. `is_log`: it is read as a program's output, not as prose or an image."""

    document: Document
    is_log: bool


class Attachments:
    """`web_url` is where people see the forge; `transport` replaces the network in tests."""

    def __init__(self, web_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._web_url = web_url
        self._connections = Connections(transport, f"fixbugs/{__version__}")

    async def fetch(self, address: str, signed: str = "") -> Attached:
        """The file at an address that `mentions` let through, fetched from `signed` where that is known.

        Raises Transient or Permanent, saying why in a way that follows "could not be read: ". Signed parts of addresses
        are never said.
        """
        client = await self._connections.client()
        url = signed or address
        for _ in range(_REDIRECTS + 1):
            try:
                async with client.stream("GET", url, headers=_HEADERS) as response:
                    if not response.is_redirect:
                        return await self._taken(address, response)
                    target = str(response.request.url.join(response.headers.get("location", "")))
            except httpx.TimeoutException as exc:
                raise Transient(f"{_host(url)} did not answer in time.") from exc
            except (httpx.HTTPError, httpx.InvalidURL) as exc:
                raise Transient(f"{_host(url)} could not be reached.") from exc
            if not self._may_lead_to(target):
                raise Permanent(f"It leads to {_host(target)}, which is no host of GitHub's.")
            url = target
        raise Permanent(f"{_host(address)} sent us in a circle.")

    def _may_lead_to(self, url: str) -> bool:
        parts = urlsplit(url)
        storage = parts.scheme == "https" and _STORAGE.fullmatch(parts.hostname or "") and parts.port in (None, 443)
        return bool(storage) or bool(fetch_address(url, self._web_url))

    async def _taken(self, address: str, response: httpx.Response) -> Attached:
        if response.status_code in (401, 403, 404, 410):
            raise Absent("It is gone, or only people who are signed in may see it. Paste its text into a comment.")
        if response.status_code >= 500 or response.status_code == 429:
            raise Transient(f"{_host(address)} answered with {response.status_code}.")
        if not response.is_success:
            raise Permanent(f"{_host(address)} answered with {response.status_code}.")
        content, more = await capped(chunks_of(response), FILE_BYTES)
        if more:
            raise Permanent(f"It is larger than {FILE_BYTES >> 20} MiB.")
        if content.startswith(_PACKED):
            raise Permanent("It is packed. Attach the text itself, or paste it into a comment.")
        kind = response.headers.get("content-type", "").lower()
        name = file_name(address)
        if not content.strip():
            raise Permanent("It is empty.")
        if "html" in kind and "user-attachments" in address:
            raise Absent("Only people who are signed in may see it. Paste its text into a comment.")
        return Attached(Document(name, content, address), _is_log(name, kind))


def _is_log(name: str, kind: str) -> bool:
    return not kind.startswith("image/") and not _IMAGE_NAME.fullmatch(name) and bool(_LOG_NAME.fullmatch(name))


def _host(url: str) -> str:
    return urlsplit(url).hostname or "The address"


def signed_addresses(html: str, addresses: Sequence[str]) -> dict[str, str]:
    """For assets that only signed-in people may see: their signed addresses out of a comment as GitHub renders it, by
    the address that stands in the comment's text."""
    signed = re.findall(r"https://private-user-images\.githubusercontent\.com/[^\s\"'<>]{1,4000}", html)
    found: dict[str, str] = {}
    for address in addresses:
        name = file_name(address)
        match = next((url for url in signed if len(name) >= 32 and name in urlsplit(url).path), "")
        if match:
            found[address] = match.replace("&amp;", "&")
    return found
