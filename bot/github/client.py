"""The client of GitHub's API: JSON, bytes, lists over their pages and GraphQL, asked as the App or for one repository.
Raises our errors only. What the answers mean is the business of those who ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from bot.core.errors import Absent, Conflict, Permanent, Transient
from bot.core.forge import Place
from bot.github.access import Access
from bot.github.answers import JSON, RAW, capped, chunks_of, listed, neighbours, parsed
from bot.github.exchange import Exchange, Question
from bot.github.tokens import Token
from bot.github.wire import Fields

PER_PAGE = 100
LISTED_AT_MOST = 1000

Params = Mapping[str, str | int]


class GithubApp:
    """One GitHub App. Any thread and event loop may use it. `where` is the repository on whose behalf to ask, with a
    token for that one alone; None asks as the App itself. `what` says what is asked, for messages: "read issue
    acme/shop#12". Paths begin with a slash; `path` builds them.

    `transport` replaces the network, `clock` and `pause` the time, in tests.
    """

    def __init__(
        self,
        app_id: int,
        private_key: str,
        api_url: str = "https://api.github.com",
        web_url: str = "https://github.com",
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.app_id = app_id
        self.api_url = api_url.rstrip("/")
        self.web_url = web_url.rstrip("/")
        self._exchange = Exchange(app_id, private_key, api_url, transport=transport, clock=clock, pause=pause)

    async def token(self, place: Place, access: Access) -> Token:
        """A token for this repository alone, good for some minutes. Never write it anywhere."""
        return await self._exchange.token(place, access)

    def drop(self, token: Token) -> None:
        """Forgets a token that GitHub no longer takes."""
        self._exchange.drop(token)

    # ------------------------------------------------------------ reading

    async def get(
        self, where: Place | None, path: str, params: Params | None = None, *, what: str, access: Access = Access.READ
    ) -> object:
        """The JSON at this path, parsed."""
        async with self._exchange.answered(Question("GET", where, path, what, access, params, again=True)) as response:
            return await parsed(response, what)

    async def raw(
        self,
        where: Place | None,
        path: str,
        params: Params | None = None,
        *,
        what: str,
        max_bytes: int,
        accept: str = RAW,
        access: Access = Access.READ,
    ) -> tuple[bytes, bool]:
        """The bytes at this path, at most so many, and whether there were more."""
        async with self.stream(where, path, params, what=what, accept=accept, access=access) as chunks:
            return await capped(chunks, max_bytes)

    @asynccontextmanager
    async def stream(
        self,
        where: Place | None,
        path: str,
        params: Params | None = None,
        *,
        what: str,
        accept: str = JSON,
        access: Access = Access.READ,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes at this path as they come. Redirects to GitHub's storage are followed, without our token."""
        question = Question("GET", where, path, what, access, params, accept=accept, again=True)
        async with self._exchange.answered(question) as response:
            yield chunks_of(response)

    async def pages(
        self,
        where: Place | None,
        path: str,
        params: Params | None = None,
        *,
        what: str,
        key: str = "",
        limit: int = LISTED_AT_MOST,
        access: Access = Access.READ,
    ) -> AsyncIterator[Fields]:
        """The objects of a list over all its pages, at most `limit`. `key` names the list inside each page ("" when
        the page is the list)."""
        left, url, query = limit, path, {"per_page": min(PER_PAGE, limit), **(params or {})}
        while url and left > 0:
            items, links = await self._page(Question("GET", where, url, what, access, query, again=True), key)
            for item in items[:left]:
                yield item
            left, url, query = left - len(items), links.get("next", ""), {}

    async def newest(
        self, where: Place | None, path: str, *, what: str, limit: int = LISTED_AT_MOST, access: Access = Access.READ
    ) -> AsyncIterator[Fields]:
        """The objects of a list that GitHub sorts oldest first, from its end."""
        first, links = await self._page(
            Question("GET", where, path, what, access, {"per_page": PER_PAGE}, again=True), ""
        )
        number, given = _page_number(links.get("last", "")), 0
        while number > 0 and given < limit:
            query = {"per_page": PER_PAGE, "page": number}
            items = (
                first
                if number == 1
                else (await self._page(Question("GET", where, path, what, access, query, again=True), ""))[0]
            )
            for item in reversed(items):
                yield item
            number, given = number - 1, given + len(items)

    async def _page(self, question: Question, key: str) -> tuple[tuple[Fields, ...], Mapping[str, str]]:
        """One page and its neighbours' addresses."""
        async with self._exchange.answered(question) as response:
            return listed(await parsed(response, question.what), key, question.what), neighbours(response)

    # ------------------------------------------------------------ writing

    async def send(
        self,
        method: str,
        where: Place | None,
        path: str,
        body: object = None,
        *,
        what: str,
        access: Access = Access.TALK,
        again: bool = False,
    ) -> object:
        """Changes something and returns the JSON answer, parsed (None when it is empty). `again`: doing it twice does
        no harm, so it is sent again when no answer came."""
        question = Question(method, where, path, what, access, body=body, again=again)
        async with self._exchange.answered(question) as response:
            return await parsed(response, what)

    async def graphql(
        self,
        where: Place,
        query: str,
        variables: Mapping[str, object],
        *,
        what: str,
        access: Access = Access.TALK,
        again: bool = False,
    ) -> Fields:
        """The `data` of a GraphQL answer. Only for what the REST interface cannot do."""
        # GitHub Enterprise has REST at …/api/v3 and GraphQL at …/api/graphql.
        path = f"{self.api_url.removesuffix('/v3')}/graphql" if self.api_url.endswith("/api/v3") else "/graphql"
        body = {"query": query, "variables": dict(variables)}
        answer = Fields(await self.send("POST", where, path, body, what=what, access=access, again=again), what)
        if not (errors := answer.items("errors")):
            return answer.inner("data")
        said = "; ".join(error.text_or("message", "without a reason") for error in errors[:3])[:300]
        kind = errors[0].text_or("type")
        if kind == "RATE_LIMITED":
            raise Transient(f"GitHub limits our requests, so we could not {what}: {said}.", 60.0)
        if kind == "NOT_FOUND":
            raise Absent(f"GitHub could not {what}: {said}.")
        raise Conflict(f"GitHub refused to {what}: {said}.")


def path(place: Place, *parts: str | int) -> str:
    """A path inside a repository, each part quoted: ("issues", 12) → "/repos/acme/shop/issues/12". Raises Permanent
    for a name that is no "owner/name"."""
    owner, _, name = place.repository.partition("/")
    if not owner or not name or "/" in name or {owner, name} & {".", ".."}:
        raise Permanent(f"{place.repository!r} is not the name of a repository: 'owner/name' was expected.")
    return "/repos/" + "/".join(quote(str(part), safe="") for part in (owner, name, *parts))


def _page_number(url: str) -> int:
    """Out of the address of a list's last page; 1 when there is only one."""
    number = parse_qs(urlsplit(url).query).get("page", ["1"])[0]
    return int(number) if number.isdigit() else 1
