"""The words that reports, summary and progress share, and the cleaning of untrusted text. No layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from bot.core.artifacts import (
    CandidatePatch,
    Candidates,
    Dossier,
    Environment,
    Judgement,
    Necessity,
    Reproduction,
    RootCause,
    Suspect,
    Validation,
)
from bot.core.outcomes import RunRecord, StageState
from bot.core.run import StageName, Verdict
from bot.core.testing import Basis, Isolation


class Tone(Enum):
    """How good the news is; a page picks its colour by it."""

    GOOD = "good"
    OPEN = "open"  # honest, and the person has something to do or to know
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class VerdictWords:
    title: str
    sentence: str  # for when nothing more exact is known
    tone: Tone


OWN_COMMAND = (
    "The tests were run by the project's own command, without control tests of ours: code that bends its own "
    "results could go unnoticed."
)
VERDICTS: Mapping[Verdict, VerdictWords] = {
    Verdict.FIXED: VerdictWords("Fixed", "A fix was found and proved.", Tone.GOOD),
    Verdict.REPRODUCED: VerdictWords("Reproduced", "A test fails for the reported reason.", Tone.GOOD),
    Verdict.EXPLAINED: VerdictWords("Explained", "The most suspect places were named.", Tone.GOOD),
    Verdict.VALIDATED: VerdictWords("Validated", "The change holds up to the proof.", Tone.GOOD),
    Verdict.NOT_VALIDATED: VerdictWords("Not validated", "The change does not hold up to the proof.", Tone.OPEN),
    Verdict.ALREADY_FIXED: VerdictWords("Already fixed", "The code already does what the report asks for.", Tone.OPEN),
    Verdict.NOT_REPRODUCIBLE: VerdictWords("Not reproducible", "Nothing that was tried shows the bug.", Tone.OPEN),
    Verdict.CAUSE_ELSEWHERE: VerdictWords("Cause elsewhere", "The cause lies outside this repository.", Tone.OPEN),
    Verdict.NEEDS_INFORMATION: VerdictWords("Needs information", "The report does not say enough yet.", Tone.OPEN),
    Verdict.NO_FIX_FOUND: VerdictWords(
        "No fix found", "The bug was reproduced, but no change survived the proof.", Tone.OPEN
    ),
    Verdict.CANNOT_RUN: VerdictWords("Cannot run", "The project could not be built or tested here.", Tone.BAD),
    Verdict.BAD_INPUT: VerdictWords("Bad input", "What was given cannot be used.", Tone.BAD),
    Verdict.OUT_OF_TIME: VerdictWords("Out of time", "The time limit ended before there was a proof.", Tone.OPEN),
    Verdict.STOPPED: VerdictWords("Stopped", "The run was stopped before it ended.", Tone.OPEN),
    Verdict.FAILED: VerdictWords("Failed", "FixBugs itself failed; this is not about your code.", Tone.BAD),
}
UNFINISHED = VerdictWords("Not finished", "The run has no verdict yet.", Tone.OPEN)

MOST_ENFORCED = 3  # in the sentence; reports list them all

_ANSI = re.compile(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_UNSEEN = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """Untrusted text made safe to show: no terminal sequences or control characters; what would reorder a line
    (bidirectional marks) or cannot be encoded is spelled out."""
    text = _ANSI.sub("", text.replace("\r\n", "\n"))
    return _UNSEEN.sub(lambda hit: f"<U+{ord(hit[0]):04X}>", _CONTROL.sub("", text))


def one_line(text: str, most: int = 400) -> str:
    """Untrusted text as one short line."""
    line = " ".join(clean(text).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def capped(text: str, most: int) -> str:
    """Text cut in its middle, saying how much is missing, so that its start and its end stay readable."""
    if len(text) <= most:
        return text
    head, tail = text[: most // 2], text[-(most - most // 2) :]
    return f"{head}\n… {len(text) - most:,} characters left out …\n{tail}"


def counted(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 10 else f"{minutes} min"


def stage_label(name: StageName) -> str:
    return name.value.replace("_", " ")


def short_commit(record: RunRecord) -> str:
    """The pinned commit's first characters, or the ref as the person gave it when nothing was pinned."""
    dossier = record.artifact(Dossier)
    return dossier.commit.sha[:7] if dossier else one_line(record.run.ref, 80)


