"""Two single edits as one candidate. Which edits exist is the rules' business."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core.artifacts import CandidatePatch
from bot.core.patch import FileEdit, Patch
from bot.fixers.source import Source, Splice

MOST_SEEDS = 40
MOST_PAIRS = 4000
_NEAR_LINES = 15  # edits this close count as one place when no function is known


@dataclass(frozen=True, slots=True)
class _Single:
    candidate: CandidatePatch
    splice: Splice
    place: tuple[str, int]  # path and the first line of the function around (0: none)


def pairs_of(seeds: Sequence[CandidatePatch], partners: Sequence[CandidatePatch]) -> Iterator[CandidatePatch]:
    """Compatible pairs of a seed with a later seed or a partner: same function first, then by how early both come."""
    sources: dict[str, Source | None] = {}
    first = [s for c in seeds[:MOST_SEEDS] if (s := _single(c, sources)) is not None]
    texts = {single.candidate.patch for single in first}
    others = first + [s for c in partners if c.patch not in texts and (s := _single(c, sources)) is not None]
    order = [
        (one.place != two.place, one.place[0] != two.place[0], i * 3 + j, i, j)
        for i, one in enumerate(first)
        for j, two in enumerate(others)
        if j > i
    ]
    count = 0
    seen: set[Patch] = set()
    for *_, i, j in sorted(order):
        pair = _combined(first[i], others[j])
        if pair is not None and pair.patch not in seen:
            seen.add(pair.patch)
            yield pair
            count += 1
            if count >= MOST_PAIRS:
                return


def _single(candidate: CandidatePatch, sources: dict[str, Source | None]) -> _Single | None:
    """The candidate as one replaced stretch of text; None when it is not an edit of one existing file."""
    if len(candidate.patch.edits) != 1:
        return None
    edit = candidate.patch.edits[0]
    if edit.before is None or edit.after is None:
        return None
    if edit.path not in sources:
        try:
            sources[edit.path] = Source(edit.path, edit.before)
        except ValueError:
            sources[edit.path] = None
    source = sources[edit.path]
    start = source.function_line(candidate.line) if source is not None else candidate.line // _NEAR_LINES
    return _Single(candidate, changed_stretch(edit.before, edit.after), (edit.path, start))


def changed_stretch(before: str, after: str) -> Splice:
    """The smallest single replacement that takes one text to the other."""
    most = min(len(before), len(after))
    start = _shared(before, after, most)
    end = _shared(before[: start - 1 if start else None : -1], after[: start - 1 if start else None : -1], most - start)
    return Splice(start, len(before) - end, after[start : len(after) - end])


def _shared(one: str, two: str, most: int) -> int:
    """The length of the common beginning, by bisection: comparing slices is fast, characters are not."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == two[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _combined(one: _Single, two: _Single) -> CandidatePatch | None:
    first, second = one.candidate, two.candidate
    if first.path == second.path:
        a, b = sorted((one.splice, two.splice), key=lambda s: (s.start, s.stop))
        if b.start < a.stop or (a.start, a.stop) == (b.start, b.stop):
            return None
        before = first.patch.edits[0].before or ""
        after = before[: a.start] + a.text + before[a.stop : b.start] + b.text + before[b.stop :]
        patch = Patch((FileEdit(first.path, before, after),))
    else:
        patch = Patch((*first.patch.edits, *second.patch.edits))
    return CandidatePatch(
        patch=patch,
        rule=f"{first.rule} + {second.rule}",
        description=f"{first.description}; and {second.description}",
        path=first.path,
        line=first.line,
        surprise=round(1.0 - (1.0 - first.surprise) * (1.0 - second.surprise), 4),
        producer=first.producer,
        suspicion=min(first.suspicion, second.suspicion),
    )
