"""What people wrote, made fit to be kept with a run: clean, without secrets, of bounded length."""

from __future__ import annotations

from bot.core.artifacts import SourceText
from bot.core.outcomes import RunRecord, StageState
from bot.core.run import StageName
from bot.core.sanitize import sanitize
from bot.intake.outside import Outside

MAX_CHARS = 65_536  # what one comment can hold


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """The text, and what was taken out of it."""
    shown = sanitize(text[:MAX_CHARS], markdown=True)
    cut = (f"cut after {MAX_CHARS:,} characters",) if len(text) > MAX_CHARS else ()
    return shown.text.strip(), (*cut, *shown.notes)


async def hand_in(outside: Outside, record: RunRecord, name: str, text: str, address: str = "") -> None:
    """Adds to a run what was said since it gathered its report; before that it will be gathered anyway."""
    if record.stage(StageName.GATHER).state is StageState.WAITING:
        return
    words, notes = clean(text)
    if words:
        await outside.store.hand_in(record.run.id, SourceText(name, "comment", words, notes, address))
        outside.doorbell.notice(record.run.id)
