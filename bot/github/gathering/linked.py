"""The issues and pull requests that a thread names, as documents: one step, not further."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.core.errors import Absent
from bot.core.forge import Actor, Place
from bot.core.run import Document
from bot.github.gathering.conversation import visible
from bot.github.gathering.sources import Sources
from bot.ports import Forge

LINKS_AT_MOST = 5
_CHARS = 20_000


async def linked_documents(
    forge: Forge, sources: Sources, place: Place, me: Actor, numbers: Sequence[int]
) -> tuple[Document, ...]:
    """The first few of these threads. A number that is no thread ("attempt #2") is none; ours are left out."""
    askings = (sources.useful(_document(forge, place, me, n), f"The linked #{n}") for n in numbers[:LINKS_AT_MOST])
    found = await asyncio.gather(*askings)
    if len(numbers) > LINKS_AT_MOST:
        sources.notices.append(f"Only {LINKS_AT_MOST} of {len(numbers)} linked threads were read.")
    return tuple(document for document in found if document)


async def _document(forge: Forge, place: Place, me: Actor, number: int) -> Document | None:
    try:
        thread = await forge.thread(place, number)
    except Absent:
        return None
    if thread.author.login == me.login or not visible(thread.body):
        return None
    kind = "pull request" if thread.pull else "issue"
    text = f"# {thread.title}\n\n{thread.body[:_CHARS]}"
    return Document(
        f"linked {kind} #{number} by @{thread.author.login}", text.encode("utf-8", "replace"), thread.web_url
    )
