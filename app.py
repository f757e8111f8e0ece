"""The web application: `create_app()` for Flask and gunicorn (`gunicorn "app:create_app()"`). It puts routes together;
what they do is in `bot.web`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
from flask import Flask, Response

from bot.ports import Doorbell, Inbox
from bot.queue.broker import broker
from bot.queue.doorbell import DramatiqDoorbell
from bot.settings import ServerSettings, Settings
from bot.store.redis_client import connect
from bot.store.redis_inbox import RedisInbox
from bot.store.redis_store import RedisStore
from bot.web.health import health
from bot.web.identity import Identity
from bot.web.pages import page, register_errors
from bot.web.reception import InOneBreath, InTwoSteps
from bot.web.settings_schema import settings_schema
from bot.web.setup import setup
from bot.web.setup_gate import SetupGate
from bot.web.webhook import LARGEST_BODY_BYTES, webhook


def create_app(
    settings: ServerSettings | None = None,
    *,
    inbox: Inbox | None = None,
    doorbell: Doorbell | None = None,
    workers: Callable[[], int] | None = None,
    github: httpx.BaseTransport | None = None,
) -> Flask:
    """The application for these settings, by default those of the environment. What is not given is built on the
    settings' Redis, which is connected to at the first request only.

    `workers` counts those that gave a sign of life lately. `github` stands in for GitHub's API on the set-up page.
    Raises InputError when the settings cannot be used.
    """
    settings = settings or _from_environment()
    app = Flask("bot.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    identity, gate = Identity(settings), SetupGate(settings)
    client = connect(settings.redis_url)
    kept, bell = RedisInbox(client), DramatiqDoorbell(broker(settings.redis_url))
    given = inbox is not None or doorbell is not None
    reception = InTwoSteps(inbox or kept, doorbell or bell) if given else InOneBreath(kept, bell)
    app.register_blueprint(webhook(identity, inbox or kept, reception))
    app.register_blueprint(setup(settings, identity, gate, github))
    app.register_blueprint(settings_schema())
    app.register_blueprint(health(identity, workers or (lambda: len(asyncio.run(RedisStore(client).workers())))))

    @app.get("/")
    def home() -> Response:
        return page("home.html", has_app=identity.known())

    register_errors(app)
    if not identity.known():
        _announce(gate, settings)
    return app


def _from_environment() -> ServerSettings:
    """gunicorn calls `create_app()` without arguments; the command line hands the settings in."""
    return ServerSettings.load(os.environ, Settings.load(os.environ, Path.home()).cache_dir)


def _announce(gate: SetupGate, settings: ServerSettings) -> None:
    """Whoever starts the server must learn the token; nobody else does. So it is printed, not logged."""
    token = gate.open()
    where = f"at {settings.public_url}/setup" if settings.public_url else "on this server at /setup"
    if token is None:
        said = "There is no GitHub App yet, and no place to keep a set-up token: set FIXBUGS_SETUP_TOKEN and restart."
    elif settings.setup_token:
        said = f"There is no GitHub App yet. Create it {where}?token=… as FIXBUGS_SETUP_TOKEN says."
    else:
        said = f"There is no GitHub App yet. Create it {where}?token={token}"
    print(said, file=sys.stderr, flush=True)
