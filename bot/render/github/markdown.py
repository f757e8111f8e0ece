"""Markdown for GitHub out of untrusted text. What is quoted here mentions nobody, links nothing, closes no issue and
cannot leave its place: a line, a table's cell, a fence. What the texts say belongs elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bot.render.wording import capped, clean, one_line

MOST_BYTES = 65_000  # of one comment; GitHub takes 65,536 characters, and bytes are never fewer than characters
FENCE_CHARS = 6_000

# GitHub looks for mentions, references and addresses in the rendered text, where a backslash is gone: only something
# between the characters keeps it from finding one. A zero-width space is what its other bots use, too.
_GAP = "&#8203;"
_HIDDEN = re.compile(
    "[\u00ad\u034f\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SPECIAL = re.compile(
    r"[\\`*\[\]~$#&<>|@]|!(?=$|[^\w\s])|://|www(?=\.)|GH(?=-\d)|(?<![^\W_])_+|_+(?![^\W_])", re.IGNORECASE
)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "@": f"@{_GAP}"}
_LINE_START = re.compile(r"(\d{1,9})([.)])|([-+=:])")
_WEB = re.compile(r"https?://[^\s<>()\[\]\"'\\`|]+")


def prose(said: str, most: int = 600) -> str:
    """One line of text, with what it sets between backticks as code."""
    pieces = _seen(said, most).split("`")
    if len(pieces) % 2 == 0:  # an odd backtick is just a backtick
        return text(said, most)
    return "".join(code(piece, most) if n % 2 else _escaped(piece, first=n == 0) for n, piece in enumerate(pieces))


def text(said: str, most: int = 600) -> str:
    """One line of text that shows as it is."""
    return _escaped(_seen(said, most), first=True)


def code(said: str, most: int = 300) -> str:
    """One line of code; "" when there is none."""
    shown = _seen(said, most)
    if not shown:
        return ""
    if "|" in shown:  # in a table, a code span cannot hold every text with one
        return f"<code>{_escaped(shown, first=False)}</code>"
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def fence(said: str, language: str = "", most: int = FENCE_CHARS) -> str:
    """Lines of code or output, cut in the middle beyond `most` characters."""
    shown = capped(clean(said).strip("\n"), most)
    ticks = "`" * max(3, _longest_run(shown) + 1)
    return f"{ticks}{language}\n{shown}\n{ticks}"


def verbatim(said: str, language: str = "") -> str:
    """Lines to copy, all of them as they are. The empty line at the end keeps the last one whole when it is copied."""
    ticks, lines = "`" * max(3, _longest_run(said) + 1), said.removesuffix("\n")
    return f"{ticks}{language}\n{lines}\n\n{ticks}"


def link(shown: str, url: str) -> str:
    """`shown` is Markdown already; it stays alone where the address is not a plain web address."""
    return f"[{shown}]({url})" if _WEB.fullmatch(url) else shown


def permalink(web_url: str, sha: str, path: str, line: int, last: int | None = None) -> str:
    """A place in the code as it was at a commit, as code; a link where the repository has a page."""
    place = f"{path}:{line}" + (f"-{last}" if last is not None and last > line else "")
    if not web_url or not sha:
        return code(place)
    lines = f"#L{line}" + (f"-L{last}" if last is not None and last > line else "")
    return link(code(place), f"{web_url}/blob/{sha}/{quote(path, errors='replace')}{lines}")


def commit_link(web_url: str, sha: str) -> str:
    return link(code(sha[:7]), f"{web_url}/commit/{sha}") if web_url and sha else code(sha[:7])


def details(summary: str, body: str, *, opened: bool = False) -> str:
    """A part that opens on a click. `summary` is plain text, `body` Markdown."""
    shown = html.escape(_seen(summary, 200), quote=False).replace("#", f"#{_GAP}").replace("@", f"@{_GAP}")
    return f"<details{' open' if opened else ''}>\n<summary>{shown}</summary>\n\n{body.strip()}\n\n</details>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Cells are Markdown of one line; columns numbered in `right` are set to the right."""
    rule = ("--:" if n in right else "---" for n in range(len(head)))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, tuple(rule), *rows))


def bullets(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def numbered(items: Sequence[str]) -> str:
    return "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1))


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a text. Parts with a name may be left out when the whole gets too long, the last ones first."""

    text: str
    name: str = ""


def fitted(blocks: Sequence[Block], most_bytes: int = MOST_BYTES) -> str:
    """The blocks, an empty line between them, in at most so many bytes of UTF-8; says what it left out."""
    kept = [block for block in blocks if block.text]
    left_out: list[str] = []
    while (size := _size(shown := _joined(kept, left_out))) > most_bytes and len(kept) > 1:
        at = next((n for n in range(len(kept) - 1, 0, -1) if kept[n].name), len(kept) - 1)
        left_out.insert(0, kept[at].name or "the rest")
        del kept[at]
    if size > most_bytes:
        return f"This text would be {size:,} bytes long, more than GitHub takes."
    return shown


def _joined(blocks: Sequence[Block], left_out: Sequence[str]) -> str:
    parts = [block.text for block in blocks]
    if left_out:
        parts.append(f"*Left out, because GitHub takes no longer text: {', '.join(dict.fromkeys(left_out))}.*")
    return "\n\n".join(parts)


def _size(shown: str) -> int:
    return len(shown.encode())


def _seen(said: str, most: int) -> str:
    return one_line(_HIDDEN.sub("", said), most)


def _longest_run(shown: str) -> int:
    return max((len(run) for run in re.findall("`+", shown)), default=0)


def _escaped(shown: str, *, first: bool) -> str:
    """`first`: it may stand at the start of a line, where some characters mean more."""
    found = _SPECIAL.sub(_special, shown)
    if first and (start := _LINE_START.match(found)):
        found = f"{start[1] or ''}\\{start[2] or start[3]}{found[start.end() :]}"
    return found


def _special(hit: re.Match[str]) -> str:
    found = hit[0]
    if found in _ENTITIES:
        return _ENTITIES[found]
    if found == "#":
        number = hit.string[hit.end() : hit.end() + 1].isdigit()
        return f"\\#{_GAP}" if number else "\\#"
    if found == "://":
        return f":{_GAP}//"
    if found[0].isalpha():
        return f"{found}{_GAP}"
    return "".join(f"\\{character}" for character in found)
