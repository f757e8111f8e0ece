"""The grammar of `/fixbugs …`: finds the first instruction in a text that a person wrote. What comes of it is not
decided here.

An instruction stands on its own line, at most three spaces in, as text: never in a quote, in code, or in an HTML
comment. What is which, CommonMark says; so a line counts as it is shown on the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.utils import EnvType

from bot.core.commands import INSTRUCTION_LINE, NAME, Ask

LINE = re.compile(INSTRUCTION_LINE, re.IGNORECASE)
FIRST_WORD = re.compile(r"(?P<word>[^\s:,.!?]+)[:,.!?]*[ \t]*(?P<rest>.*)", re.DOTALL)
OPENING = ("`", "~", "<")
LONGEST_TEXT = 65_536  # characters: GitHub's own limit for a comment
LONGEST_PARAGRAPH = 8_192  # with an instruction in it; reading one takes time that grows with its square
# Words that begin a sentence of guidance and happen to look like a mistyped instruction.
ORDINARY_WORDS = frozenset({"mix", "six", "fit", "fixed", "step", "steps", "shop", "top", "state", "states", "try"})


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a text asks for. `unknown` is a word that looks like a mistyped instruction; then `ask` is HELP."""

    ask: Ask
    guidance: str = ""
    unknown: str = ""


def first_instruction(text: str) -> Instruction | None:
    """The first instruction in a Markdown text, with what follows it up to the next one; None where there is none."""
    if NAME not in text.lower():
        return None
    lines = _lines(text[:LONGEST_TEXT])
    found = _instruction_lines(lines)
    if not found:
        return None
    first, following = found[0], found[1] if len(found) > 1 else len(lines)
    match = LINE.fullmatch(lines[first])
    rest = (match["rest"] or "").strip() if match else ""
    return _read(rest, "\n".join(lines[first + 1 : following]))


def newly_instructed(text: str, before: str | None) -> Instruction | None:
    """The instruction that an edit added or turned into another one; None when it asks for the same as before.
    `before` None means that the edit left this text alone."""
    if before is None:
        return None
    now, earlier = first_instruction(text), first_instruction(before)
    if now is None or (earlier is not None and earlier.ask is now.ask and earlier.unknown == now.unknown):
        return None
    return now


def _lines(text: str) -> list[str]:
    """As CommonMark counts them; `str.splitlines` knows more line ends than it does."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _instruction_lines(lines: list[str]) -> tuple[int, ...]:
    """The numbers of the lines that hold an instruction, from 0: those that look like one and that CommonMark reads as
    the beginning of a line of plain text, outside of quotes and of endless paragraphs.

    Most comments are so plain that their lines alone decide.
    """
    looking = tuple(number for number, line in enumerate(lines) if LINE.fullmatch(line))
    if not looking or _surely_plain(lines, looking):
        return looking
    return _plain_text(lines, looking)


def _surely_plain(lines: list[str], looking: tuple[int, ...]) -> bool:
    """Whether each of these lines begins a paragraph (an empty line ends a quote and all that goes on within a
    paragraph), and nothing before the last of them could have opened code or HTML that goes on over empty lines."""
    begins = all(number == 0 or not lines[number - 1].strip(" \t") for number in looking)
    return begins and not any(mark in line for line in lines[: looking[-1]] for mark in OPENING)


def _plain_text(lines: list[str], looking: tuple[int, ...]) -> tuple[int, ...]:
    """Those of these lines that CommonMark shows as plain text outside of quotes.

    Tokens of inline text carry no line numbers, so each such line gets a mark to be found by.
    """
    mark = "fixbugs"
    while any(mark in line for line in lines):
        mark += "x"
    marked = list(lines)
    for number in looking:
        marked[number] = marked[number].replace(marked[number].lstrip(" ")[: len(NAME)], f"{mark}{number}z", 1)
    found: list[int] = []
    links: EnvType = {}  # the targets that the text defines
    quotes = 0
    for token in _blocks().parse("\n".join(marked), links):
        if token.type == "blockquote_open":
            quotes += 1
        elif token.type == "blockquote_close":
            quotes -= 1
        elif token.type == "inline" and not quotes and mark in token.content:
            if len(token.content) > LONGEST_PARAGRAPH:
                continue
            texts = _commonmark().parseInline(token.content, links)[0]
            found += [int(start.removeprefix(mark).partition("z")[0]) for start in _line_starts(texts, mark)]
    return tuple(found)


def _line_starts(texts: Token, mark: str) -> Iterator[str]:
    """The texts with which lines begin and that begin with the mark."""
    at_start = True
    for child in texts.children or ():
        if at_start and child.type == "text" and child.level == 0 and child.content.startswith(mark):
            yield child.content
        at_start = child.type in ("softbreak", "hardbreak")


def _read(line: str, following: str) -> Instruction:
    """`line` is what stands behind the name."""
    match = FIRST_WORD.fullmatch(line)
    if match is None:
        return Instruction(Ask.FIX, _joined(line, following))
    word, rest = match["word"].lower(), match["rest"]
    ask = next((ask for ask in Ask if ask.value == word), None)
    if ask is not None:
        return Instruction(ask, _joined(rest, following))
    if _looks_mistyped(word, alone=not rest):
        return Instruction(Ask.HELP, _joined(rest, following), unknown=match["word"])
    return Instruction(Ask.FIX, _joined(line, following))


def _joined(line: str, following: str) -> str:
    return f"{line}\n{following}".strip()


def _looks_mistyped(word: str, *, alone: bool) -> bool:
    """Whether a word was probably meant as an instruction: one slip away from a short one, two from a long one, or an
    abbreviation of one."""
    if word in ORDINARY_WORDS and not alone:
        return False
    return any(
        _slips(word, ask.value) <= (1 if len(ask.value) < 6 else 2)
        or (len(word) >= 3 and len(ask.value) > 4 and ask.value.startswith(word))
        for ask in Ask
    )


def _slips(word: str, meant: str) -> int:
    """How many letters were left out, added, replaced or swapped with their neighbour."""
    if abs(len(word) - len(meant)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, letter in enumerate(word, 1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(meant, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == meant[j - 2] and word[i - 2] == other:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]


@cache
def _commonmark() -> MarkdownIt:
    return MarkdownIt("commonmark")


@cache
def _blocks() -> MarkdownIt:
    """Leaves the text of paragraphs as it is: few of them need to be read, and reading takes most of the time."""
    return MarkdownIt("commonmark").disable(["inline", "text_join"])
