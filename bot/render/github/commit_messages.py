"""What the two commits of a fix say, and the subject that a pull request of it shares. How a history writes subjects
is `titles`' business."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.core.artifacts import Analysis, Dossier, Reproduction, RootCause, Validation
from bot.core.outcomes import RunRecord
from bot.render.github.plain import plain, shortened, wrapped
from bot.render.github.titles import style_of, subject
from bot.render.proof import proof_steps
from bot.render.wording import cause_sentence, sentence

SUBJECT_CHARS = 72

# What reporters put in front of a title that says nothing of the bug.
_DECORATION = re.compile(
    r"\s*(?:\[[^\]]{1,30}\]|(?:bug(?: report)?|issue|regression|problem)\s*[:–-])\s*", re.IGNORECASE
)


def bug_subject(record: RunRecord, subjects: Sequence[str], most: int = SUBJECT_CHARS) -> str:
    """ "Fix total is wrong", as the history writes it; for a failing check, what the fix does."""
    validation, analysis = record.artifact(Validation), record.artifact(Analysis)
    style, path = style_of(subjects), validation.chosen.path if validation else ""
    title = _bare(analysis.title) if analysis else ""
    origin = record.run.origin
    about_issue = origin is None or (origin.number is not None and not origin.is_pull_request)
    if title and (about_issue or validation is None):
        said = subject(style, "fix", "fix", _as_object(title, record), path)
    elif validation:
        done = f"{plain(validation.chosen.description, 200).rstrip('.')} in {plain(path.rsplit('/', 1)[-1], 60)}"
        said = subject(style, "fix", "", done, path)
    else:
        said = subject(style, "fix", "fix", "a bug", path)
    return shortened(said, most)


def _bare(title: str) -> str:
    title = plain(title, 300)
    for _ in range(3):
        title = _DECORATION.sub("", title, count=1) if _DECORATION.match(title) else title
    return title.strip(" .")


def _as_object(title: str, record: RunRecord) -> str:
    """The title after a verb: its first word in lower case, unless the report writes that word so within sentences."""
    word = re.match(r"[A-Z][a-z]+\b", title)
    dossier = record.artifact(Dossier)
    if not word:
        return title
    name = re.compile(rf"[a-z,;] {word[0]}\b")
    if any(name.search(text.text[:20_000]) for text in (dossier.texts if dossier else ())):
        return title
    return title[0].lower() + title[1:]


def test_commit_message(record: RunRecord, subjects: Sequence[str]) -> str:
    reproduction, validation = record.artifact(Reproduction), record.artifact(Validation)
    origin, path = record.run.origin, validation.chosen.path if validation else ""
    about = f" for #{origin.number}" if origin and origin.number is not None and not origin.is_pull_request else ""
    first = subject(style_of(subjects), "test", "add", f"a failing test{about or _place(record)}", path)
    why = wrapped(reproduction.test.why) if reproduction else ""
    shown = next((step.detail for step in proof_steps(record) if step.red), "")
    return _message(record, first, why, wrapped(shown))


def fix_commit_message(record: RunRecord, subjects: Sequence[str]) -> str:
    proof = "; ".join(f"{step.label.lower()}: {step.value}" for step in proof_steps(record))
    return _message(
        record,
        bug_subject(record, subjects),
        wrapped(sentence(record)),
        wrapped(cause_sentence(record)),
        wrapped(f"Proof: {proof}.") if proof else "",
    )


def _place(record: RunRecord) -> str:
    cause = record.artifact(RootCause)
    if not cause or not cause.suspects:
        return ""
    first = cause.suspects[0]
    return f" for {plain(first.symbol or first.path, 40)}"


def _message(record: RunRecord, first: str, *paragraphs: str) -> str:
    origin = record.run.origin
    refers = f"Refs #{origin.number}\n" if origin and origin.number is not None else ""
    last = f"{refers}FixBugs run {plain(record.run.id, 80)}"
    return "\n\n".join(part for part in (shortened(first, SUBJECT_CHARS), *paragraphs, last) if part) + "\n"
