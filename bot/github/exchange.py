"""One question to GitHub and its answer: with the right token, tried again where that does no harm, redirects followed,
every failure one of our errors. What is asked, and what answers mean, is decided above."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bot import __version__
from bot.core.errors import Absent, Conflict, FixbugsError, Forbidden, Permanent, Transient, Unauthorized
from bot.core.forge import Place
from bot.github.access import Access
from bot.github.answers import parsed
from bot.github.connections import REDIRECTS_AT_MOST, Connections
from bot.github.failures import failure, limit_wait_s, skew_s, their_time, unreachable
from bot.github.tokens import AppToken, Drawer, Token, good_until
from bot.github.wire import Fields

log = logging.getLogger(__name__)

API_VERSION = "2022-11-28"
_TRIES = 3
_BACKOFF_S = 0.5
_ERROR_BYTES = 1 << 20
# Errors that come before a request is on its way, so that sending it again cannot do a thing twice.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Question:
    """`where` None asks as the App itself. `what` is for messages. `path` begins with a slash, or is a whole address
    of the same host. `again`: it may be sent twice without harm."""

    method: str
    where: Place | None
    path: str
    what: str
    access: Access = Access.READ
    params: Mapping[str, str | int] | None = None
    body: object = None
    accept: str = "application/vnd.github+json"
    again: bool = False


class Exchange:
    """Sends questions for one App. Any thread and event loop may use it."""

    def __init__(
        self,
        app_id: int,
        private_key: str,
        api_url: str,
        *,
        transport: httpx.AsyncBaseTransport | None,
        clock: Callable[[], float],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self._identity = AppToken(app_id, private_key)
        self._drawer = Drawer(clock)
        self._connections = Connections(transport, f"fixbugs/{__version__}")
        self._clock = clock
        self._pause = pause
        self._closed_until: dict[int, float] = {}  # installation (0: the App itself): when its limit of requests ends

    @asynccontextmanager
    async def answered(self, question: Question) -> AsyncIterator[httpx.Response]:
        """The 2xx answer, its body not yet read. Raises as the Forge port says."""
        response = await self._authorized(question)
        try:
            yield response
        except httpx.HTTPError as exc:  # the connection broke while the body came
            raise unreachable(question.what, exc) from exc
        finally:
            await response.aclose()

    async def token(self, place: Place, access: Access) -> Token:
        """A token for this repository alone."""
        return await self._drawer.take(place, access, lambda: self._mint(place, access))

    def drop(self, token: Token) -> None:
        """Forgets a token that GitHub no longer takes."""
        self._drawer.drop(token)

    # -------------------------------------------------------- with a token

    async def _authorized(self, question: Question) -> httpx.Response:
        """One more try with a fresh token when GitHub does not take the one we have."""
        if question.where is None:
            return await self._as_app(question)
        for _ in range(2):
            token = await self.token(question.where, question.access)
            try:
                return await self._patient(question, f"token {token.secret}")
            except Unauthorized as exc:
                self._drawer.drop(token)
                refused = exc
        raise refused

    async def _as_app(self, question: Question) -> httpx.Response:
        """One more try by GitHub's clock when ours is so wrong that it does not take our token."""
        try:
            return await self._patient(question, f"Bearer {self._identity.value()}")
        except Unauthorized as exc:
            off_s = exc.skew_s if isinstance(exc, _SkewedUnauthorized) else 0.0
            if not off_s:
                raise
            log.warning("github_clock_skew seconds=%.0f", off_s)
            self._identity.correct(off_s)
            return await self._patient(question, f"Bearer {self._identity.value()}")

    async def _mint(self, place: Place, access: Access) -> Token:
        owner, _, name = place.repository.partition("/")
        what = f"get a token for {place.repository}"
        path = f"/app/installations/{place.installation_id}/access_tokens"
        body = {"repositories": [name], "permissions": access.permissions}
        question = Question("POST", None, path, what, body=body, again=True)  # a token too many harms nobody
        try:
            async with self.answered(question) as response:
                data, now = Fields(await parsed(response, what), what), self._clock()
                return Token(data.text("token"), good_until(data.text("expires_at"), their_time(response), now))
        except Absent as exc:
            # Not Absent: that is an answer to some questions ("there is no such file"), and this is none.
            raise Forbidden(
                f"{exc} Is the App (still) installed for {owner}? Its installation was {place.installation_id}."
            ) from exc
        except Conflict as exc:
            wanted = ", ".join(f"{name}: {amount}" for name, amount in access.permissions.items())
            raise Forbidden(
                f"{exc} Either {place.repository} is not (or no longer) among the repositories that the App was "
                f"installed for, or the App was not granted what this needs ({wanted})."
            ) from exc
        except ValueError as exc:
            raise Permanent(f"GitHub's token for {place.repository} has no usable 'expires_at': {exc}.") from exc

    # ---------------------------------------------------------- with patience

    async def _patient(self, question: Question, authorization: str) -> httpx.Response:
        who = question.where.installation_id if question.where else 0
        for attempt in range(1, _TRIES + 1):
            self._wait_for_limits(question, who)
            try:
                response = await self._follow(question, authorization)
            except httpx.HTTPError as exc:
                error: FixbugsError = unreachable(question.what, exc)
                may = question.again or isinstance(exc, _NOT_SENT)
                cause: Exception | None = exc
            except httpx.InvalidURL as exc:
                raise Permanent(f"We could not {question.what}: GitHub's address cannot be used ({exc}).") from exc
            else:
                if response.is_success:
                    return response
                error, may, cause = await self._failed(question, response, who), question.again, None
            if not isinstance(error, Transient) or error.retry_after_s or not may or attempt == _TRIES:
                raise error from cause
            log.info("github_again method=%s path=%s attempt=%d", question.method, _shown(question.path), attempt)
            await self._pause(_BACKOFF_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        raise AssertionError("the last attempt returns or raises")

    async def _failed(self, question: Question, response: httpx.Response, who: int) -> FixbugsError:
        """The error that an answer amounts to; closes the gate when it is about our limit of requests."""
        try:
            if int(response.headers.get("content-length", 0)) <= _ERROR_BYTES:
                await response.aread()
        except (httpx.HTTPError, ValueError):
            pass  # the status says enough
        finally:
            await response.aclose()
        now = self._clock()
        # "Not there" is an everyday answer to a look, no event.
        level = logging.DEBUG if response.status_code in (404, 409, 422) else logging.INFO
        path = _shown(question.path)
        log.log(level, "github_refused method=%s path=%s status=%d", question.method, path, response.status_code)
        if (wait_s := limit_wait_s(response, now)) is not None:
            self._closed_until[who] = now + wait_s
        error = failure(question.what, response, now)
        if isinstance(error, Unauthorized) and (off_s := skew_s(response, now)):
            return _SkewedUnauthorized(str(error), off_s)
        return error

    def _wait_for_limits(self, question: Question, who: int) -> None:
        """GitHub bars an App that goes on asking while it is limited."""
        left_s = self._closed_until.get(who, 0.0) - self._clock()
        if left_s > 0:
            raise Transient(f"GitHub limits our requests, so we could not {question.what} yet.", left_s)
        self._closed_until.pop(who, None)

    # ------------------------------------------------------------ on the wire

    async def _follow(self, question: Question, authorization: str) -> httpx.Response:
        """Sends it, and again with the same method and body to where GitHub says that it has moved."""
        client = await self._connections.client()
        headers = {"Authorization": authorization, "Accept": question.accept, "X-GitHub-Api-Version": API_VERSION}
        url = question.path if "://" in question.path else f"{self.api_url}{question.path}"
        if not _same_host(url, self.api_url):
            raise Permanent(f"We could not {question.what}: {urlsplit(url).hostname} is not GitHub's API.")
        request = client.build_request(
            question.method, url, params=question.params or None, json=question.body, headers=headers
        )
        for _ in range(REDIRECTS_AT_MOST):
            response = await client.send(request, stream=True)
            target = response.headers.get("location")
            if not response.is_redirect or not target:
                return response
            await response.aclose()
            url = str(request.url.join(target))
            safe = question.method in ("GET", "HEAD")
            if not _same_host(url, self.api_url):
                if not safe:
                    raise Permanent(
                        f"GitHub sent us elsewhere when we wanted to {question.what}: that is not followed."
                    )
                # Its storage: the address carries its own signature, and our token is nobody else's business.
                headers = {"Accept": "*/*"}
            request = client.build_request(question.method, url, content=request.content, headers=headers)
            if not safe:
                request.headers["Content-Type"] = "application/json"
        raise httpx.TooManyRedirects("redirects in a circle", request=request)


class _SkewedUnauthorized(Unauthorized):
    """Our token was not taken, and our clock is that far behind GitHub's."""

    def __init__(self, message: str, skew_s: float) -> None:
        super().__init__(message)
        self.skew_s = skew_s


def _same_host(url: str, base: str) -> bool:
    one, other = urlsplit(url), urlsplit(base)
    return (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)


def _shown(path: str) -> str:
    return urlsplit(path).path
