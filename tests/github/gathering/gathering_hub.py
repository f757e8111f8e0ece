"""GitHub's API as far as gathering asks it, in memory, with real requests through the real client. No assertions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.core.forge import Actor, FailedCheck, Origin, PullFacts, ThreadFacts
from bot.core.run import Goal, Report, Run, Trigger, TriggerKind
from bot.github.client import GithubApp
from bot.github.reports import GithubReports
from bot.ports import Gathered
from fake_forge import BASE, NOW, PLACE, WEB, FakeForge

API = "https://api.github.example"
SITE = "https://github.example"
STORAGE = "https://logs.storage.example"
HEAD = "c" * 40
REPO = f"/repos/{PLACE.repository}"
COMMENTS = f"{REPO}/issues/12/comments"
DIFF = f"{REPO}/pulls/12"
JOB = f"{REPO}/actions/jobs/31/logs"
PYTEST = """2026-01-05T12:00:01.1234567Z ##[group]Run pytest
2026-01-05T12:00:01.1234567Z pytest
2026-01-05T12:00:01.1234567Z ##[endgroup]
2026-01-05T12:00:02.1234567Z FAILED tests/test_cart.py::test_total_of_two - assert 2 == 3
2026-01-05T12:00:02.1234567Z ##[error]Process completed with exit code 1.
"""
Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@cache
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def pull(number: int = 12, *, body: str = "", author: str = "ada") -> ThreadFacts:
    ends = PullFacts("fix-total", HEAD, PLACE.repository, "main", BASE)
    url = f"{WEB}/pull/{number}"
    return ThreadFacts(number, "Sum all prices", body, Actor(author), True, False, (), url, NOW, ends)


def comment(id_: int, body: str, *, login: str = "bob", kind: str = "User", **more: object) -> dict[str, object]:
    url = f"{WEB}/issues/12#issuecomment-{id_}"
    return {"id": id_, "body": body, "user": {"login": login, "type": kind}, "html_url": url, **more}


def check(name: str = "test (3.11)", *, job_id: int | None = 31, run_id: int | None = 21, **more: str) -> FailedCheck:
    base = FailedCheck(41, name, "failure", "github-actions", f"{WEB}/actions/runs/21/job/31")
    return replace(base, job_id=job_id, run_id=run_id, **more)  # type: ignore[arg-type] # texts only


@dataclass
class Hub:
    """`lists` are what lists answer by path, oldest first; `answers` what else is answered, by path or whole address.
    `asked` has every request but those for tokens."""

    forge: FakeForge = field(default_factory=FakeForge)
    lists: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url.copy_with(query=None))
        path = url.removeprefix(API)
        if path.endswith("/access_tokens"):
            return httpx.Response(201, json={"token": "ghs_secret", "expires_at": "2099-01-01T00:00:00Z"})
        self.asked.append(request)
        key = str(request.url) if str(request.url) in self.answers else url if url in self.answers else path
        if key in self.answers:
            found = self.answers[key]
            if isinstance(found, Exception):
                raise found
            return found(request) if callable(found) else _fresh(found)
        if path in self.lists or path.endswith(("/comments", "/reviews")):
            return _page(request, self.lists.get(path, []), url)
        return httpx.Response(404, json={"message": "Not Found"})

    def reports(self) -> GithubReports:
        transport = httpx.MockTransport(self.answer)
        pause = lambda seconds: asyncio.sleep(0)  # noqa: E731 - a test waits for nothing
        app = GithubApp(1, private_key(), API, SITE, transport=transport, pause=pause)
        return GithubReports(app, self.forge, transport=transport)

    def gather(self, run: Run) -> Gathered:
        return asyncio.run(self.reports().report(run))

    def paths(self) -> list[str]:
        return [request.url.path for request in self.asked]


def _fresh(answer: httpx.Response) -> httpx.Response:
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def _page(request: httpx.Request, items: Sequence[dict[str, object]], url: str) -> httpx.Response:
    size, number = int(request.url.params.get("per_page", 30)), int(request.url.params.get("page", 1))
    if request.url.params.get("direction") == "desc":
        items = items[::-1]
    pages = max(1, -(-len(items) // size))
    links = [f'<{url}?per_page={size}&page={pages}>; rel="last"'] if pages > 1 else []
    if number < pages:
        links.append(f'<{url}?per_page={size}&page={number + 1}>; rel="next"')
    shown = items[(number - 1) * size : number * size]
    headers = {"link": ", ".join(links)} if links else {}
    return httpx.Response(200, content=json.dumps(shown), headers=headers)


def pull_hub(*, body: str = "", log: str = PYTEST) -> Hub:
    """A pull request with one failed check, whose log lies on another host."""
    hub = Hub()
    hub.forge.threads = {12: pull(body=body)}
    hub.forge.failed = {HEAD: (check(),)}
    hub.answers[JOB] = httpx.Response(302, headers={"location": f"{STORAGE}/31?sig=x"})
    hub.answers[f"{STORAGE}/31"] = httpx.Response(200, text=log)
    hub.answers[DIFF] = httpx.Response(200, text="--- a/cart.py\n+++ b/cart.py\n")
    return hub


def asked_for(
    *,
    number: int | None = 12,
    is_pull: bool = False,
    goal: Goal = Goal.FIX,
    guidance: str = "",
    comment_id: int | None = None,
    kind: TriggerKind = TriggerKind.LABEL,
    branch: str = "",
) -> Run:
    """A run that was asked for on an issue, a pull request, or (without a number) by a failed check."""
    head = HEAD if is_pull or number is None else ""
    origin = Origin(PLACE, number, is_pull, head, comment_id, branch)
    trigger = Trigger(kind, "ada", datetime(2026, 1, 5, tzinfo=UTC))
    return Run("r1", trigger, f"{WEB}.git", head or "main", Report(), goal, 60.0, origin, guidance)
