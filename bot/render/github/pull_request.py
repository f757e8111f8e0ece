"""A pull request of ours: its branch's name, title, text, and the messages of its commits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from bot.core.artifacts import Analysis, Reproduction
from bot.core.outcomes import RunRecord
from bot.render.github.comment import folded
from bot.render.github.markdown import Block, fitted, prose
from bot.render.github.markers import marker
from bot.render.github.parts import cause, proof
from bot.render.github.stages import footer
from bot.render.github.view import View
from bot.render.proof import proof_steps
from bot.render.wording import one_line, sentence

MOST_BRANCH_CHARS = 60


def branch_name(record: RunRecord, prefix: str, title: str) -> str:
    """ "fixbugs/issue-12-total-is-wrong": ASCII, safe for git, at most 60 characters."""
    number = record.run.origin.number if record.run.origin else None
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_title).strip("-")
    return f"{prefix}issue-{number}-{slug}"[:MOST_BRANCH_CHARS].rstrip("-/.")


def pull_title(record: RunRecord, subjects: Sequence[str]) -> str:
    analysis = record.artifact(Analysis)
    return one_line(f"Fix {analysis.title if analysis else 'a bug'}", 72)


def pull_body(record: RunRecord, view: View) -> str:
    number = record.run.origin.number if record.run.origin else None
    return fitted(
        (
            Block(marker(record.run.id)),
            Block(f"Fixes #{number}." if number else ""),
            Block(prose(sentence(record), 1000)),
            Block(cause(record, view)),
            Block(proof(proof_steps(record))),
            *folded(record, view),
            Block(footer(record, view)),
        )
    )


def test_commit_message(record: RunRecord, subjects: Sequence[str]) -> str:
    reproduction = record.artifact(Reproduction)
    return f"Add a failing test\n\n{reproduction.test.why if reproduction else ''}\n"


def fix_commit_message(record: RunRecord, subjects: Sequence[str]) -> str:
    return f"{pull_title(record, subjects)}\n\n{sentence(record)}\n"


def revision_note(record: RunRecord, view: View) -> str:
    return f"Revised: {prose(sentence(record), 1000)}"
