"""Who may ask: looked up each time, never remembered."""

from __future__ import annotations

import logging

from bot.core.forge import Actor, Place
from bot.core.policy import Policy
from bot.intake.outside import Outside
from bot.intake.replies import say_once
from bot.render.github import answers

log = logging.getLogger(__name__)


async def may_ask(outside: Outside, place: Place, actor: Actor, policy: Policy) -> bool:
    """Bots never may."""
    if actor.is_bot:
        return False
    if actor.login.lower() in {login.lower() for login in policy.allowed}:
        return True
    role = await outside.forge.role(place, actor.login)
    return role.at_least(policy.min_role)


async def permitted(outside: Outside, place: Place, number: int, actor: Actor, policy: Policy) -> bool:
    """As `may_ask`; a person who may not is told so, once a day and thread."""
    if await may_ask(outside, place, actor, policy):
        return True
    log.info("refused place=%s thread=%d login=%s", place.repository, number, actor.login)
    if not actor.is_bot:
        said = answers.refused(actor.login, policy.min_role)
        await say_once(outside, place, number, said, about=f"refused {actor.login.lower()}")
    return False
