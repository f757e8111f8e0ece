"""What the proof says of somebody's pull request, for its comment and its check."""

from __future__ import annotations

from bot.core.artifacts import Judgement
from bot.core.outcomes import RunRecord
from bot.render.github.markdown import Block, bullets, prose
from bot.render.github.parts import hunks, proof
from bot.render.github.view import View
from bot.render.proof import proof_steps
from bot.render.wording import sentence

MOST_FINDINGS = 12


def judged_blocks(record: RunRecord, view: View) -> tuple[Block, ...]:
    """The verdict, what does not hold, the proof's steps and the table of hunks."""
    judgement = record.artifact(Judgement)
    if judgement is None:
        return (Block(prose(sentence(record), 1000)),)
    findings = [prose(finding, 400) for finding in judgement.findings[:MOST_FINDINGS]]
    if len(judgement.findings) > MOST_FINDINGS:
        findings.append(f"and {len(judgement.findings) - MOST_FINDINGS:,} more")
    several = f"What does not hold:\n\n{bullets(findings)}" if len(findings) > 1 else ""
    return (
        Block(several or prose(sentence(record), 1000)),
        Block(proof(proof_steps(record))),
        Block(hunks(judgement.hunks, view, judgement.base.sha), "the hunks"),
    )
