"""The web application over an inbox and a doorbell in memory, and deliveries for it. No assertions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from bot.core.errors import Transient
from bot.core.run import StageName
from bot.ports import Delivery
from bot.settings import AppCredentials, ServerSettings
from webhook_payloads import comment, event, issue, signature
from world.github import private_key

SECRET = "It's a Secret to Everybody"  # noqa: S105 # GitHub's documentation uses it, too
NO_REDIS = "redis://127.0.0.1:1/0"  # nothing listens there
KEY = private_key()
ASKING = event("created", issue=issue(), comment=comment("/fixbugs"))
IDLE = event("created", by="a[bot]", issue=issue(), comment=comment("/fixbugs", author="a[bot]"))


@dataclass
class MemoryInbox:
    """Keeps deliveries in memory; `away` makes it as unreachable as a Redis that is down."""

    kept: dict[str, Delivery] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    away: bool = False

    def accept(self, delivery: Delivery) -> bool:
        self._answer()
        new = delivery.id not in self.kept
        self.kept.setdefault(delivery.id, delivery)
        return new

    def ignore(self, delivery_id: str) -> None:
        self._answer()
        self.ignored.add(delivery_id)

    def take(self, delivery_id: str) -> Delivery | None:
        return self.kept.get(delivery_id)

    def give_back(self, delivery_id: str, delay_s: float) -> None: ...

    def done(self, delivery_id: str) -> None: ...

    def due(self) -> tuple[str, ...]:
        return tuple(self.kept)

    def known(self, delivery_id: str) -> bool:
        return delivery_id in self.kept or delivery_id in self.ignored

    def _answer(self) -> None:
        if self.away:
            raise Transient("Redis does not answer.")


@dataclass
class MemoryDoorbell:
    rung: list[str] = field(default_factory=list)
    away: bool = False

    def stage(self, run_id: str, stage: StageName, delay_s: float = 0.0) -> None: ...

    def notice(self, run_id: str, delay_s: float = 0.0) -> None: ...

    def delivery(self, delivery_id: str, delay_s: float = 0.0) -> None:
        if self.away:
            raise Transient("The queue does not answer.")
        self.rung.append(delivery_id)


def settings_for(folder: Path, *, created: bool = True, **more: Any) -> ServerSettings:
    """Of a server whose App was created, or was not."""
    credentials = AppCredentials(5, KEY, SECRET) if created else None
    return ServerSettings(NO_REDIS, credentials, folder / "credentials.json", **more)


@dataclass
class World:
    """One server. `client` asks it what a browser or the forge would."""

    settings: ServerSettings
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    doorbell: MemoryDoorbell = field(default_factory=MemoryDoorbell)
    github: httpx.BaseTransport | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        self.app: Flask = create_app(
            self.settings,
            inbox=self.inbox,
            doorbell=self.doorbell,
            workers=self.count,
            github=self.github,
        )

    def count(self) -> int:
        if self.inbox.away:
            raise Transient("Redis does not answer.")
        return self.workers

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def deliver(
        self,
        payload: Any,
        name: str = "issue_comment",
        *,
        id: str = "d-1",
        headers: dict[str, str | None] | None = None,
    ) -> TestResponse:
        """A signed delivery. `payload` as bytes is sent as it is; a header given as None is left out."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        sent: dict[str, str | None] = {
            "Content-Type": "application/json",
            "X-GitHub-Event": name,
            "X-GitHub-Delivery": id,
            "X-Hub-Signature-256": signature(body, SECRET),
            **(headers or {}),
        }
        return self.client.post("/webhook", data=body, headers=[(k, v) for k, v in sent.items() if v is not None])


def world(folder: Path, **more: Any) -> World:
    """A server whose App was created."""
    return World(settings_for(folder), **more)
