"""Merges what several locators say into one ranking of suspects. Pure; locating does not belong here.

Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): a suspect's score is the sum, over the rankings that
name it, of 1 / (k + rank), times the weight of its file's role (a test is rarely the cause). Three rules on top:

- *Ties share a rank.* Suspects with equal scores in one ranking all get the best rank among them, so a ranking that
  cannot tell its suspects apart leaves the order to the others.
- *A line inherits.* Where line-level and function-level suspects overlap, each line gets the contribution of the
  smallest function-level suspect around it, and the function itself is not listed again. So the merged ranking is as
  fine as the finest locator: lines where a spectrum exists, functions elsewhere.
- *Scores are scaled* so that the most suspect has 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.artifacts import Suspect
from bot.core.path_roles import PathRole, role_of

RRF_K = 60
ROLE_WEIGHT = {
    PathRole.SOURCE: 1.0,
    PathRole.SUPPORT: 0.5,
    PathRole.TEST: 0.2,
    PathRole.GENERATED: 0.2,
    PathRole.VENDORED: 0.1,
    PathRole.OTHER: 0.0,
}
_Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class _Vote:
    """One ranking's word on one place."""

    suspect: Suspect
    contribution: float


def merge(rankings: Mapping[str, Sequence[Suspect]], k: int = RRF_K) -> tuple[Suspect, ...]:
    """One ranking out of many (by locator name; each most suspect first), most suspect first.

    Each suspect keeps the reasons and evidence of every locator that named it or the function around it. Files that
    are no code are left out.
    """
    votes: dict[_Place, dict[str, _Vote]] = {}
    for name, ranking in rankings.items():
        for suspect, rank in zip(ranking, _ranks(ranking), strict=True):
            place = (suspect.path, suspect.line_start, suspect.line_end)
            votes.setdefault(place, {}).setdefault(name, _Vote(suspect, 1 / (k + rank)))
    around = _containment(votes)
    outer = {place for places in around.values() for place in places}
    merged = []
    for place, own in votes.items():
        if place in outer:
            continue
        heard = dict(own)
        for wider in around.get(place, ()):
            for name, vote in votes[wider].items():
                heard.setdefault(name, vote)
        merged.append(_fused(place, heard))
    kept = [suspect for suspect in merged if suspect.score > 0]
    top = max((suspect.score for suspect in kept), default=1.0)
    kept.sort(key=lambda suspect: -suspect.score)
    return tuple(replace(suspect, score=suspect.score / top) for suspect in kept)


def _ranks(ranking: Sequence[Suspect]) -> list[int]:
    """Ranks from 1; suspects with equal neighbouring scores share the best one."""
    ranks: list[int] = []
    for position, suspect in enumerate(ranking):
        tied = position > 0 and suspect.score == ranking[position - 1].score
        ranks.append(ranks[-1] if tied else position + 1)
    return ranks


def _containment(places: Mapping[_Place, object]) -> dict[_Place, list[_Place]]:
    """For each place, the strictly wider places around it, smallest first."""
    by_path: dict[str, list[_Place]] = {}
    for place in places:
        by_path.setdefault(place[0], []).append(place)
    around: dict[_Place, list[_Place]] = {}
    for own in by_path.values():
        wide = sorted((place for place in own if place[2] > place[1]), key=lambda place: place[2] - place[1])
        for place in own:
            wider = [w for w in wide if w != place and w[1] <= place[1] and place[2] <= w[2]]
            if wider:
                around[place] = wider
    return around


def _fused(place: _Place, votes: Mapping[str, _Vote]) -> Suspect:
    path, line_start, line_end = place
    score = sum(vote.contribution for vote in votes.values()) * ROLE_WEIGHT[role_of(path)]
    suspects = [vote.suspect for vote in votes.values()]
    return Suspect(
        path,
        line_start,
        line_end,
        score,
        symbol=next((suspect.symbol for suspect in suspects if suspect.symbol), ""),
        reasons=_union(suspect.reasons for suspect in suspects),
        evidence=_union(suspect.evidence for suspect in suspects),
    )


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for group in groups for item in group))
