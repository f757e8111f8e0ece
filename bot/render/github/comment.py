"""The one comment of a run, edited in place from waiting to verdict. The parts it is made of are its neighbours'."""

from __future__ import annotations

from bot.core.artifacts import Analysis, Reproduction, Validation
from bot.core.outcomes import RunRecord, StageState
from bot.core.run import Goal, StageName, Verdict
from bot.core.testing import Isolation
from bot.render.github.delivery import delivery, patch_block, patches, pull_link
from bot.render.github.judged import judged_blocks
from bot.render.github.markdown import Block, bullets, code, details, fence, fitted, link, numbered, prose, text
from bot.render.github.markers import marker
from bot.render.github.parts import cause, commit_of, diff, hunks, proof, red, suspects, told
from bot.render.github.stages import again, begun, checklist, footer, isolated, over, stop, times, total
from bot.render.github.view import DeliveryKind, View
from bot.render.proof import proof_steps
from bot.render.wording import Tone, clean, counted, duration, isolation_of, isolation_sentence, notes_on, verdict_words

MOST_QUESTIONS = 8
MOST_TRIED = 12
MOST_NOTES = 8
MOST_LATE = 5

_TONES = {Tone.GOOD: "✅", Tone.OPEN: "🟡", Tone.BAD: "❌"}


def run_comment(record: RunRecord, view: View) -> str:
    """The comment as it should read now."""
    return fitted((Block(marker(record.run.id)), Block(f"### {headline(record, view)}"), *blocks(record, view)))


def headline(record: RunRecord, view: View) -> str:
    """One line of Markdown: how the run stands."""
    if record.verdict is None:
        return "⏳ FixBugs is on it" if begun(record) else "⏳ FixBugs is waiting for its turn"
    words = verdict_words(record)
    if record.verdict is Verdict.FIXED:
        new = view.delivered and view.delivered.kind in (DeliveryKind.NEW_PULL, DeliveryKind.STACKED)
        where = pull_link(view.delivered) if new else ""
        return f"✅ {words.title}" + (f" in {where}" if where else "")
    mark = "❌" if record.verdict is Verdict.NOT_VALIDATED else _TONES[words.tone]
    return f"{mark} {words.title}"


def blocks(record: RunRecord, view: View) -> tuple[Block, ...]:
    """All below the heading; what may be left out of a text that gets too long has a name."""
    if record.verdict is None:
        return _going_on(record, view) if begun(record) else _waiting(record, view)
    said = (*_told(record, view), Block(_notes(record)), Block(_late(record)))
    return (*said, *folded(record, view), Block(footer(record, view, how=_how_on(record, view))))


def _waiting(record: RunRecord, view: View) -> tuple[Block, ...]:
    ahead = view.ahead or 0
    turn = f"{counted(ahead, 'run')} {'is' if ahead == 1 else 'are'} ahead of this one." if ahead else "It starts next."
    return Block(turn), Block(footer(record, view, how=f"{stop(record)} calls it off"))


def _going_on(record: RunRecord, view: View) -> tuple[Block, ...]:
    return (
        Block(cause(record, view)),
        Block(proof(proof_steps(record))),
        Block(checklist(record, view)),
        Block(_late(record)),
        Block(footer(record, view, how=f"{stop(record)} stops it")),
    )


def _told(record: RunRecord, view: View) -> tuple[Block, ...]:
    """The verdict and what it rests on."""
    if record.run.goal is Goal.VALIDATE and record.verdict in (Verdict.VALIDATED, Verdict.NOT_VALIDATED):
        return judged_blocks(record, view)
    if record.verdict is Verdict.FIXED:
        return _fixed(record, view)
    if record.verdict is Verdict.EXPLAINED:
        return Block(cause(record, view)), Block(suspects(record, view))
    if record.verdict is Verdict.REPRODUCED:
        return _reproduced(record, view)
    if record.verdict is Verdict.FAILED:
        return _failed(record, view)
    return _no_fix(record, view)


def _fixed(record: RunRecord, view: View) -> tuple[Block, ...]:
    validation = record.artifact(Validation)
    kind = view.delivered.kind if view.delivered else None
    apart = _unpublished(record, view)
    shown = (
        Block(patch_block(record), "the patch")
        if kind is DeliveryKind.PATCH or apart
        else Block(diff(patches(record)[-1], "The fix", opened=True) if validation else "", "the fix")
    )
    return (
        Block(apart or delivery(record, view)),
        Block(told(record, view)),
        Block(cause(record, view)),
        shown,
        Block(proof(proof_steps(record))),
    )


def _unpublished(record: RunRecord, view: View) -> str:
    """Said when the fix is proved and writing it to the repository failed for good."""
    stage = next((s for s in record.stages if s.name is StageName.PUBLICATION), None)
    if view.delivered is not None or stage is None or stage.state is not StageState.FAILED:
        return ""
    return f"The fix is proved, but could not be written to the repository: {prose(stage.error, 400)}"


