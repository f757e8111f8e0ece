"""What the proof says of somebody's pull request, for its comment and its check."""

from __future__ import annotations

from bot.core.artifacts import Judgement
from bot.core.outcomes import RunRecord
from bot.render.github.markdown import Block, bullets, prose
from bot.render.github.parts import hunks, proof
from bot.render.github.view import View
from bot.render.proof import proof_steps
from bot.render.wording import sentence


def judged_blocks(record: RunRecord, view: View) -> tuple[Block, ...]:
    """The verdict, what does not hold, the proof's steps and the table of hunks."""
    judgement = record.artifact(Judgement)
    if judgement is None:
        return (Block(prose(sentence(record), 1000)),)
    findings = bullets([prose(finding, 400) for finding in judgement.findings[:12]])
    return (
        Block(prose(sentence(record), 1000)),
        Block(findings),
        Block(proof(proof_steps(record))),
        Block(hunks(judgement.hunks, view, judgement.base.sha), "the table of hunks"),
    )
