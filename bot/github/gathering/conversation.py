"""What people wrote in a thread: comments, reviews and comments on lines of a diff, as documents. Fetches them; what
they mean is read later."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.core.commands import INSTRUCTION_LINE
from bot.core.forge import Actor, Origin
from bot.core.run import Document
from bot.core.sanitize import sanitize
from bot.github.client import GithubApp, path
from bot.github.wire import Fields

COMMENTS_AT_MOST = 300
REVIEW_COMMENTS_AT_MOST = 200
REVIEWS_AT_MOST = 100
_COMMAND = re.compile(rf"^{INSTRUCTION_LINE}\r?$", re.MULTILINE | re.IGNORECASE)
_OUTPUT = re.compile(  # what makes a bot's comment worth reading: it shows how something failed
    r"^\W{0,8}Traceback \(most recent call last\)|^\W{0,4}(?:FAILED|ERROR) \S+::|^E  +\S|^(?:FAIL|ERROR): test",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """Documents, oldest first, and whether there were more."""

    documents: tuple[Document, ...] = ()
    cut: bool = False


async def comments(app: GithubApp, origin: Origin, me: Actor, skip_id: int | None) -> Said:
    """The comments of the thread, without ours, without other bots' unless they show output, and without the one with
    the id `skip_id`."""
    place, number = origin.place, origin.number or 0
    newest = app.newest(
        place,
        path(place, "issues", number, "comments"),
        what=f"read the comments of {place.repository}#{number}",
        limit=COMMENTS_AT_MOST,
    )
    items, cut = await _at_most(newest, COMMENTS_AT_MOST)
    kept = [item for item in reversed(items) if item.number("id") != skip_id]
    return Said(tuple(document for item in kept if (document := _comment(item, me))), cut)


async def reviews(app: GithubApp, origin: Origin, me: Actor) -> Said:
    """What reviews of the pull request say as a whole."""
    place, number = origin.place, origin.number or 0
    listed = app.pages(
        place,
        path(place, "pulls", number, "reviews"),
        what=f"read the reviews of {place.repository}#{number}",
        limit=REVIEWS_AT_MOST + 1,
    )
    items, cut = await _at_most(listed, REVIEWS_AT_MOST)
    return Said(tuple(document for item in items if (document := _comment(item, me, "review"))), cut)


async def review_comments(app: GithubApp, origin: Origin, me: Actor, skip_id: int | None) -> Said:
    """What was said on lines of the pull request's diff, each with its place; without the one with the id `skip_id`."""
    place, number = origin.place, origin.number or 0
    listed = app.pages(
        place,
        path(place, "pulls", number, "comments"),
        {"sort": "created", "direction": "desc"},
        what=f"read the review comments of {place.repository}#{number}",
        limit=REVIEW_COMMENTS_AT_MOST + 1,
    )
    items, cut = await _at_most(listed, REVIEW_COMMENTS_AT_MOST)
    kept = [item for item in reversed(items) if item.number("id") != skip_id]
    found = (_comment(item, me, "review comment", _place(item)) for item in kept)
    return Said(tuple(document for document in found if document), cut)


def visible(text: str) -> bool:
    """Whether anything is left of a text once hidden things and commands to us are out."""
    return bool(_COMMAND.sub("", sanitize(text, markdown=True).text).strip(" \n\t[]()!"))


def has_command(text: str) -> bool:
    return _COMMAND.search(text) is not None


async def _at_most(items: AsyncIterator[Fields], most: int) -> tuple[list[Fields], bool]:
    found: list[Fields] = []
    async for item in items:
        if len(found) == most:
            return found, True
        found.append(item)
    return found, False


def _comment(item: Fields, me: Actor, kind: str = "comment", place: str = "") -> Document | None:
    """None when there is nothing in it for us. A command to us leaves its line empty; what follows it stays."""
    author, body = item.text_or("user.login", "ghost"), item.text_or("body")
    if author == me.login or not visible(body):
        return None
    if item.text_or("user.type") == "Bot" and not _OUTPUT.search(body):
        return None
    where = f" on {place}" if place else ""
    shown = f"{kind} {item.number('id')} by @{author}{where}"
    return Document(shown, _COMMAND.sub("", body).encode("utf-8", "replace"), item.text_or("html_url"))


def _place(item: Fields) -> str:
    line = item.number_or_none("line") or item.number_or_none("original_line")
    return item.text_or("path") + (f":{line}" if line else "")
