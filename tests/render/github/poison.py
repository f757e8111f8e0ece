"""Fills every text of a record, whatever its type, with a hostile one; and reads rendered Markdown as GitHub would."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from html.parser import HTMLParser
from typing import TypeVar

from markdown_it import MarkdownIt

from bot.core.outcomes import RunRecord
from bot.core.patch import FileEdit
from bot.core.run import Commit

T = TypeVar("T")

KEPT = frozenset({"sha", "head_sha", "test_commit", "fix_commit", "repository", "id", "web_url"})  # ours
TAGS = frozenset(
    [
        "h3",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "pre",
        "details",
        "summary",
        "sub",
        "br",
        "strong",
        "em",
        "ul",
        "ol",
        "li",
        "a",
        "hr",
        "blockquote",
    ]
)


def poisoned(value: T, text: str, name: str = "") -> T:
    """The same value with every text in it replaced, but for those that the forge or we make ourselves."""
    return _poisoned(value, text, name)  # type: ignore[return-value] # same type as it came in


def _poisoned(value: object, text: str, name: str) -> object:
    if isinstance(value, str):
        return value if name in KEPT else text
    if isinstance(value, bytes | datetime | Enum) or value is None:
        return value
    if isinstance(value, tuple):
        return tuple(_poisoned(each, text, name) for each in value)
    if isinstance(value, FileEdit):
        text = text[:1_000]  # comparing many lines that are all alike takes too long
        return FileEdit(text or "x", f"{text}\n", f"{text}\nmore {text}\n")
    if isinstance(value, RunRecord):
        parts = {f.name: _poisoned(getattr(value, f.name), text, f.name) for f in fields(value)}
        return replace(value, **parts)  # type: ignore[arg-type] # same types as they came in
    if is_dataclass(value) and not isinstance(value, type):
        own = {f.name for f in fields(value)} - ({"sha", "at"} if isinstance(value, Commit) else set())
        parts = {key: _poisoned(getattr(value, key), text, key) for key in own if not callable(getattr(value, key))}
        return replace(value, **parts)
    return value


class Rendered(HTMLParser):
    """What a browser would get: its tags, where its links lead, its comments, and its text outside code and links."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.comments: list[str] = []
        self.bare = ""
        self._quiet = 0
        self._open: list[str] = []
        self.balanced = True
        self.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("br", "hr", "img"):
            self._open.append(tag)
        self._quiet += tag in ("code", "pre", "a")

    def handle_endtag(self, tag: str) -> None:
        self.balanced = self.balanced and bool(self._open) and self._open.pop() == tag
        self._quiet -= tag in ("code", "pre", "a")

    def handle_data(self, data: str) -> None:
        self.bare += "" if self._quiet else data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def complete(self) -> bool:
        return self.balanced and not self._open


# What GitHub makes more of in text: mentions, references, addresses.
ALIVE = re.compile(r"(?<!\w)@\w|#\d|GH-\d|https?://|www\.\w|\w@\w+\.\w", re.IGNORECASE)
