"""A report as Markdown: title, headings, prose with inline code, and code blocks, each with its lines and its part.

A block's part (what is wanted, what happens) comes from the headings and labels above it. What sentences mean is read
in `statements`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.readers.source_lines import SourceLines

MAX_TITLE_CHARS = 200
MAX_REPORT_CHARS = 131_072  # twice what GitHub takes for one issue; tracebacks further down are still read
MAX_LINE_CHARS = 2_000
_EXPECTED = re.compile(r"\bexpect|\bshould\b|\bdesired\b|\bcorrect\b|\bwanted\b", re.IGNORECASE)
_ACTUAL = re.compile(
    r"\bactual|\bobserved\b|\bcurrent|\bg[eo]ts?\b|\binstead\b|\bwrong\b|\btraceback\b|\berror\b|\bbut\b|\breturned\b"
    r"|\bprints\b|\bgives\b|\bincorrect\b|\bwhat happen",
    re.IGNORECASE,
)
_PLAIN_OUTPUT = re.compile(r"\b(?:outputs?|results?|returns|logs?)\b", re.IGNORECASE)
_TITLE_LINE = re.compile(r"(?:title|subject):\s*(\S.*)$", re.IGNORECASE)
_INLINE_LABEL = re.compile(r"\W{0,3}((?:expected|actual|current|observed)[\w ]{0,30}):", re.IGNORECASE)
_FORM_HEADING = re.compile(
    r"\W*(?:(?:please )?describe (?:the|your) (?:bug|issue|problem)|(?:bug )?(?:report|description|summary)|bug|issue"
    r"|what happened|(?:the )?problem|what (?:is|went) wrong|current behaviou?r|steps to reproduce.{0,20})\W*",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"\s*(?:>>> |In \[\d+\]: )")


class BlockKind(Enum):
    HEADING = "heading"
    PROSE = "prose"
    CODE = "code"


class Role(Enum):
    """The part a block plays in the report."""

    NONE = "none"
    EXPECTED = "expected"
    ACTUAL = "actual"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of prose on one line; `code` when it was written as inline code."""

    text: str
    line: int
    code: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One block. Lines are 1-based and inclusive; a code block's are those of its content. `info` is its language."""

    kind: BlockKind
    line_start: int
    line_end: int
    role: Role = Role.NONE
    pieces: tuple[Piece, ...] = ()
    text: str = ""
    info: str = ""


@dataclass(frozen=True, slots=True)
class ReportText:
    title: str
    title_line: int
    blocks: tuple[Block, ...]


def read_report_text(lines: SourceLines, covered: Sequence[tuple[int, int]] = ()) -> ReportText:
    """The blocks of a report. `covered` are line ranges that are read elsewhere (tracebacks): outside code blocks they
    are left out, so that nobody takes them for prose. Unfenced `>>>` sessions become code blocks."""
    raw = _within_reason(lines.raw)
    fenced = {n for block in _blocks(raw) if block.kind is BlockKind.CODE for n in _span(block)}
    masked = {n for first, last in covered for n in range(first, last + 1)} - fenced
    sessions = tuple(_bare_sessions(raw, masked | fenced))
    masked |= {n for session in sessions for n in _span(session)}
    text = ["" if number in masked else line for number, line in enumerate(raw, 1)]
    blocks = sorted([*_blocks(text), *sessions], key=lambda block: block.line_start)
    title, line = _title(blocks)
    return ReportText(title, line, tuple(_with_roles(blocks)))


def role_of_words(words: str) -> Role:
    """What a heading or label announces."""
    wanted, happens = _EXPECTED.search(words), _ACTUAL.search(words)
    if wanted and not happens:
        return Role.EXPECTED
    if not wanted and (happens or _PLAIN_OUTPUT.search(words)):
        return Role.ACTUAL
    return Role.NONE


def plain(block: Block) -> str:
    """A prose block's words as one line."""
    return " ".join(piece.text for piece in block.pieces)


