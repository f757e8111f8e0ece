"""The template fixer: offers every suspicious statement to every rule and yields valid candidates, best first.

Best means suspicion × plausibility. What a rule knows of human mistakes is in `rules/`; what makes a statement
suspicious is in `ranking.py`.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.core.artifacts import CandidatePatch
from bot.core.patch import FileEdit, Patch
from bot.fixers.pairing import pairs_of
from bot.fixers.ranking import Suspected, statements
from bot.fixers.rules import RULES
from bot.fixers.site import Proposal, Rule
from bot.fixers.source import Source, meaning
from bot.ports import FixQuestion

MOST_PER_RULE = 80  # proposals kept of one rule at one statement
PARTNERS = 250  # own candidates that each seed is paired with
_LARGER_UNITS = 3
_FATIGUE = 0.012  # how much each candidate already tried at a statement lowers the next one there
_ALIKE = 0.985  # how much each proposal of the same rule at the same statement lowers the next one


@dataclass
class _Tried:
    """What has been yielded: texts and meanings never come twice."""

    texts: set[bytes] = field(default_factory=set)
    meanings: set[tuple[str, int, int]] = field(default_factory=set)


@dataclass
class TemplateFixer:
    """Single edits by template; pure. `rules` are the families it tries."""

    name: str = "templates"
    rules: tuple[Rule, ...] = RULES

    def propose(self, question: FixQuestion) -> Iterator[CandidatePatch]:
        tried = _Tried()
        for rule, suspected, proposal in _best_first(statements(question), self.rules):
            candidate = _checked(rule, suspected, proposal, tried)
            if candidate is not None:
                yield candidate

    def pairs(self, question: FixQuestion, seeds: Sequence[CandidatePatch]) -> Iterator[CandidatePatch]:
        def partners() -> Iterator[CandidatePatch]:
            for count, candidate in enumerate(self.propose(question)):
                if count >= PARTNERS:
                    return
                yield candidate

        yield from pairs_of(seeds, tuple(partners()) if seeds else ())


@dataclass(frozen=True, slots=True)
class _Entry:
    """What waits in the heap: a rule not yet asked about a statement (`proposal` None), or one of its proposals."""

    rule: Rule
    suspected: Suspected
    score: float
    proposal: Proposal | None = None


def _best_first(suspects: Iterator[Suspected], rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, Suspected, Proposal]]:
    """Merges all rules at all statements by score, asking a rule only once its best could be next.

    Every candidate tried at a statement makes the next one there a little less urgent, so that one suspicious
    statement does not use up its unlikeliest templates before the others had their likeliest.
    """
    heap: list[tuple[float, int, _Entry]] = []
    count = itertools.count()
    tried: Counter[int] = Counter()

    def urgency(entry: _Entry) -> float:
        return entry.score / (1.0 + _FATIGUE * tried[id(entry.suspected)])

    def push(entry: _Entry) -> None:
        heapq.heappush(heap, (-urgency(entry), next(count), entry))

    for suspected in suspects:
        for rule in rules:
            push(_Entry(rule, suspected, suspected.suspicion * rule.ceiling))
    while heap:
        key, _, entry = heapq.heappop(heap)
        suspected, proposal = entry.suspected, entry.proposal
        if urgency(entry) < -key and heap and urgency(entry) < -heap[0][0]:
            push(entry)  # others of this statement were tried since: better ones pass first
        elif proposal is not None:
            tried[id(suspected)] += 1
            yield entry.rule, suspected, proposal
        else:
            found = sorted(entry.rule.propose(suspected.site), key=lambda p: -p.prior)
            for rank, one in enumerate(found[:MOST_PER_RULE]):
                score = suspected.suspicion * min(one.prior, entry.rule.ceiling) * _ALIKE**rank
                push(_Entry(entry.rule, suspected, score, one))


def _checked(rule: Rule, suspected: Suspected, proposal: Proposal, tried: _Tried) -> CandidatePatch | None:
    """The proposal as a patch; None when it does not parse, changes nothing, or has been seen."""
    source = suspected.site.source
    after = source.splice(proposal.splices)
    if after is None or after == source.text:
        return None
    digest = hashlib.blake2b(f"{source.path}\0{after}".encode(errors="surrogatepass"), digest_size=12).digest()
    if digest in tried.texts:
        return None
    tried.texts.add(digest)
    key = _meaning_key(source, proposal, after)
    if key is None or key in tried.meanings:
        return None
    tried.meanings.add(key)
    return CandidatePatch(
        patch=Patch((FileEdit(source.path, source.text, after),)),
        rule=rule.name,
        description=proposal.description,
        path=source.path,
        line=source.line_at(min(splice.start for splice in proposal.splices)),
        surprise=round(1.0 - min(1.0, proposal.prior), 4),
        producer="templates",
        suspicion=round(suspected.suspicion, 4),
    )


def _meaning_key(source: Source, proposal: Proposal, after: str) -> tuple[str, int, int] | None:
    """What the changed code now means, for comparison; None when it does not parse or means what it meant.

    The smallest statement around the edit is enough to tell, and fast; an edit that moves code out of its block needs
    the next larger ones.
    """
    for unit in source.units_of(proposal.splices)[:_LARGER_UNITS]:
        first, last = (0, len(source.text)) if unit is None else source.lines_span(unit)
        now = meaning(after[first : last + len(after) - len(source.text)])
        if now is not None:
            return None if now == source.meaning_before(unit) else (source.path, first, hash(now))
    return None
