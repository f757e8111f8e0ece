"""Suspects from stack frames: where the reported exceptions passed through the repository's own code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.core.artifacts import Suspect, Traceback
from bot.core.path_roles import PathRole, role_of
from bot.core.python_source import Definition, definitions, enclosing
from bot.core.testing import Frame
from bot.core.tree import Tree
from bot.ports import LocateQuestion

NEARER_BY = 0.75  # each frame further out is this much less suspect
TEST_WEIGHT = 0.1
VENDORED_WEIGHT = 0.3
MAX_REASONS = 3


@dataclass
class _Found:
    symbol: str
    score: float = 0.0
    reasons: list[str] = field(default_factory=list)


class TracebackLocator:
    """The function around each frame that lies in the tree, innermost first, over all tracebacks of the report.

    A frame's weight falls by `NEARER_BY` with each in-tree frame between it and the place of the error; a function in
    several tracebacks adds up. Tests and vendored code count little: they are where an error shows, rarely why.
    """

    name = "traceback"

    def locate(self, question: LocateQuestion) -> Sequence[Suspect]:
        outlines: dict[str, tuple[Definition, ...]] = {}
        found: dict[tuple[str, int, int], _Found] = {}
        for traceback in question.analysis.tracebacks:
            _weigh(traceback, question.tree, outlines, found)
        ranked = sorted(found.items(), key=lambda item: -item[1].score)
        return [
            Suspect(path, first, last, entry.score, entry.symbol, tuple(entry.reasons))
            for (path, first, last), entry in ranked
        ]


def _weigh(
    traceback: Traceback,
    tree: Tree,
    outlines: dict[str, tuple[Definition, ...]],
    found: dict[tuple[str, int, int], _Found],
) -> None:
    inside = [frame for frame in reversed(traceback.frames) if frame.path in tree]
    seen: set[tuple[str, int, int]] = set()
    for distance, frame in enumerate(inside):
        place = _place(frame, tree, outlines)
        if place is None or place[:3] in seen:
            continue
        seen.add(place[:3])
        entry = found.setdefault(place[:3], _Found(place[3]))
        entry.score += NEARER_BY**distance * _role_weight(frame.path)
        if len(entry.reasons) < MAX_REASONS:
            entry.reasons.append(_reason(traceback, frame, distance))


def _place(frame: Frame, tree: Tree, outlines: dict[str, tuple[Definition, ...]]) -> tuple[str, int, int, str] | None:
    """(path, first line, last line, symbol) of the function around a frame. When the file has changed since the report
    was written, the function's name decides before the line number does."""
    text = tree.text(frame.path)
    if text is None:
        return None
    outline = outlines.setdefault(frame.path, definitions(text))
    around = enclosing(outline, frame.line)
    name = frame.function.rpartition(".")[2]
    if name and not name.startswith("<") and (around is None or around.name != name):
        named = [found for found in outline if found.name == name]
        if named:
            around = min(named, key=lambda found: abs(found.line_start - frame.line))
    if around is not None:
        return frame.path, around.line_start, around.line_end, around.qualname
    lines = text.count("\n") + 1
    return (frame.path, frame.line, frame.line, "") if frame.line <= lines else None


def _role_weight(path: str) -> float:
    return {PathRole.TEST: TEST_WEIGHT, PathRole.VENDORED: VENDORED_WEIGHT}.get(role_of(path), 1.0)


def _reason(traceback: Traceback, frame: Frame, distance: int) -> str:
    error = traceback.exception_type or "the exception"
    where = "raised here" if distance == 0 else f"{distance} frame{'s' if distance > 1 else ''} outside the error"
    return f"{error} in {traceback.provenance}: {where}, line {frame.line}."
