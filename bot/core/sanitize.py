r"""Cleans text that somebody handed in before anything reads or shows it. Pure; decoding bytes does not belong here.

What people cannot see is taken out and said so: terminal escapes, control, zero-width and direction characters, HTML
comments of Markdown. Secrets go too (`redact` knows them). Lines stay where they are (`"\n"` is never added or taken
away, except that a text with bare carriage returns only gets line feeds for them), so line numbers of the result are
the original's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.redact import redacted

_ESCAPES = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\)"  # OSC, DCS, …: titles, links
    r"|\x1b[ -/]{0,8}[0-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_LIKE = re.compile(r"[\r\x0b\x0c\x85\u2028\u2029]")  # would move the line count of whoever splits on them
_INVISIBLE = re.compile(
    r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class Sanitized:
    """Clean text, and one sentence for each kind of thing that was taken out."""

    text: str
    notes: tuple[str, ...] = ()


def sanitize(text: str, *, markdown: bool) -> Sanitized:
    """The text without what hides or leaks. Doing it twice changes nothing more.

    `markdown` also takes out HTML comments (outside fenced code, where they would be shown).
    """
    notes: list[str] = []
    text = _strip_characters(text, notes)
    if markdown and "<!--" in text:
        text = _strip_comments(text, notes)
    text, removed = redacted(text)
    return Sanitized(text, (*notes, *removed))


def _strip_characters(text: str, notes: list[str]) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\n" not in text:
            text = text.replace("\r", "\n")
    text, escapes = _ESCAPES.subn("", text) if "\x1b" in text else (text, 0)
    if escapes:
        notes.append(f"{_count(escapes, 'terminal escape sequence')} removed")
    text, controls = _CONTROLS.subn("", text)
    text = _LINE_LIKE.sub(" ", text)
    if controls:
        notes.append(f"{_count(controls, 'control character')} removed")
    if not text.isascii():
        text, invisible = _INVISIBLE.subn("", text)
        if invisible:
            notes.append(f"{_count(invisible, 'invisible character')} (zero-width or direction-changing) removed")
    return text


def _strip_comments(text: str, notes: list[str]) -> str:
    removed: list[int] = []
    stripped = "\n".join(_without_comments(text.split("\n"), removed))
    if removed:
        shown = ", ".join(str(line) for line in removed[:_SHOWN_LINES])
        more = ", …" if len(removed) > _SHOWN_LINES else ""
        noun = "line" if len(removed) == 1 else "lines"
        notes.append(f"{_count(len(removed), 'hidden HTML comment')} removed (from {noun} {shown}{more})")
    return stripped


def _without_comments(lines: list[str], removed: list[int]) -> Iterator[str]:
    """The lines with comments blanked. Fences are looked for in the *result*, so a second pass sees the same ones."""
    fence = ""
    in_comment = False
    last_end = max((number for number, line in enumerate(lines) if "-->" in line), default=-1)
    for number, line in enumerate(lines):
        if fence:
            opened = _FENCE.fullmatch(line)
            if opened and opened[1].startswith(fence) and not opened[2].strip():
                fence = ""
            yield line
            continue
        shown, in_comment = _shown(line, in_comment, number + 1, removed, closes_later=number < last_end)
        opened = None if in_comment and not shown.strip() else _FENCE.fullmatch(shown)
        if opened and not (opened[1][0] == "`" and "`" in opened[2]):
            fence = opened[1]
        yield shown


def _shown(line: str, in_comment: bool, number: int, removed: list[int], *, closes_later: bool) -> tuple[str, bool]:
    """What of a line lies outside comments, and whether a comment is open at its end."""
    parts: list[str] = []
    position = 0
    blank = True  # nothing but blanks is shown so far
    while True:
        if in_comment:
            end = line.find("-->", position)
            if end < 0:
                return "".join(parts), True
            position = end + 3
            in_comment = False
            parts.append(" ")  # keeps the two sides apart, so that they cannot form a new comment
        start = line.find("<!--", position)
        # One that never closes hides the rest of the text when it begins a line, and is plain text inside one.
        blank = blank and not line[position : max(start, position)].strip()
        if start < 0 or not (closes_later or line.find("-->", start + 2) >= 0 or blank):
            return "".join([*parts, line[position:]]), False
        parts.append(line[position:start])
        removed.append(number)
        position = start + 2  # `<!-->` is a whole comment
        in_comment = True


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
