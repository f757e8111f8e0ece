"""An issue or pull request was closed or deleted: nobody waits for its run any more."""

from __future__ import annotations

from bot.core.commands import ThreadClosed
from bot.core.forge import Origin
from bot.intake.outside import Outside
from bot.intake.stopping import stop_thread


async def closed(outside: Outside, command: ThreadClosed) -> None:
    """Whoever can close it may stop its run by it. How a pull request of ours ended is remembered."""
    place, number = command.place, command.number
    if command.is_pull_request and await outside.register.run_of_pull(place, number) is not None:
        await outside.register.set_outcome(place, number, accepted=command.merged)
    what = "pull request" if command.is_pull_request else "issue"
    how = "merged" if command.merged else "closed"
    why = f"@{command.actor.login} {how} the {what}."
    await stop_thread(outside, Origin(place, number).thread, why)
