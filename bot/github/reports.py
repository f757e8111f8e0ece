"""`GithubReports`, the Reports port on GitHub: gathers everything said and logged about what a run was asked for.

Each source has a file in `gathering`; here they are put together. Cleaning texts and reading them is the stages'.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from bot.core.errors import Absent, InputError
from bot.core.forge import Origin, ThreadFacts
from bot.core.run import Run, TriggerKind
from bot.github.client import GithubApp
from bot.github.gathering.attachments import Attachments
from bot.github.gathering.conversation import has_command
from bot.github.gathering.gathering import Gathering
from bot.ports import Forge, Gathered


class GithubReports:
    """Of one GitHub App. `transport` replaces the network of attachments, in tests."""

    def __init__(self, app: GithubApp, forge: Forge, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._app = app
        self._forge = forge
        self._attachments = Attachments(app.web_url, transport)

    async def report(self, run: Run) -> Gathered:
        """What was handed in, for a run that was not asked for on the forge; else what is found there.

        Raises InputError when the thread, or the comment that asked, is gone.
        """
        origin = run.origin
        if origin is None:
            return Gathered(run.report)
        thread = await self._thread(origin) if origin.number is not None else None
        await self._check_asking_comment(run, origin)
        me = await self._forge.me()
        gathering = Gathering(self._app, self._forge, self._attachments, run, origin, thread, me)
        return await gathering.gathered()

    async def _thread(self, origin: Origin) -> ThreadFacts:
        place, number = origin.place, origin.number or 0
        named = f"{place.repository}#{number}"
        try:
            facts = await self._forge.repository(place)
            thread = await self._forge.thread(place, number)
        except Absent as exc:
            raise InputError(
                f"{named} is gone, or the App may not see it any more: it was deleted or moved, or the App was taken "
                "off the repository. Ask again where it is now."
            ) from exc
        if not _path(thread.web_url).startswith(f"{_path(facts.web_url)}/"):
            raise InputError(f"{named} was moved to {thread.web_url}. Ask again there.")
        return thread

    async def _check_asking_comment(self, run: Run, origin: Origin) -> None:
        """Who takes the comment back, or edits the command out of it, takes the request back."""
        if origin.comment_id is None or run.trigger.kind is not TriggerKind.COMMENT:
            return
        for in_review in (False, True):
            try:
                body = await self._forge.comment_body(origin.place, origin.comment_id, in_review=in_review)
            except Absent:
                continue
            if has_command(body):
                return
            raise InputError("The comment that asked for this holds no command any more. Ask again with /fixbugs.")
        raise InputError("The comment that asked for this was deleted. Ask again with /fixbugs.")


def _path(url: str) -> str:
    return urlsplit(url).path.lower()