def _reproduced(record: RunRecord, view: View) -> tuple[Block, ...]:
    found = record.artifact(Reproduction)
    test = found.test.patch if found else None
    return (
        Block(told(record, view)),
        Block(cause(record, view)),
        Block(diff(test, "The failing test", opened=True) if test else "", "the failing test"),
        Block(f"What it prints:\n\n{red(found)}" if found and red(found) else "", "its output"),
        Block(proof(proof_steps(record))),
    )


def _failed(record: RunRecord, view: View) -> tuple[Block, ...]:
    sorry = (
        f"Sorry: this is our fault and says nothing about your code. To try again: {again(record)}. If that fails too, "
        f"tell whoever runs this App, and name run {code(record.run.id, 80)}."
    )
    return Block(told(record, view)), Block(sorry)


def _no_fix(record: RunRecord, view: View) -> tuple[Block, ...]:
    give_up = record.give_up
    questions = [prose(q, 600) for q in give_up.questions[:MOST_QUESTIONS]] if give_up else []
    asked = f"**What we need to know**\n\n{numbered(questions)}" if questions else ""
    steps = proof(proof_steps(record)) if record.verdict is not Verdict.STOPPED else ""
    limit = f"It may take {duration(record.run.time_limit_s)}: `budget.time` in `.github/fixbugs.yml` sets how long."
    return (
        Block(told(record, view)),
        Block(limit if record.verdict is Verdict.OUT_OF_TIME else ""),
        Block(asked),
        Block(_printed(record), "the output"),
        Block(cause(record, view)),
        Block(steps),
    )


def _printed(record: RunRecord) -> str:
    """The tail of a program's output, where that is why the run ended."""
    tried = record.give_up.tried if record.give_up else ()
    if record.verdict is not Verdict.CANNOT_RUN or not tried:
        return ""
    lines = [line.rstrip() for said in tried for line in clean(said).split("\n") if line.strip()]
    tail = "\n".join(lines[-MOST_TRIED:])
    return f"What was printed last:\n\n{fence(tail, 'text', 3_000)}"


def _notes(record: RunRecord) -> str:
    notes = [prose(note, 400) for note in notes_on(record)[:MOST_NOTES]]
    if isolation_of(record) is Isolation.NONE:
        notes.append(prose(isolation_sentence(record), 400))
    return f"**Good to know**\n\n{bullets(notes)}" if notes else ""


def _late(record: RunRecord) -> str:
    """What was said too late for this run to use it."""
    analysis = record.artifact(Analysis)
    late = [said for said in record.handed_in if analysis and said not in analysis.heard]
    if not late:
        return ""
    named = [link(text(said.name, 100), said.address) for said in late[:MOST_LATE]]
    more = f" and {counted(len(late) - MOST_LATE, 'more text')}" if len(late) > MOST_LATE else ""
    return f"Said after the analysis had begun, not used: {', '.join(named)}{more}. To have it used: {again(record)}."


def folded(record: RunRecord, view: View) -> tuple[Block, ...]:
    """The details, each behind a click."""
    validation, reproduction = record.artifact(Validation), record.artifact(Reproduction)
    found = []
    if validation:
        shown = hunks(validation.hunks, view, commit_of(record))
        found.append(("Why every hunk is needed", shown, "why each hunk is needed"))
    if reproduction and record.verdict is not Verdict.REPRODUCED:
        test = reproduction.test.patch
        body = "\n\n".join(
            [prose(reproduction.test.why), *([diff(test, "", opened=True)] if test else []), red(reproduction)]
        )
        found.append(("The failing test and its output", body, "the failing test"))
    if record.verdict is not Verdict.EXPLAINED:
        found.append(("Suspects", suspects(record, view), "the suspects"))
    found.append(("What was tried", _tried(record), "what was tried"))
    found.append((f"Stages: {total(record)}", f"{times(record)}\n\n{isolated(record)}", "the stages"))
    return tuple(Block(details(summary, body), name) for summary, body, name in found if body.strip())


def _tried(record: RunRecord) -> str:
    tried = record.give_up.tried if record.give_up and record.verdict is not Verdict.CANNOT_RUN else ()
    rows = [prose(each, 400) for each in tried[:MOST_TRIED]]
    if len(tried) > MOST_TRIED:
        rows.append(f"and {len(tried) - MOST_TRIED:,} more")
    return bullets(rows)


def _how_on(record: RunRecord, view: View) -> str:
    if not over(record, view):
        return ""
    if record.give_up and record.give_up.questions:
        return f"answer in a comment, then {again(record)}"
    if record.verdict in (Verdict.REPRODUCED, Verdict.EXPLAINED):
        return "`/fixbugs` looks for a fix"
    return f"to run it again: {again(record)}"
