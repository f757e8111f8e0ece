"""An issue or pull request was closed or deleted: nobody waits for its run any more."""

from __future__ import annotations

import logging

from bot.core.commands import ThreadClosed
from bot.core.forge import Origin, ThreadFacts
from bot.intake.outside import Outside
from bot.intake.stopping import still_so, stop_thread

log = logging.getLogger(__name__)


async def closed(outside: Outside, command: ThreadClosed) -> None:
    """Whoever can close it may stop its run by it. How a pull request of ours ended is remembered."""
    place, number = command.place, command.number
    if command.is_pull_request and await outside.register.run_of_pull(place, number) is not None:
        await outside.register.set_outcome(place, number, accepted=command.merged)
    thread = Origin(place, number).thread
    if await outside.register.current(thread) is None:
        return

    def ended(now: ThreadFacts) -> bool:
        elsewhere = f"/{place.repository.lower()}/" not in now.web_url.lower()  # it was moved: the forge leads us there
        return elsewhere or not now.open

    if not await still_so(outside, place, number, ended):
        log.info("closing_ignored thread=%s reason=open_again", thread)
        return
    what = "pull request" if command.is_pull_request else "issue"
    how = "merged" if command.merged else "closed"
    await stop_thread(outside, thread, f"@{command.actor.login} {how} the {what}.")
