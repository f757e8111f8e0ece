"""The closing summary that the command line prints: what a person reads without opening the report."""

from __future__ import annotations

import textwrap

from bot.core.artifacts import Candidates, Judgement, Publication, Reproduction, RootCause, Validation
from bot.core.outcomes import RunRecord
from bot.core.patch import Patch
from bot.core.run import Verdict
from bot.render.proof import ProofStep, proof_steps
from bot.render.wording import (
    Tone,
    cause_sentence,
    clean,
    counted,
    isolation_sentence,
    notes_on,
    one_line,
    sentence,
    tried_heading,
    verdict_words,
)

DIFF_LINES = 40  # a longer diff is only named
MOST_TRIED = 12
_CODES = {Tone.GOOD: "1;32", Tone.OPEN: "1;33", Tone.BAD: "1;31"}
_RESET = "\x1b[0m"


def summary(record: RunRecord, *, width: int = 100, colour: bool = False) -> str:
    """The verdict, the cause, the diff when it is short, the proof, what isolated it, and where the files are.

    Ends with a newline. With `colour`, the verdict and the diff carry terminal colours.
    """
    width = max(40, width)
    words = verdict_words(record)
    cause = cause_sentence(record)
    first = _wrapped(f"{words.title}: {sentence(record)}", width)
    if colour:
        first = f"\x1b[{_CODES[words.tone]}m{words.title}{_RESET}{first[len(words.title) :]}"
    blocks = [first, *(_wrapped(f"Note: {note}", width) for note in notes_on(record))]
    if cause and record.verdict is not Verdict.EXPLAINED:
        blocks.append(_wrapped(f"Cause: {one_line(cause, 1000)}", width))
    blocks += [_findings(record, width), _questions(record, width), _tried(record, width)]
    blocks += [_suspects(record), _diff(record, colour)]
    blocks += [_proof(proof_steps(record), width), _wrapped(isolation_sentence(record), width), _places(record)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _findings(record: RunRecord, width: int) -> str:
    """All that does not hold of a judged change, where the verdict's sentence cannot name it all."""
    judgement = record.artifact(Judgement)
    if judgement is None or len(judgement.findings) < 2:
        return ""
    lines = [_wrapped(one_line(finding, 600), width, "  - ", "    ") for finding in judgement.findings[:MOST_TRIED]]
    if len(judgement.findings) > MOST_TRIED:
        lines.append(f"  - and {len(judgement.findings) - MOST_TRIED:,} more, in the report")
    return "\n".join(["What does not hold:", *lines])


def _questions(record: RunRecord, width: int) -> str:
    questions = record.give_up.questions if record.give_up else ()
    lines = [_wrapped(one_line(q, 1000), width, f"  {n}. ", "     ") for n, q in enumerate(questions, 1)]
    return "\n".join(["What we need to know:", *lines]) if lines else ""


def _tried(record: RunRecord, width: int) -> str:
    tried = record.give_up.tried if record.give_up else ()
    if record.verdict is Verdict.CANNOT_RUN:
        printed = [line.rstrip() for text in tried for line in clean(text).split("\n") if line.strip()]
        return "\n".join(
            [f"{tried_heading(record)}:", *(f"  {line[:200]}" for line in printed[-MOST_TRIED:])] if printed else []
        )
    lines = [_wrapped(one_line(t, 600), width, "  - ", "    ") for t in tried[:MOST_TRIED]]
    if len(tried) > MOST_TRIED:
        lines.append(f"  - and {len(tried) - MOST_TRIED:,} more, in the report")
    candidates = record.artifact(Candidates)
    if candidates and not tried and record.artifact(Validation) is None:
        refused = f", {len(candidates.refused):,} refused" if candidates.refused else ""
        lines.append(
            f"  - {counted(candidates.generated, 'candidate change')}, {candidates.screened:,} screened{refused}"
        )
    return "\n".join([f"{tried_heading(record)}:", *lines]) if lines else ""


def _suspects(record: RunRecord) -> str:
    """Shown when there is no fix to show instead."""
    cause = record.artifact(RootCause)
    if cause is None or not cause.suspects or record.artifact(Validation) is not None:
        return ""
    lines = [
        f"  {clean(s.path)}:{s.line_start}" + (f" in {one_line(s.symbol, 80)}" if s.symbol else "")
        for s in cause.suspects[:5]
    ]
    return "\n".join(["Most suspect:", *lines])


def _diff(record: RunRecord, colour: bool) -> str:
    validation, reproduction = record.artifact(Validation), record.artifact(Reproduction)
    patch: Patch | None = validation.fix if validation else reproduction.test.patch if reproduction else None
    if patch is None:
        return ""
    lines = clean(patch.diff).rstrip("\n").split("\n")
    if len(lines) > DIFF_LINES:
        return f"The diff has {len(lines):,} lines; it is in {'fix.patch' if validation else 'test.patch'}."
    shown = [line for line in lines if not line.startswith(("diff --git", "new file", "deleted file"))]
    return "\n".join(f"  {_painted(line) if colour else line}".rstrip() for line in shown)


def _painted(line: str) -> str:
    code = {"+": "32", "-": "31", "@": "36"}.get(line[:1])
    if line.startswith(("+++", "---")):
        code = "1"
    return f"\x1b[{code}m{line}{_RESET}" if code else line


def _proof(steps: tuple[ProofStep, ...], width: int) -> str:
    label_width = max((len(step.label) for step in steps), default=0)
    value_width = max((len(step.value) for step in steps), default=0)
    lines = []
    for step in steps:
        head = f"  {step.label:<{label_width}}  {step.value:<{value_width}}  "
        if len(head) + 30 > width:
            lines += [f"  {step.label}: {step.value}", _wrapped(step.detail, width, "    ", "    ")]
        else:
            lines.append(_wrapped(step.detail, width, head, " " * len(head)))
    return "\n".join(lines)


def _places(record: RunRecord) -> str:
    publication = record.artifact(Publication)
    if publication is None or not publication.places:
        return ""
    label_width = max(len(name) for name, _ in publication.places)
    return "\n".join(f"  {name:<{label_width}}  {place}" for name, place in publication.places)