def _within_reason(lines: Sequence[str]) -> list[str]:
    """The lines that are read as Markdown: no longer than people write them, and no more than an issue may have."""
    kept: list[str] = []
    size_chars = 0
    for line in lines:
        size_chars += min(len(line), MAX_LINE_CHARS) + 1
        if size_chars > MAX_REPORT_CHARS:
            break
        kept.append(line[:MAX_LINE_CHARS])
    return kept


def _span(block: Block) -> range:
    return range(block.line_start, block.line_end + 1)


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    tokens = MarkdownIt("commonmark").disable(["html_block", "html_inline"]).parse("\n".join(lines))
    heading = False
    for token in tokens:
        if token.type == "heading_open":
            heading = True
        elif token.type == "heading_close":
            heading = False
        elif token.map is None:
            continue
        elif token.type in ("fence", "code_block"):
            first = token.map[0] + (2 if token.type == "fence" else 1)
            content = token.content.removesuffix("\n")
            info = token.info.strip().split()[0].lower() if token.info.strip() else ""
            yield Block(BlockKind.CODE, first, first + content.count("\n"), text=content, info=info)
        elif token.type == "inline":
            pieces = tuple(_pieces(token))
            bold = _is_bold_line(token)
            kind = BlockKind.HEADING if heading or bold else BlockKind.PROSE
            if pieces:
                yield Block(kind, pieces[0].line, pieces[-1].line, pieces=pieces)


def _pieces(token: Token) -> Iterator[Piece]:
    line = (token.map[0] if token.map else 0) + 1
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            line += 1
        elif child.content and child.type in ("text", "code_inline", "text_special"):
            yield Piece(child.content, line, child.type == "code_inline")


def _is_bold_line(token: Token) -> bool:
    kinds = [child.type for child in token.children or () if child.type != "text" or child.content.strip(" :")]
    return len(kinds) == 3 and kinds[0] == "strong_open" and kinds[2] == "strong_close"


def _bare_sessions(lines: Sequence[str], taken: set[int]) -> Iterator[Block]:
    """Interpreter sessions that somebody pasted without a fence: from a prompt to the next blank line."""
    number = 1
    while number <= len(lines):
        if number in taken or not _PROMPT.match(lines[number - 1]):
            number += 1
            continue
        last = number
        while last < len(lines) and last + 1 not in taken:
            blank = not lines[last].strip()
            if blank and not (last + 1 < len(lines) and last + 2 not in taken and _PROMPT.match(lines[last + 1])):
                break
            last += 1
        yield Block(BlockKind.CODE, number, last, text="\n".join(lines[number - 1 : last]), info="pycon")
        number = last + 1


def _title(blocks: Sequence[Block]) -> tuple[str, int]:
    for block in blocks:
        if block.kind is BlockKind.CODE:
            continue
        first = "".join(piece.text for piece in block.pieces if piece.line == block.line_start).strip()
        if block.kind is BlockKind.HEADING and _FORM_HEADING.fullmatch(first):
            continue
        named = _TITLE_LINE.match(first)
        return (named[1] if named else first)[:MAX_TITLE_CHARS], block.line_start
    return "", 0


def _with_roles(blocks: Sequence[Block]) -> Iterator[Block]:
    """A heading's role holds until the next heading; a label's ("I get:") for the code right below it."""
    section, label = Role.NONE, None
    for position, block in enumerate(blocks):
        role = section
        if block.kind is BlockKind.HEADING:
            section = role = Role.NONE if position == 0 else role_of_words(plain(block))
            label = None
        elif block.kind is BlockKind.CODE:
            role = section if label is None else label
        else:
            words = plain(block).strip()
            label = role_of_words(_last_sentence(words)) if words.endswith(":") else None
            inline = _INLINE_LABEL.match(words)
            role = role_of_words(inline[1]) if inline else section
            if label is not None and label is not Role.NONE and len(words.split()) <= 4:
                section = role = label  # "Expected:" on a line of its own is a heading in all but form
        yield Block(block.kind, block.line_start, block.line_end, role, block.pieces, block.text, block.info)


def _last_sentence(words: str) -> str:
    return re.split(r"(?<=[.!?;,])\s+", words)[-1]
