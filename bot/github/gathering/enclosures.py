"""The files attached to what was written in a thread. Fetching one is `attachments`' business."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.core.errors import Absent, FixbugsError
from bot.core.forge import Origin
from bot.core.run import Document
from bot.core.sanitize import sanitize
from bot.github.client import GithubApp, path
from bot.github.gathering.attachments import FILES_AT_MOST, Attached, Attachments, signed_addresses
from bot.github.gathering.mentions import attachment_addresses, file_name
from bot.github.gathering.sources import Sources

_RENDERED = "application/vnd.github.html+json"
_RENDERED_BYTES = 8 << 20


@dataclass
class Enclosures:
    """Of one thread. Lives in one event loop."""

    app: GithubApp
    attachments: Attachments
    sources: Sources
    origin: Origin
    _rendered: str | None = None
    _rendering: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, documents: Sequence[Document]) -> tuple[Attached, ...]:
        """What these texts show, in their order. Nothing that is hidden in them is fetched."""
        texts = [sanitize(d.content.decode("utf-8", "replace"), markdown=True).text for d in documents]
        found = dict.fromkeys(a for text in texts for a in attachment_addresses(text, self.app.web_url))
        wanted = list(found)[:FILES_AT_MOST]
        if len(found) > len(wanted):
            self.sources.notices.append(f"Only {FILES_AT_MOST} of {len(found)} attachments were read.")
        askings = (self.sources.useful(self._fetch(a), f"The attachment {file_name(a)}") for a in wanted)
        return _named_apart([each for each in await asyncio.gather(*askings) if each])

    async def _fetch(self, address: str) -> Attached:
        try:
            return await self.attachments.fetch(address)
        except Absent:
            signed = signed_addresses(await self._as_rendered(), (address,)).get(address)
            if not signed:
                raise
            return await self.attachments.fetch(address, signed)

    async def _as_rendered(self) -> str:
        """The thread as GitHub renders it, where images of private repositories have signed addresses; asked once."""
        async with self._rendering:
            if self._rendered is None:
                thread = ("issues", self.origin.number or 0)
                parts = [await self._html(*thread), await self._html(*thread, "comments")]
                self._rendered = "\n".join(parts)
            return self._rendered

    async def _html(self, *parts: str | int) -> str:
        place = self.origin.place
        what = f"read {place.repository}#{self.origin.number} as it is shown"
        try:
            address = path(place, *parts)
            content, _ = await self.app.raw(place, address, what=what, max_bytes=_RENDERED_BYTES, accept=_RENDERED)
        except FixbugsError:
            return ""  # then the file's own failure is told
        return content.decode("utf-8", "replace").replace("\\u0026", "&").replace('\\"', '"')


def _named_apart(found: Sequence[Attached]) -> tuple[Attached, ...]:
    """The second "image.png" is "image.png (2)"."""
    seen: Counter[str] = Counter()
    named = []
    for each in found:
        name = each.document.name
        seen[name] += 1
        apart = name if seen[name] == 1 else f"{name} ({seen[name]})"
        named.append(replace(each, document=replace(each.document, name=apart)))
    return tuple(named)
