"""What a report names: versions, files and modules and symbols of the tree, test ids."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.core.python_source import parse_module
from bot.readers.report_text import Block, BlockKind, ReportText
from bot.readers.tree_index import TreeIndex

MAX_MENTIONS = 60
MAX_DEFINERS = 4  # a name that more files define says nothing
_VERSION = re.compile(
    r"(?<![\w.])(?:(?P<name>[A-Za-z][\w.-]{1,40})\s?==\s?(?P<pin>\d[\w.+!-]{0,30})"
    r"|(?P<word>(?:[A-Za-z][\w-]{1,40}\s+)?(?:version|v\.?)\s*:?\s*|[A-Z][A-Za-z][\w-]{1,30}\s+v?|[a-z][\w-]{1,30}\s+v?(?=\d+\.\d+\.\d))(?P<number>\d+\.\d+(?:\.\w+){0,3}))(?![\w%])"
)
_PATH = re.compile(r"(?<![\w/.\\-])(?:[\w.-]+[/\\]){0,12}[\w.-]+\.pyx?(?![\w/])")
_DOTTED = re.compile(r"(?<![\w./\\])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*){1,8}(?![\w/])")
_NODE_ID = re.compile(r"(?<![\w/])(?:[\w.-]+/){0,12}[\w.-]+\.py(?:::[A-Za-z_]\w*){1,4}(?:\[[^\]\n`]{1,200}\])?")
_CALLED = re.compile(r"(?<![\w.])(\w+(?:\.\w+){0,6})\(")
_NOT_NAMES = frozenset(dir(builtins)) | {"self", "cls", "test", "main", "foo", "bar", "f", "x", "data", "result", "run"}
_PREPOSITIONS = frozenset(
    {"in", "since", "at", "from", "on", "the", "with", "to", "until", "before", "after", "and", "by"}
)


@dataclass(frozen=True, slots=True)
class Mention:
    """Something named on a line. `path` is the tree's file that it stands for, if any."""

    text: str
    line: int
    path: str = ""


@dataclass(frozen=True, slots=True)
class Mentions:
    versions: tuple[Mention, ...] = ()
    paths: tuple[Mention, ...] = ()
    symbols: tuple[Mention, ...] = ()
    test_ids: tuple[Mention, ...] = ()


def read_mentions(report: ReportText, index: TreeIndex) -> Mentions:
    """What prose and code of a report name. Symbols are qualified names inside their file, else bare names."""
    stretches = list(_stretches(report))
    test_ids = [m for text, line, _ in stretches for m in _test_ids(text, line, index)]
    paths = [m for text, line, _ in stretches for m in _paths(text, line, index)]
    named = [m for text, line, code in stretches for m in _symbols(text, line, index, code=code)]
    symbols = [mention for mention in named if mention.text]
    paths += [Mention(m.path, m.line, m.path) for m in named if m.path and not m.text]
    versions = [Mention(name, line) for text, line, _ in stretches for name in _versions(text)]
    return Mentions(_once(versions), _once(paths), _once(symbols), _once(test_ids))


def _stretches(report: ReportText) -> Iterator[tuple[str, int, bool]]:
    """(text, line, whether it was written as code) of everything in the report, line by line."""
    for block in report.blocks:
        if block.kind is BlockKind.CODE:
            for offset, text in enumerate(block.text.split("\n")[:2_000]):
                yield text[:1_000], block.line_start + offset, False
        else:
            yield from _prose(block)


def _prose(block: Block) -> Iterator[tuple[str, int, bool]]:
    for piece in block.pieces:
        yield piece.text[:4_000], piece.line, piece.code


def _versions(text: str) -> Iterator[str]:
    for match in _VERSION.finditer(text):
        words = match[0].split()
        if words[0].lower() in _PREPOSITIONS:
            words = words[1:]
        if len(words) > 1 or match["pin"] or words[0][:1] in "vV":
            yield " ".join(words)


def _test_ids(text: str, line: int, index: TreeIndex) -> Iterator[Mention]:
    if "::" not in text:
        return
    for match in _NODE_ID.finditer(text):
        path, _, rest = match[0].partition("::")
        known = index.place(path)
        yield Mention(f"{known or path}::{rest}", line, known or "")


def _paths(text: str, line: int, index: TreeIndex) -> Iterator[Mention]:
    if ".py" not in text:
        return
    for match in _PATH.finditer(text):
        known = index.with_ending(match[0])
        path = known[0] if len(known) == 1 else index.place(match[0])
        if path:
            yield Mention(path, line, path)


def _symbols(text: str, line: int, index: TreeIndex, *, code: bool) -> Iterator[Mention]:
    """Dotted names that lead into the tree, called names, and in code every name that the tree defines."""
    parts: set[str] = set()  # of dotted names that lead somewhere: said once is enough
    for match in _DOTTED.finditer(text):
        found = list(_dotted(match[0], line, index))
        parts.update(match[0].split(".") if found else ())
        yield from found
    names = [name.rpartition(".")[2] for name in _CALLED.findall(text)]
    if code:
        names += _identifiers(text)
    for name in names:
        usable = len(name) > 1 and name not in _NOT_NAMES and name not in parts
        definers = index.definers(name) if usable else ()
        if 0 < len(definers) <= MAX_DEFINERS:
            yield Mention(name, line, definers[0])
    imported = parse_module(text.strip()) if text.lstrip().startswith(("from ", "import ")) else None
    for node in imported.body if imported else ():
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield from _dotted(f"{node.module}.{alias.name}", line, index)


def _dotted(name: str, line: int, index: TreeIndex) -> Iterator[Mention]:
    found = index.member(name)
    if found is None:
        owner, _, attribute = name.rpartition(".")
        owner = owner.rpartition(".")[2]
        shared = [path for path in index.definers(attribute) if index.defines(path, owner)]
        if len(shared) == 1:
            yield Mention(f"{owner}.{attribute}", line, shared[0])
        return
    path, inside = found
    yield Mention("", line, path)
    if inside and index.defines(path, inside.rpartition(".")[2]):
        yield Mention(inside, line, path)
    elif inside and len(definers := index.definers(inside.rpartition(".")[2])) == 1:
        yield Mention(inside, line, definers[0])


def _identifiers(code: str) -> list[str]:
    return re.findall(r"[A-Za-z_]\w*", code) if len(code) <= 200 else []


def _once(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    kept: dict[str, Mention] = {}
    for mention in mentions:
        kept.setdefault(mention.text, mention)
    return tuple(kept.values())[:MAX_MENTIONS]
