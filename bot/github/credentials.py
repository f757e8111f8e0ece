"""What git needs to read a repository of GitHub: a token for that one alone, in the environment and nowhere else."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from bot.core.errors import Absent, Forbidden
from bot.core.forge import Place
from bot.github.access import Access
from bot.github.client import GithubApp, path
from bot.github.tokens import Token
from bot.github.wire import Fields

INSTALLATION_S = 600.0  # how long it is believed which installation serves a repository


class GitCredentials:
    """For repositories of one App's GitHub; any other address gets nothing."""

    def __init__(self, app: GithubApp, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock
        self._installations: dict[str, tuple[int | None, float]] = {}  # "owner/name": whose, until when
        self._lent: dict[str, Token] = {}  # by address

    async def environ(self, url: str) -> Mapping[str, str]:
        repository = self._repository(url)
        if repository is None or (installation := await self._installation(repository)) is None:
            return {}
        try:
            token = await self._app.token(Place(installation, repository), Access.CLONE)
        except Forbidden:
            self._installations.pop(repository.lower(), None)  # the App may have been installed anew
            raise
        self._lent[url] = token
        secret = base64.b64encode(f"x-access-token:{token.secret}".encode()).decode("ascii")
        return {
            "GIT_CONFIG_COUNT": "1",
            # For this repository's address alone: a redirect or submodule elsewhere must not see it.
            "GIT_CONFIG_KEY_0": f"http.{url}.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {secret}",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def refused(self, url: str) -> None:
        if token := self._lent.pop(url, None):
            self._app.drop(token)
        if repository := self._repository(url):
            self._installations.pop(repository.lower(), None)

    def _repository(self, url: str) -> str | None:
        """The "owner/name" that an address of our GitHub names; None for any other address."""
        here, there = urlsplit(self._app.web_url), urlsplit(url)
        if (here.scheme, here.netloc.lower()) != (there.scheme, there.netloc.lower()):
            return None
        parts = there.path.removeprefix(here.path).strip("/").removesuffix(".git").split("/")
        return "/".join(parts) if len(parts) == 2 and all(parts) else None

    async def _installation(self, repository: str) -> int | None:
        """None when the App is not installed there: a public repository needs no token."""
        key = repository.lower()
        known = self._installations.get(key)
        if known and self._clock() < known[1]:
            return known[0]
        what = f"find the App's installation for {repository}"
        try:
            found = await self._app.get(None, path(Place(0, repository), "installation"), what=what)
        except Absent:
            return None  # not remembered: it may be installed any moment
        installation = Fields(found, what).number("id")
        self._installations[key] = (installation, self._clock() + INSTALLATION_S)
        return installation
