"""A unified diff as rows that a page can colour: line numbers, kind, and which part of a line really changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile

from bot.core.patch import Patch
from bot.render.wording import clean

MOST_ROWS = 400  # of one file; the patch itself is beside the report
MOST_CHARS = 400  # of one line

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


class RowKind(Enum):
    CONTEXT = "context"
    REMOVED = "removed"
    ADDED = "added"
    GAP = "gap"  # between two hunks, or a note


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `parts` are its pieces in order, each with whether it is what changed inside the line."""

    kind: RowKind
    before: int | None
    after: int | None
    parts: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class FileRows:
    """One file of a patch. `left_out` counts the rows beyond what a page shows."""

    path: str
    state: str  # "changed", "new file" or "removed"
    added: int
    removed: int
    rows: tuple[Row, ...]
    left_out: int = 0


def file_rows(patch: Patch) -> tuple[FileRows, ...]:
    """Every file of a patch, in its order."""
    found = []
    for edit in patch.edits:
        rows = _marked(_rows(edit.diff))
        state = "new file" if edit.before is None else "removed" if edit.after is None else "changed"
        added, removed = (sum(row.kind is kind for row in rows) for kind in (RowKind.ADDED, RowKind.REMOVED))
        left_out = max(0, len(rows) - MOST_ROWS)
        found.append(FileRows(edit.path, state, added, removed, tuple(rows[:MOST_ROWS]), left_out))
    return tuple(found)


def _rows(diff: str) -> list[Row]:
    rows: list[Row] = []
    before = after = 0
    inside = False
    for line in diff.removesuffix("\n").split("\n"):
        if head := _HUNK.match(line):
            if inside:
                rows.append(Row(RowKind.GAP, None, None, (("⋯", False),)))
            before, after, inside = int(head[1]), int(head[2]), True
        elif inside:
            text = _shown(line[1:])
            if line.startswith("-"):
                rows.append(Row(RowKind.REMOVED, before, None, ((text, False),)))
                before += 1
            elif line.startswith("+"):
                rows.append(Row(RowKind.ADDED, None, after, ((text, False),)))
                after += 1
            elif line.startswith("\\"):
                rows.append(Row(RowKind.GAP, None, None, (("no newline at the end of the file", False),)))
            else:
                rows.append(Row(RowKind.CONTEXT, before, after, ((text, False),)))
                before, after = before + 1, after + 1
    return rows


def _shown(line: str) -> str:
    line = clean(line.expandtabs(4))
    return line if len(line) <= MOST_CHARS else f"{line[: MOST_CHARS - 1]}…"


def _marked(rows: list[Row]) -> list[Row]:
    """Marks what differs where as many lines were removed as were added right after them."""
    marked = list(rows)
    at = 0
    while at < len(rows):
        removed = len(list(takewhile(lambda row: row.kind is RowKind.REMOVED, rows[at:])))
        added = len(list(takewhile(lambda row: row.kind is RowKind.ADDED, rows[at + removed :])))
        if removed and removed == added:
            for old in range(at, at + removed):
                marked[old], marked[old + removed] = _pair(rows[old], rows[old + removed])
        at += max(1, removed + added)
    return marked


def _pair(old: Row, new: Row) -> tuple[Row, Row]:
    a, b = old.parts[0][0], new.parts[0][0]
    head = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))))
    most = min(len(a), len(b)) - head
    same = takewhile(lambda pair: pair[0] == pair[1], zip(reversed(a), reversed(b), strict=False))
    tail = min(most, len(list(same)))
    while head and _word(a[head - 1 : head]) and (_word(a[head : head + 1]) or _word(b[head : head + 1])):
        head -= 1
    while tail and _word(a[len(a) - tail]) and (_word(a[len(a) - tail - 1]) or _word(b[len(b) - tail - 1])):
        tail -= 1
    if head + tail < min(len(a), len(b)) * 0.3:
        return old, new  # hardly the same line: marks would only be noise
    return _cut(old, a, head, tail), _cut(new, b, head, tail)


def _word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _cut(row: Row, text: str, head: int, tail: int) -> Row:
    stop = len(text) - tail
    parts = ((text[:head], False), (text[head:stop], True), (text[stop:], False))
    return Row(row.kind, row.before, row.after, tuple(part for part in parts if part[0]))
