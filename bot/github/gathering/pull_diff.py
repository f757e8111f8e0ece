"""A pull request's diff as a document."""

from __future__ import annotations

from bot.core.errors import Permanent
from bot.core.forge import Origin
from bot.core.run import Document
from bot.github.client import GithubApp, path

DIFF_BYTES = 256 << 10
_DIFF = "application/vnd.github.diff"


async def diff_document(app: GithubApp, origin: Origin, address: str) -> Document | None:
    """The diff, cut after 256 KiB at a line's end; None when it is empty. Raises Permanent where GitHub shows none."""
    place, number = origin.place, origin.number or 0
    what = f"read the diff of {place.repository}#{number}"
    try:
        content, more = await app.raw(
            place, path(place, "pulls", number), what=what, max_bytes=DIFF_BYTES, accept=_DIFF
        )
    except Permanent as exc:
        if type(exc) is Permanent:  # 406: over 300 files or 20,000 lines
            raise Permanent("GitHub shows no diff that is this large.") from exc
        raise
    if more:
        content = content[: content.rfind(b"\n") + 1] + "[… the rest is left out …]\n".encode()
    return Document(f"diff of pull request #{number}", content, address) if content.strip() else None
