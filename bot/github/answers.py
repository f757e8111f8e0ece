"""What comes in an answer's body: JSON, bytes, a page of a list with its neighbours. No requests, no meaning."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping

import httpx

from bot.core.errors import Permanent, Transient
from bot.github.wire import Fields

JSON = "application/vnd.github+json"
RAW = "application/vnd.github.raw+json"
ANSWER_BYTES = 32 << 20  # GitHub's largest lists of a hundred things are a few MB


async def parsed(response: httpx.Response, what: str) -> object:
    """The JSON of an answer; None when it is empty."""
    body, more = await capped(chunks_of(response), ANSWER_BYTES)
    if more:
        raise Permanent(f"GitHub answered with more than {ANSWER_BYTES >> 20} MB when we wanted to {what}.")
    if not body:
        return None
    try:
        data: object = json.loads(body)
    except ValueError as exc:
        raise Transient(
            f"Something that is not JSON came back when we wanted to {what} (status {response.status_code}, type "
            f"{response.headers.get('content-type', 'unknown')}). It is tried again; if this stays, check "
            "FIXBUGS_GITHUB_API_URL and any proxy in between."
        ) from exc
    return data


async def capped(chunks: AsyncIterator[bytes], max_bytes: int) -> tuple[bytes, bool]:
    """The bytes, at most so many, and whether there were more."""
    kept = bytearray()
    async for chunk in chunks:
        kept += chunk
        if len(kept) > max_bytes:
            return bytes(kept[:max_bytes]), True
    return bytes(kept), False


def chunks_of(response: httpx.Response) -> AsyncIterator[bytes]:
    return response.aiter_bytes(1 << 16)


def listed(data: object, key: str, what: str) -> tuple[Fields, ...]:
    """The objects of a page. `key` names the list in it, "" when it is the list."""
    found = data.get(key) if key and isinstance(data, Mapping) else data
    if not isinstance(found, list):
        raise Permanent(f"GitHub did not answer with a list when we wanted to {what}: please report this to FixBugs.")
    return tuple(Fields(item, what) for item in found if isinstance(item, Mapping))


def neighbours(response: httpx.Response) -> Mapping[str, str]:
    """The addresses in an answer's Link header, by what they are ("next", "last")."""
    return {name: link["url"] for name, link in response.links.items() if name and "url" in link}
