"""Something was said in a thread while its run goes on: the run hears of it."""

from __future__ import annotations

from bot.core.commands import Discussed
from bot.core.errors import Absent
from bot.core.forge import Origin
from bot.intake.outside import Outside
from bot.intake.words import hand_in


async def discussed(outside: Outside, command: Discussed) -> None:
    """What is gone, or was said where no run goes on, is nobody's business here."""
    if command.removed or command.actor.is_bot:
        return
    place, number = command.place, command.number
    run_id = await outside.register.current(Origin(place, number).thread)
    if run_id is None:
        return
    record = await outside.store.load(run_id)
    if command.comment_id is None:
        thread = await outside.forge.thread(place, number)
        name = f"{'pull request' if thread.pull else 'issue'} #{number}"
        await hand_in(outside, record, name, f"# {thread.title}\n\n{thread.body}", thread.web_url)
        return
    try:
        body = await outside.forge.comment_body(place, command.comment_id)
    except Absent:
        return  # taken back since
    address = outside.forge.comment_url(place, number, command.comment_id)
    await hand_in(outside, record, comment_name(command.actor.login, command.comment_id), body, address)


def comment_name(login: str, comment_id: int) -> str:
    """As it is called where it was gathered, so that its later versions take the place of that."""
    return f"comment {comment_id} by @{login}"
