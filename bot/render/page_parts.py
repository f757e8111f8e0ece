"""The sections of report.html, prepared: cleaned, capped and worded. `page` puts them together."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.artifacts import Candidates, Environment, Judgement, Reproduction, RootCause, Suspect, Validation
from bot.core.outcomes import RunRecord
from bot.core.testing import Outcome
from bot.render.diff_rows import FileRows, file_rows
from bot.render.proof import outcome_counts
from bot.render.wording import capped, clean, counted, one_line

QUOTE_CHARS = 1_200
MOST_ROWS = 100  # of any table
MOST_SUSPECTS = 8
EXCERPT_LINES = 4  # before and after the suspect line

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PatchView:
    """One patch file beside the report."""

    heading: str
    file_name: str
    note: str
    files: tuple[FileRows, ...]


@dataclass(frozen=True, slots=True)
class ExcerptLine:
    number: int
    text: str
    suspect: bool


@dataclass(frozen=True, slots=True)
class SuspectView:
    place: str
    symbol: str
    reasons: tuple[str, ...]
    evidence: tuple[str, ...]  # only ids that the page has
    fixed: bool  # the proved fix changes this place


@dataclass(frozen=True, slots=True)
class FactView:
    id: str
    kind: str
    claim: str
    place: str
    quote: str
    producer: str


@dataclass(frozen=True, slots=True)
class HunkView:
    place: str
    changed: str
    necessity: str
    shown_by: str


@dataclass(frozen=True, slots=True)
class SuiteRow:
    outcome: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    id: str
    before: str
    after: str
    note: str


def suite_rows(record: RunRecord) -> tuple[SuiteRow, ...]:
    """How many tests ended how: at the base commit and with the fix, or at a judged change's base and head."""
    environment, judgement = record.artifact(Environment), record.artifact(Judgement)
    validation = judgement or record.artifact(Validation)
    base = judgement.suite_before if judgement else environment.baseline if environment else None
    if base is None:
        return ()
    before = dict(outcome_counts(base))
    after = dict(outcome_counts(validation.suite_after)) if validation and validation.suite_after else None
    return tuple(
        SuiteRow(
            outcome.value.replace("_", " "),
            f"{before.get(outcome, 0):,}",
            f"{after.get(outcome, 0):,}" if after else "",
        )
        for outcome in Outcome
        if outcome in before or outcome in (after or ())
    )


def change_views(validation: Validation | Judgement | None) -> tuple[ChangeView, ...]:
    changes = validation.changes[:MOST_ROWS] if validation else ()
    return tuple(
        ChangeView(
            one_line(c.id),
            c.before.value.replace("_", " "),
            c.after.value.replace("_", " "),
            one_line(c.note),
        )
        for c in changes
    )


def hunk_views(validation: Validation | Judgement | None) -> tuple[HunkView, ...]:
    return tuple(
        HunkView(
            f"{judged.hunk.path}:{judged.hunk.line}",
            capped(clean(judged.hunk.text), QUOTE_CHARS),
            judged.necessity.value,
            one_line(judged.shown_by, 600),
        )
        for judged in (validation.hunks[:MOST_ROWS] if validation else ())
    )


def patch_views(reproduction: Reproduction | None, validation: Validation | None) -> tuple[PatchView, ...]:
    found = []
    if validation:
        note = f"Made by {one_line(validation.chosen.producer or 'a fixer')}, rule {one_line(validation.chosen.rule)}."
        found.append(PatchView("The fix", "fix.patch", note, file_rows(validation.fix)))
    if reproduction and reproduction.test.patch:
        note = one_line(reproduction.test.why)
        found.append(PatchView("The failing test", "test.patch", note, file_rows(reproduction.test.patch)))
    return tuple(found)


def _ranking(record: RunRecord) -> tuple[Suspect, ...]:
    """The best-informed ranking there is: the fix's own where it was made, else the root cause's."""
    candidates, cause = record.artifact(Candidates), record.artifact(RootCause)
    if candidates and candidates.suspects:
        return candidates.suspects
    return cause.suspects if cause else ()


def suspect_views(record: RunRecord) -> tuple[SuspectView, ...]:
    known = {fact.id for fact in record.evidence}
    validation = record.artifact(Validation)
    hunks = validation.fix.hunks() if validation else ()
    return tuple(
        SuspectView(
            f"{clean(s.path)}:{s.line_start}" + (f"-{s.line_end}" if s.line_end > s.line_start else ""),
            one_line(s.symbol, 120),
            tuple(one_line(reason) for reason in s.reasons),
            tuple(i for i in s.evidence if i in known),
            any(
                h.path == s.path and h.line <= s.line_end and s.line_start < h.line + max(1, len(h.old)) for h in hunks
            ),
        )
        for s in _ranking(record)[:MOST_SUSPECTS]
    )


def excerpt_of(record: RunRecord) -> tuple[str, tuple[ExcerptLine, ...]]:
    """The code around the most suspect line, when the record holds that file's text; else nothing."""
    ranking = _ranking(record)
    validation, candidates = record.artifact(Validation), record.artifact(Candidates)
    patches = [validation.fix] if validation else []
    if candidates:
        patches += [s.candidate.patch for s in candidates.survivors] + [r.candidate.patch for r in candidates.refused]
    texts = {edit.path: edit.before for patch in patches for edit in patch.edits if edit.before is not None}
    first = next((s for s in ranking if s.path in texts), None)
    if first is None or first is not ranking[0]:
        return "", ()
    lines = texts[first.path].removesuffix("\n").split("\n")
    begin = max(1, first.line_start - EXCERPT_LINES)
    stop = min(len(lines), min(first.line_end, first.line_start + 20) + EXCERPT_LINES)
    shown = tuple(
        ExcerptLine(n, _code(lines[n - 1]), first.line_start <= n <= first.line_end) for n in range(begin, stop + 1)
    )
    return clean(first.path), shown


def _code(line: str) -> str:
    """A line of code as it stands, without what would not show."""
    return clean(line.expandtabs(4))[:400]


def search_sentences(record: RunRecord) -> tuple[str, ...]:
    candidates = record.artifact(Candidates)
    if candidates is None:
        return ()
    said = [
        f"{counted(candidates.generated, 'candidate change')} generated, {candidates.screened:,} screened, "
        f"{len(candidates.survivors):,} survived screening."
    ]
    if candidates.out_of_time:
        said.append("The time ended before every candidate was screened.")
    return tuple(said)


def refused_pairs(record: RunRecord) -> Pairs:
    candidates, validation = record.artifact(Candidates), record.artifact(Validation)
    refused = [
        (f"{one_line(r.candidate.description)} in {r.candidate.path}:{r.candidate.line}", one_line(r.reason, 600))
        for r in (candidates.refused if candidates else ())
    ]
    refused += [(one_line(a.what), one_line(a.result, 600)) for a in (validation.rejected if validation else ())]
    return tuple(refused[:MOST_ROWS])


def alternative_pairs(validation: Validation | None) -> Pairs:
    others = validation.alternatives[:MOST_ROWS] if validation else ()
    return tuple((one_line(c.description), f"{clean(c.path)}:{c.line}") for c in others)


def fact_views(record: RunRecord) -> tuple[FactView, ...]:
    return tuple(
        FactView(
            fact.id,
            fact.kind.value,
            one_line(fact.claim, 600),
            one_line(str(fact.provenance), 200),
            capped(clean(fact.quote), QUOTE_CHARS),
            one_line(fact.producer, 80),
        )
        for fact in record.evidence[:300]
    )
