"""GitHub as a list of answers: a transport for the client's tests, which remembers what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from bot.core.forge import Place
from bot.github.client import GithubApp
from world.github import private_key

API = "https://api.github.test"
WEB = "https://github.test"
PLACE = Place(7, "acme/shop")
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC).timestamp()

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def answer(data: object = None, status: int = 200, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=data, headers=given)


def told(status: int, message: str, **headers: str) -> httpx.Response:
    """A refusal as GitHub words it."""
    return answer({"message": message, "documentation_url": "https://docs.github.com/rest"}, status, **headers)


@dataclass
class Answers(httpx.AsyncBaseTransport):
    """Answers with `script`, in order, its last one for ever; tokens and the App's own page are seen to besides.
    `asked` has every request but those."""

    script: Sequence[Answer] = ()
    asked: list[httpx.Request] = field(default_factory=list)
    minted: list[httpx.Request] = field(default_factory=list)
    token_life_s: float = 3600.0
    token_answers: list[Answer] = field(default_factory=list)
    now: float = NOW
    pauses: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        with self._lock:
            given = self._next(request)
        if isinstance(given, Exception):
            raise given
        made = given(request) if callable(given) else given
        return httpx.Response(made.status_code, headers=made.headers, content=made.content, request=request)

    def _next(self, request: httpx.Request) -> Answer:
        if request.url.path.endswith("/access_tokens"):
            self.minted.append(request)
            if self.token_answers:
                return self.token_answers.pop(0)
            ends = datetime.fromtimestamp(self.now + self.token_life_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            return answer({"token": f"ghs_secret{len(self.minted)}", "expires_at": ends}, 201)
        if request.url.path == "/app":
            return answer({"slug": "fixbugs", "id": 42})
        self.asked.append(request)
        return self.script[min(len(self.asked), len(self.script)) - 1]

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def app(self, api_url: str = API) -> GithubApp:
        return GithubApp(42, private_key(), api_url, WEB, transport=self, clock=lambda: self.now, pause=self.pause)

    def bodies(self) -> list[object]:
        return [json.loads(request.content) if request.content else None for request in self.asked]
