"""Untrusted text as GitHub shows it without Markdown: in titles, commit messages, branches. Mentions nobody, refers
to nothing."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from bot.render.wording import one_line

_UNSEEN = re.compile(
    "[\u00ad\u034f\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_MENTION = re.compile(r"@(?=\w)")
_NUMBER = re.compile(r"#(?=\d)")
_SHORT_FORM = re.compile(r"(GH)-(?=\d)", re.IGNORECASE)
_SCHEME = re.compile(r"(?:https?|ftp|file)?://", re.IGNORECASE)
# What keeps CI services from running on a commit: "[skip ci]", "[ci skip]", "[skip actions]", "***NO_CI***" …
_SKIP = re.compile(r"\[((?:[\w-]{1,20}[ :_-])?(?:skip|no)(?:[ :_-][\w-]{1,20})?)\]|\*{3}(NO_CI)\*{3}", re.IGNORECASE)
_WWW = re.compile(r"(www)\.(?=\w)", re.IGNORECASE)


def plain(said: str, most: int = 400) -> str:
    """One line. A space keeps `@name` and `#9` from being a mention and a reference; addresses lose their scheme, and
    what would keep CI from running its brackets."""
    line = one_line(_UNSEEN.sub("", said), most)
    while _SCHEME.search(line):  # what is left may be one again
        line = _SCHEME.sub("", line)
    while _SKIP.search(line):
        line = _SKIP.sub(lambda hit: hit[1] or hit[2], line)
    line = _NUMBER.sub("# ", _MENTION.sub("@ ", line))
    return _SHORT_FORM.sub(r"\1 ", _WWW.sub(r"\1. ", line))


def shortened(line: str, most: int) -> str:
    """Cut between words."""
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    if " " in cut[most // 2 :]:
        cut = cut[: cut.rindex(" ")]
    return f"{cut.rstrip(' ,;:-')}…"


def wrapped(said: str, most: int = 1_000) -> str:
    """A paragraph of a commit message, 72 characters wide."""
    return textwrap.fill(plain(said, most), 72, break_long_words=False, break_on_hyphens=False)


def slug(title: str) -> str:
    """ "total-is-wrong": lower-case ASCII letters, digits and single hyphens; "" when nothing of it is ASCII."""
    letters = unicodedata.normalize("NFKD", title[:1_000]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters.replace("'", "")).strip("-")
