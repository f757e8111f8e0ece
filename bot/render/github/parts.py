"""The sections that comments, checks and pull requests share. Which of them a text has, in which order, is theirs."""

from __future__ import annotations

import re

from bot.core.artifacts import (
    Candidates,
    Dossier,
    JudgedHunk,
    Necessity,
    Reproduction,
    RootCause,
    Suspect,
)
from bot.core.outcomes import RunRecord
from bot.core.patch import Patch
from bot.render.github.markdown import bullets, code, details, fence, permalink, prose, table
from bot.render.github.view import View
from bot.render.page_parts import suite_rows
from bot.render.proof import ProofStep, first_failure
from bot.render.wording import cause_sentence, clean, counted, one_line, sentence

SHORT_DIFF = 24  # lines; a longer diff is folded away
MOST_ROWS = 20  # of any table
MOST_SUSPECTS = 5
OUTPUT_CHARS = 3_000
DIFF_CHARS = 8_000

_HOLE = "\ue000"  # private use: stands for a link while the text around it is escaped
_PLACE = re.compile(r"(?<![\w./-])((?:[\w.-]{1,80}/){0,12}[\w-]{1,80}\.[A-Za-z]\w{0,9}):(\d{1,7})\b(?!:)")
_OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_NECESSITY = {
    Necessity.NECESSARY: "needed",
    Necessity.COUPLED: "needed to load",
    Necessity.UNNEEDED: "**not needed**",
}


def commit_of(record: RunRecord) -> str:
    """The full hash of the commit that the run worked on; "" before it is known."""
    dossier = record.artifact(Dossier)
    return dossier.commit.sha if dossier else ""


def cause(record: RunRecord, view: View) -> str:
    """The root cause in one sentence, and a link to the place; "" while it is not known."""
    found = record.artifact(RootCause)
    if found is None or not (found.statement or found.suspects):
        return ""
    if not (said := cause_sentence(record)):
        return f"**Root cause:** most likely in {suspect_link(record, view, found.suspects[0])}."
    return f"**Root cause:** {placed(said, record, view)}"


def told(record: RunRecord, view: View) -> str:
    """The verdict in one sentence. Advice that only a command line can follow is left out."""
    said = sentence(record)
    kept = " ".join(part for part in _SENTENCE_END.split(said) if not _OPTION.search(part))
    return placed(kept or said, record, view)


def placed(said: str, record: RunRecord, view: View) -> str:
    """A sentence with the first place in the code that it names as a link there."""
    sha, found = commit_of(record), _PLACE.search(said := one_line(said.replace(_HOLE, ""), 1_000))
    if not found or not sha or said[: found.start()].count("`") % 2:
        return prose(said, 1_000)
    whole = prose(f"{said[: found.start()]}{_HOLE}{said[found.end() :]}", 1_000)
    return whole.replace(_HOLE, permalink(view.web_url, sha, found[1], int(found[2])))


def suspect_link(record: RunRecord, view: View, suspect: Suspect) -> str:
    return permalink(view.web_url, commit_of(record), suspect.path, suspect.line_start, suspect.line_end)


def suspects(record: RunRecord, view: View) -> str:
    """The most suspect places with their reasons, as a list; the best-informed ranking there is."""
    candidates, found = record.artifact(Candidates), record.artifact(RootCause)
    ranking = candidates.suspects if candidates and candidates.suspects else found.suspects if found else ()
    rows = []
    for suspect in ranking[:MOST_SUSPECTS]:
        inside = f" in {code(suspect.symbol, 120)}" if suspect.symbol else ""
        why = " ".join(prose(reason, 200) for reason in suspect.reasons[:3])
        rows.append(f"{suspect_link(record, view, suspect)}{inside}" + (f": {why}" if why else ""))
    return bullets(rows)


def proof(steps: tuple[ProofStep, ...]) -> str:
    """Red, green, suite and hunks as a table."""
    rows = [(_mark(step), f"{step.label}: **{prose(step.value)}**", prose(step.detail, 500)) for step in steps]
    return table(("", "Proof", "What was run"), rows) if rows else ""


def _mark(step: ProofStep) -> str:
    if not step.holds:
        return "⚠️"
    return "🔴" if step.red else "🟢"


def hunks(judged: tuple[JudgedHunk, ...], view: View, sha: str) -> str:
    """Every hunk, and what happens without it."""
    if not judged:
        return ""
    rows = [
        (
            _hunk_link(each, view, sha),
            _changed(each),
            f"{_NECESSITY[each.necessity]}: {prose(each.shown_by, 300)}",
        )
        for each in judged[:MOST_ROWS]
    ]
    more = f"\n\nAnd {counted(len(judged) - MOST_ROWS, 'more hunk')}." if len(judged) > MOST_ROWS else ""
    return table(("Place", "Change", "Without it"), rows) + more


def _hunk_link(each: JudgedHunk, view: View, sha: str) -> str:
    """Where it stands at the commit without it; a new file is not there yet."""
    new_file = not each.hunk.old and each.hunk.line == 1
    return permalink("" if new_file else view.web_url, sha, each.hunk.path, each.hunk.line)


def _changed(each: JudgedHunk) -> str:
    """The hunk's first lines with their signs, as the lines of a cell."""
    lines = [f"- {line.strip()}" for line in each.hunk.old if line.strip()]
    lines += [f"+ {line.strip()}" for line in each.hunk.new if line.strip()]
    shown = [code(line, 120) for line in lines[:4]]
    if len(lines) > 4:
        shown.append(f"… {counted(len(lines) - 4, 'more line')}")
    return "<br>".join(shown)


def diff(patch: Patch, heading: str, *, opened: bool = False) -> str:
    """A patch to read: open when it is short."""
    shown = clean(patch.diff).rstrip("\n").split("\n")
    read = [line for line in shown if not line.startswith(("diff --git", "new file", "deleted file"))]
    whole = fence("\n".join(read), "diff", DIFF_CHARS)
    if opened and len(read) <= SHORT_DIFF:
        return whole
    return details(f"{heading} ({counted(len(read), 'line')})", whole)


def red(reproduction: Reproduction) -> str:
    """The command that shows the bug, and what it prints."""
    if not reproduction.red:
        return ""
    run, failure = reproduction.red[0], first_failure(reproduction)
    output = (failure.text if failure and failure.text else run.output_tail).strip("\n")
    said = [fence(run.command, "sh", 1_000)] if run.command else []
    return "\n\n".join([*said, *([fence(output, "text", OUTPUT_CHARS)] if output.strip() else [])])


def suite(record: RunRecord) -> str:
    """How many tests ended how, before and after; "" when there is nothing to compare."""
    rows = suite_rows(record)
    if not rows or not any(row.after for row in rows):
        return ""
    shown = [(row.outcome, row.before, row.after) for row in rows]
    return table(("Tests", "before", "after"), shown, right=(1, 2))
