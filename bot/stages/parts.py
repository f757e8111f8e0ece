"""A hunk as its smallest parts, which minimising takes away one by one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import combinations
from math import comb

from bot.core.patch import Hunk

ALIGNMENTS_AT_MOST = 500  # beyond this a hunk stays whole: who rewrites so much does not change single lines


def line_parts(hunk: Hunk) -> tuple[Hunk, ...]:
    """Changes of single lines: each line that stays in some form with what it becomes, the others by themselves."""
    few, many = sorted((len(hunk.old), len(hunk.new)))
    if comb(many, few) > ALIGNMENTS_AT_MOST:
        return (hunk,)
    if len(hunk.old) <= len(hunk.new):
        return _grown(hunk, _aligned(hunk.old, hunk.new))
    kept = _aligned(hunk.new, hunk.old)
    return tuple(
        Hunk(hunk.path, hunk.line + i, (old,), (hunk.new[kept.index(i)],) if i in kept else ())
        for i, old in enumerate(hunk.old)
    )


def _grown(hunk: Hunk, kept: Sequence[int]) -> tuple[Hunk, ...]:
    parts = []
    for i, new in enumerate(hunk.new):
        before = sum(index < i for index in kept)  # old lines that this one comes after
        parts.append(Hunk(hunk.path, hunk.line + before, (hunk.old[before],) if i in kept else (), (new,)))
    return tuple(parts)


def _aligned(few: Sequence[str], many: Sequence[str]) -> tuple[int, ...]:
    """For each of the few lines the one of the many that it is most like, in order."""
    like = [[SequenceMatcher(None, a.strip(), b.strip()).ratio() for b in many] for a in few]
    return max(combinations(range(len(many)), len(few)), key=lambda picks: sum(map(lambda r, i: r[i], like, picks)))
