"""What a text on GitHub points to: other threads of its repository, and files that people attached. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from bot.core.hidden_markup import without_code

_CLOSES = r"(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)"
_NUMBER = r"(\d{1,9})(?!\w|\.\w)"
_ADDRESS = re.compile(r"https?://[^\s<>\"'`()\[\]{}|\\^]{4,2000}")
_TRAILING = ".,;:!?*_~"
# GitHub's own hosts for what people attach, by what their paths begin with.
_FILES = re.compile(
    r"/(?:user-attachments/(?:assets|files)|[\w.-]{1,100}/[\w.-]{1,100}/(?:files|assets)/\d{1,20})/[^/]"
)
_GIST = re.compile(r"/([\w-]{1,100})/([0-9a-f]{20,40})/?")
_ATTACHMENT_HOSTS = (
    "user-images.githubusercontent.com",
    "private-user-images.githubusercontent.com",
    "raw.githubusercontent.com",
    "gist.githubusercontent.com",
)


def linked_threads(text: str, repository: str, web_url: str, own_number: int | None) -> tuple[int, ...]:
    """Numbers of issues and pull requests of the same repository that a text names, those it closes first."""
    shown = without_code(text)
    address = re.escape(f"{web_url}/{repository}/")
    target = rf"(?:(?<![\w/&#])#|(?<![\w/]){re.escape(repository)}#|{address}(?:issues|pull)/){_NUMBER}"
    closing = re.compile(rf"(?<!\w){_CLOSES}:?\s{{1,3}}{target}", re.IGNORECASE)
    named = re.compile(rf"(?:{target}|(?<!\w)GH-{_NUMBER})", re.IGNORECASE)
    found = [match[1] for match in closing.finditer(shown)]
    found += [match[1] or match[2] for match in named.finditer(shown)]
    numbers = dict.fromkeys(int(number) for number in found)
    return tuple(number for number in numbers if number and number != own_number)


def attachment_addresses(text: str, web_url: str) -> tuple[str, ...]:
    """Addresses of attached files in a text, in its order: only on hosts where GitHub keeps what people attach."""
    found: dict[str, None] = {}
    for match in _ADDRESS.finditer(without_code(text)):
        address = match[0].rstrip(_TRAILING)
        if fetched := fetch_address(address, web_url):
            found.setdefault(fetched)
    return tuple(found)


def fetch_address(address: str, web_url: str) -> str:
    """Where to fetch what an address shows; "" when it is no attachment on a host of GitHub's."""
    try:
        parts, own = urlsplit(address), urlsplit(web_url)
        port = parts.port
    except ValueError:
        return ""
    if parts.username or parts.password:
        return ""
    if (parts.scheme, parts.hostname, port) == (own.scheme, own.hostname, own.port):
        return address if _FILES.match(parts.path) else ""
    if parts.scheme != "https" or port not in (None, 443):
        return ""
    if parts.hostname == "gist.github.com" and (gist := _GIST.fullmatch(parts.path)):
        return f"https://gist.github.com/{gist[1]}/{gist[2]}/raw"
    if parts.hostname == "github.com" and _FILES.match(parts.path):
        return address
    return address if parts.hostname in _ATTACHMENT_HOSTS else ""


def file_name(address: str) -> str:
    """The last part of an address, as a name for people."""
    name = unquote(urlsplit(address).path.rstrip("/").rpartition("/")[2])
    return "".join(c for c in name if c.isprintable())[:100] or "attachment"
