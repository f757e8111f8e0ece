"""The desk: takes a command to whoever carries it out. Adding a kind of command is a file beside this one and a line
here."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.core.commands import (
    ChecksFailed,
    Command,
    Discussed,
    InstallationChanged,
    Instructed,
    Labelled,
    Pressed,
    Reviewed,
    ThreadClosed,
    Unlabelled,
)
from bot.core.errors import Absent, Conflict, Forbidden, Unauthorized
from bot.intake.buttons import pressed
from bot.intake.checks import checks_failed
from bot.intake.closing import closed
from bot.intake.discussion import discussed
from bot.intake.installations import installation_changed
from bot.intake.instructions import instructed
from bot.intake.labels import labelled, unlabelled
from bot.intake.outside import Notices, Outside, random_suffix
from bot.intake.policies import Policies
from bot.intake.replies import say_once
from bot.intake.reviews import reviewed
from bot.ports import Clock, Doorbell, Forge, Register, Store
from bot.render.github import answers

log = logging.getLogger(__name__)

# Each function takes commands of its own type only, which is what it is found by.
CARRIED_OUT_BY: Mapping[type[Command], Callable[[Outside, Any], Awaitable[None]]] = {
    Labelled: labelled,
    Unlabelled: unlabelled,
    ThreadClosed: closed,
    Instructed: instructed,
    Discussed: discussed,
    Reviewed: reviewed,
    ChecksFailed: checks_failed,
    Pressed: pressed,
    InstallationChanged: installation_changed,
}


class Desk:
    """May be used by several threads. `schema_url` is where the settings' JSON Schema can be read, "" when nowhere."""

    def __init__(  # noqa: PLR0917 - the ports, in the order that every adapter takes them
        self,
        forge: Forge,
        store: Store,
        register: Register,
        doorbell: Doorbell,
        notices: Notices,
        clock: Clock,
        *,
        schema_url: str = "",
        suffix: Callable[[], str] = random_suffix,
    ) -> None:
        policies = Policies(forge, clock)
        self._outside = Outside(forge, store, register, doorbell, notices, clock, policies, schema_url, suffix)

    async def carry_out(self, command: Command) -> None:
        """Does what a webhook asks for; doing it again does no harm.

        Raises Transient when it should be tried again, also when the forge does not know us: somebody will give us the
        right key. What has gone since, or is not allowed, ends quietly, or with a word to the person who asked.
        """
        kind = type(command).__name__
        if not isinstance(command, InstallationChanged):
            installation = command.place.installation_id
            if await self._outside.register.installed(installation) is False:
                log.info("command_dropped kind=%s installation=%d reason=not_installed", kind, installation)
                return
        try:
            await CARRIED_OUT_BY[type(command)](self._outside, command)
        except Absent as exc:
            log.info("command_ended kind=%s reason=absent error=%s", kind, exc)
        except Unauthorized as exc:
            log.warning("app_refused kind=%s error=%s", kind, exc)
            raise
        except (Forbidden, Conflict) as exc:
            log.warning("command_ended kind=%s reason=refused error=%s", kind, exc)
            await self._tell(command, str(exc))

    async def _tell(self, command: Command, reason: str) -> None:
        if isinstance(command, Labelled | Instructed) and not command.actor.is_bot:
            said = answers.not_possible(reason)
            await say_once(self._outside, command.place, command.number, said, about="not possible")
