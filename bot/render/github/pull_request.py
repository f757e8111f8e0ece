"""A pull request of ours: its branch's name, its title and its text; and the note on a revision of it. The messages of
its commits use the same title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.core.artifacts import Environment, Reproduction, Validation
from bot.core.outcomes import RunRecord
from bot.core.testing import Isolation
from bot.render.github.commit_messages import bug_subject, fix_commit_message, test_commit_message
from bot.render.github.delivery import patches
from bot.render.github.markdown import Block, bullets, code, commit_link, details, fence, fitted, prose
from bot.render.github.markers import marker
from bot.render.github.parts import cause, commit_of, diff, hunks, proof, red, suite, told
from bot.render.github.plain import slug
from bot.render.github.stages import footer, isolated, times, total
from bot.render.github.view import DeliveryKind, View
from bot.render.proof import proof_steps
from bot.render.wording import counted, isolation_of, isolation_sentence, notes_on, one_line

__all__ = [
    "branch_name",
    "fix_commit_message",
    "pull_body",
    "pull_title",
    "revision_note",
    "test_commit_message",
]

MOST_BRANCH_CHARS = 60
MOST_PREFIX_CHARS = 30
MOST_TITLE_CHARS = 100
BODY_BYTES = 45_000  # a note on a revision is added to it later
MOST_WISHED_CHARS = 1_500
NOTE_BYTES = 15_000
MOST_NOTES = 8


def branch_name(record: RunRecord, prefix: str, title: str) -> str:
    """ "fixbugs/issue-12-total-is-wrong": ASCII, safe for git, at most 60 characters."""
    origin = record.run.origin
    if origin and origin.number is not None:
        subject = f"{'pull' if origin.is_pull_request else 'issue'}-{origin.number}"
    else:
        sha = origin.head_sha if origin and origin.head_sha else commit_of(record)
        subject = f"check-{sha[:7]}" if sha else slug(record.run.id)[:30] or "run"
    named = f"{_prefix(prefix)}{subject}"
    words = slug(title)
    return f"{named}-{words}"[:MOST_BRANCH_CHARS].rstrip("-") if words else named


def _prefix(prefix: str) -> str:
    """What git takes of it: no part begins or ends with a dot or ends with ".lock"."""
    kept = re.sub(r"[^A-Za-z0-9._/-]+", "-", prefix[:MOST_PREFIX_CHARS])
    *folders, last = (re.sub(r"\.{2,}", ".", part).lstrip(".-") for part in kept.split("/"))
    named = [re.sub(r"\.lock$", "-lock", part.rstrip(".-")) for part in folders]
    return "/".join([*filter(None, named), last])


def pull_title(record: RunRecord, subjects: Sequence[str]) -> str:
    """One line, as the repository's history (`subjects`, newest first) writes its own; at most 100 characters."""
    return bug_subject(record, subjects, MOST_TITLE_CHARS)


def pull_body(record: RunRecord, view: View) -> str:
    """The whole proof, for the person who decides about it."""
    validation, reproduction = record.artifact(Validation), record.artifact(Reproduction)
    hunk_table = hunks(validation.hunks, view, commit_of(record)) if validation else ""
    blocks = (
        Block(marker(record.run.id)),
        Block(_reference(record, view)),
        Block(told(record, view)),
        Block(cause(record, view)),
        Block(_reproduced(record, reproduction) if reproduction else "", "how it was reproduced"),
        Block("### The fix, and why it is minimal" if hunk_table else ""),
        Block(_minimal(len(validation.hunks)) if validation and hunk_table else ""),
        Block(hunk_table, "the hunks"),
        Block(f"### Verification\n\n{proof(proof_steps(record))}"),
        Block(_counts(record), "the counts of tests"),
        Block(f"### What this does not cover\n\n{bullets(_uncovered(record))}"),
        Block(_spent(record), "the stages"),
        Block(footer(record, view, how="comment `/fixbugs` and what to change to have it revised")),
    )
    return fitted(blocks, BODY_BYTES)


def _reference(record: RunRecord, view: View) -> str:
    """Closes the issue when it is merged; a pull request is only named."""
    origin = record.run.origin
    if origin is None:
        return ""
    if origin.number is None:
        where = f" on {code(origin.branch, 120)}" if origin.branch else ""
        return f"For the checks that fail at {commit_link(view.web_url, origin.head_sha)}{where}."
    return f"For #{origin.number}." if origin.is_pull_request else f"Fixes #{origin.number}."


def _reproduced(record: RunRecord, found: Reproduction) -> str:
    count = len(found.failing_ids)
    named = code(found.failing_ids[0], 200) if count == 1 else counted(count, "test")
    new = "new in this pull request" if found.test.patch else "in the repository already"
    first = (
        f"{named} {'fails' if count == 1 else 'fail'} without the fix; {'it is' if count == 1 else 'they are'} {new}."
    )
    return f"### How it was reproduced\n\n{first} {prose(found.test.why, 300)}\n\n{red(found)}".rstrip()


def _minimal(number: int) -> str:
    if number == 1:
        return "One hunk is all there is to it. What happens without it:"
    return "Each hunk was taken away by itself and the proof run again:"


def _counts(record: RunRecord) -> str:
    shown = suite(record)
    return details("All tests, before and after", shown) if shown else ""


def _spent(record: RunRecord) -> str:
    shown = times(record)
    return details(f"Time and cost: {total(record)}", f"{shown}\n\n{isolated(record)}".rstrip()) if shown else ""


def _uncovered(record: RunRecord) -> tuple[str, ...]:
    """What the proof leaves open, the weightiest first."""
    environment, validation = record.artifact(Environment), record.artifact(Validation)
    said = list(notes_on(record)[:MOST_NOTES])
    if environment and (environment.baseline is None or validation is None or validation.suite_after is None):
        why = one_line(environment.baseline_skipped).rstrip(".")
        said.append(f"The rest of the suite was not compared{f': {why}' if why else ''}.")
    if environment and environment.flaky:
        some = ", ".join(f"`{one_line(i, 120)}`" for i in environment.flaky[:3])
        more = f" and {len(environment.flaky) - 3:,} more" if len(environment.flaky) > 3 else ""
        said.append(f"Flaky before anything was changed, so they say nothing either way: {some}{more}.")
    if isolation_of(record) is Isolation.NONE:
        said.append(isolation_sentence(record))
    said.append("Bugs that no test of this repository would notice: the proof is as good as the tests are.")
    return tuple(prose(note, 500) for note in said)


def revision_note(record: RunRecord, view: View) -> str:
    """What is added to the text of a pull request of ours that was revised."""
    pushed = view.delivered.fix_commit if view.delivered and view.delivered.kind is DeliveryKind.PUSHED else ""
    at = f" with {commit_link(view.web_url, pushed)}" if pushed else ""
    found = patches(record)
    blocks = (
        Block(f"### Revised{at}"),
        Block(_wished(record.run.guidance.strip()), "what was asked for"),
        Block(told(record, view)),
        Block(diff(found[-1], "The change", opened=True) if found else "", "the change"),
        Block(proof(proof_steps(record))),
        Block(footer(record, view)),
    )
    return fitted(blocks, NOTE_BYTES)


def _wished(said: str) -> str:
    """In the words of whoever asked: a line of text, or all lines as they are."""
    if not said:
        return ""
    shown = f"\n\n{fence(said, 'text', MOST_WISHED_CHARS)}" if "\n" in said else f" {prose(said, 400)}"
    return f"What was asked for:{shown}"
