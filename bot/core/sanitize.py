r"""Cleans text that somebody handed in before anything reads or shows it. Pure; decoding bytes does not belong here.

What people cannot see is taken out and said so: terminal escapes, control, zero-width and direction characters, and
what Markdown does not show (`hidden_markup`). Secrets go too (`redact` knows them). Lines stay where they are
(`"\n"` is never added or taken away, except that a text with bare carriage returns only gets line feeds for them), so
line numbers of the result are the original's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.hidden_markup import without_hidden
from bot.core.redact import redacted

_ESCAPES = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\)"  # OSC, DCS, …: titles, links
    r"|\x1b[ -/]{0,8}[0-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_LIKE = re.compile(r"[\r\x0b\x0c\x85\u2028\u2029]")  # would move the line count of whoever splits on them
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff"
    "\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"  # tags, selectors, fillers
)
_ROUNDS = 6
_MORE_SELECTORS = re.compile("(?<=[\ufe0e\ufe0f])[\ufe0e\ufe0f]+")  # one makes an emoji of a character; more carry data


@dataclass(frozen=True, slots=True)
class Sanitized:
    """Clean text, and one sentence for each kind of thing that was taken out."""

    text: str
    notes: tuple[str, ...] = ()


def sanitize(text: str, *, markdown: bool) -> Sanitized:
    """The text without what hides or leaks. Doing it twice changes nothing more.

    `markdown` also takes out what a reader of the rendered text does not see.
    """
    notes: list[str] = []
    text = _strip_characters(text, notes)
    for _ in range(_ROUNDS):  # our mark in place of a secret can make a link of what was none
        before = text
        if markdown:
            text, hidden = without_hidden(text)
            notes.extend(hidden)
        text, removed = redacted(text)
        notes.extend(removed)
        if not markdown or text == before:
            break
    return Sanitized(text, tuple(notes))


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
        text, selectors = _MORE_SELECTORS.subn("", text)
        if invisible := invisible + selectors:
            notes.append(f"{_count(invisible, 'invisible character')} (zero-width or direction-changing) removed")
    return text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