def verdict_words(record: RunRecord) -> VerdictWords:
    return UNFINISHED if record.verdict is None else VERDICTS[record.verdict]


def fix_sentence(chosen: CandidatePatch) -> str:
    """The chosen edit and its place; its own words are an instruction ("use `<=` instead of `<`")."""
    words = one_line(chosen.description, 600).rstrip(".")
    if words[:1].isupper() and words[1:2].islower():
        words = words[0].lower() + words[1:]
    return f"In {clean(chosen.path)}:{chosen.line}, {words}."


def judged_sentence(judgement: Judgement) -> str:
    """What came of holding somebody's change to the proof."""
    if not judgement.sound:
        first = one_line(judgement.findings[0], 600)
        if len(judgement.findings) == 1:
            return first
        return f"{counted(len(judgement.findings), 'thing')} do not hold; first: {first}"
    red, hunks = len(judgement.failing_ids), len(judgement.hunks)
    shown = "One of its tests fails" if red == 1 else f"{red:,} of its tests fail"
    needed = sum(h.necessity is not Necessity.UNNEEDED for h in judgement.hunks)
    said = f"{shown} on the base and {'passes' if red == 1 else 'pass'} with the change"
    if not hunks:
        return f"{said}."
    return f"{said}, and {'its one hunk is' if hunks == 1 else f'each of its {needed:,} hunks is'} needed for that."


def cause_sentence(record: RunRecord) -> str:
    """Where the cause lies, as exactly as is known: what the analysis said, unless a proved change has shown another
    place than it names."""
    cause, validation = record.artifact(RootCause), record.artifact(Validation)
    said = cause.statement if cause else ""
    shown = record.verdict is Verdict.FIXED and validation is not None
    if not shown or validation is None or f"{validation.chosen.path}:{validation.chosen.line} " in f"{said} ":
        return said
    chosen, others = validation.chosen, len(validation.hunks) - 1
    suspect = _suspect_at(record, chosen.path, chosen.line)
    where = f"{chosen.path}:{chosen.line}" + (f" in {suspect.symbol}" if suspect and suspect.symbol else "")
    alone = "nothing else" if others < 1 else f"{counted(others, 'other place')} with it"
    said = f"{where}. Changing it, and {alone}, makes the failing test pass."
    reason = suspect.reasons[0].rstrip(".") if suspect and suspect.reasons else ""
    return f"{said} {reason[:1].upper()}{reason[1:]}." if reason else said


def _suspect_at(record: RunRecord, path: str, line: int) -> Suspect | None:
    """The narrowest suspect that holds this line, of the last ranking."""
    candidates, cause = record.artifact(Candidates), record.artifact(RootCause)
    ranked = (*(candidates.suspects if candidates else ()), *(cause.suspects if cause else ()))
    holding = [s for s in ranked if s.path == path and s.line_start <= line <= s.line_end]
    return min(holding, key=lambda s: s.line_end - s.line_start, default=None)


