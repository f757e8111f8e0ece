"""Saying something in a thread once, whatever happens on the way. What is said is `bot.render.github`'s."""

from __future__ import annotations

import hashlib
import logging

from bot.core.errors import FixbugsError, Permanent
from bot.core.forge import Place, Reaction, Target
from bot.intake.outside import Outside
from bot.render.github.markers import answer_marker

log = logging.getLogger(__name__)

DAY_S = 86_400.0
MONTH_S = 30 * DAY_S
TRIES = 3
LEASE_S = 30.0


async def say_once(
    outside: Outside, place: Place, number: int, body: str, *, about: str, within_s: float = DAY_S
) -> None:
    """Writes a comment unless one about the same was written in this thread within that time. A comment that was
    written by somebody who then died is found by its hidden mark, so asking again is harmless.

    Raises Transient when it should be asked again. A thread that takes no comment is left alone.
    """
    digest = hashlib.sha256(f"{place.repository.lower()}#{number} {about}".encode()).hexdigest()[:20]
    mark = answer_marker(digest)
    async with outside.register.alone(f"answer:{digest}", LEASE_S):
        tried = await outside.register.count(f"answer:{digest}", within_s)
        if tried > TRIES:
            return
        try:
            if tried > 1 and await outside.forge.find_comment(place, number, mark) is not None:
                return
            await outside.forge.comment(place, number, f"{body}\n\n{mark}")
        except Permanent as exc:
            log.warning("answer_refused place=%s thread=%d error=%s", place.repository, number, exc)


async def acknowledge(
    outside: Outside, place: Place, number: int, comment_id: int | None, *, in_review: bool = False
) -> None:
    """Puts 👀 on the comment that asked, or on the thread. No run waits for that or fails by it."""
    target = Target.THREAD if comment_id is None else Target.REVIEW_COMMENT if in_review else Target.COMMENT
    try:
        await outside.forge.react(place, target, number if comment_id is None else comment_id, Reaction.EYES)
    except FixbugsError as exc:
        log.warning("reaction_refused place=%s thread=%d error=%s", place.repository, number, exc)