def sentence(record: RunRecord) -> str:
    """The verdict in one sentence, as exact as the record allows."""
    validation, reproduction = record.artifact(Validation), record.artifact(Reproduction)
    cause, judgement = record.artifact(RootCause), record.artifact(Judgement)
    if judgement and record.verdict in (Verdict.VALIDATED, Verdict.NOT_VALIDATED):
        return judged_sentence(judgement)
    if record.verdict is Verdict.FIXED and validation:
        return fix_sentence(validation.chosen)
    if record.verdict is Verdict.REPRODUCED and reproduction:
        ids = reproduction.failing_ids
        what = one_line(ids[0]) if len(ids) == 1 else counted(len(ids), "test")
        return f"{what} {'fails' if len(ids) == 1 else 'fail'} at {short_commit(record)} for the reported reason."
    if record.verdict is Verdict.EXPLAINED and cause and cause.statement:
        return one_line(cause.statement, 1000)
    if record.verdict is Verdict.FAILED:
        broken = next((s for s in record.stages if s.state is StageState.FAILED and s.error), None)
        if broken and not record.give_up:
            return f"FixBugs itself failed in {stage_label(broken.name)}: {one_line(broken.error)}"
    if record.give_up and record.give_up.detail:
        return one_line(record.give_up.detail, 1000)
    return verdict_words(record).sentence


def notes_on(record: RunRecord) -> tuple[str, ...]:
    """What a person has to know beside the verdict: what the run did not see, did not read, or could not load."""
    dossier, environment = record.artifact(Dossier), record.artifact(Environment)
    notes = (*dossier.notices, *dossier.unread) if dossier else ()
    if environment and environment.basis is not Basis.OUR_REPORTER:
        notes = (f"{OWN_COMMAND} The results come from {environment.basis.value}.", *notes)
    if environment and environment.collection.ids and environment.collection.errors:
        errors = environment.collection.errors
        first = one_line(errors[0][0], 120)
        more = f" and {counted(len(errors) - 1, 'other place')}" if len(errors) > 1 else ""
        notes = (*notes, f"The tests in {first}{more} do not load at this commit and were left out.")
    validation = record.artifact(Validation)
    if validation and validation.witnesses == 0:
        notes = (*notes, "No other test executes what the fix changes: beyond the failing test nothing speaks for it.")
    if validation and validation.alternatives:
        others = counted(len(validation.alternatives), "other change")
        verb = "passes" if len(validation.alternatives) == 1 else "pass"
        notes = (*notes, f"{others} {verb} the same tests, so the tests alone do not decide between them and this fix.")
    judgement = record.artifact(Judgement)
    if judgement:
        notes = (*notes, *judgement.notes)
    return tuple(one_line(note, 1000) for note in notes)


def tried_heading(record: RunRecord) -> str:
    """What stands above the list of what was done before giving up."""
    return "What was printed last" if record.verdict is Verdict.CANNOT_RUN else "What was tried"


def isolation_of(record: RunRecord) -> Isolation | None:
    """The weakest isolation that anything of this run had; None when nothing of the project ran."""
    environment, reproduction = record.artifact(Environment), record.artifact(Reproduction)
    validation, judgement = record.artifact(Validation), record.artifact(Judgement)
    seen = {run.isolation for run in (*(reproduction.red if reproduction else ()),)}
    if validation:
        again = (*validation.rebased.red, *validation.rebased.green) if validation.rebased else ()
        seen.update(run.isolation for run in (*validation.green, *again))
    if judgement:
        seen.update(run.isolation for run in (*judgement.red, *judgement.green))
    if environment:
        seen.add(environment.isolation)
    return next((level for level in (Isolation.NONE, Isolation.NAMESPACE, Isolation.CONTAINER) if level in seen), None)


def isolation_sentence(record: RunRecord) -> str:
    """What stood between the project's code and this machine, in plain words."""
    level, environment = isolation_of(record), record.artifact(Environment)
    if level is None:
        built = any(s.name is StageName.ENVIRONMENT and s.started_at for s in record.stages)
        return "No test of the project got to run." if built else "No code of the project was run."
    if level is Isolation.NONE:
        return "Nothing isolated the code that ran: it could use this machine's files and network as you can."
    where = "a container" if level is Isolation.CONTAINER else "a sandbox of Linux namespaces"
    phrases = environment.enforced[:MOST_ENFORCED] if environment else ()
    enforced = ", ".join(one_line(phrase).split(";")[0] for phrase in phrases)
    return f"All code of the project ran in {where}{': ' if enforced else ''}{enforced}."
