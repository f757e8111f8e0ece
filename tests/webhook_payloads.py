"""Builders of webhook payloads, as a test wants them: with the fields that GitHub sends and that handlers read. Also
the signature over a body. No assertions."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.forge import Place

EXAMPLES = Path(__file__).parent / "node/node_modules/@octokit/webhooks-examples/api.github.com/index.json"
PLACE = Place(7, "ada/shop")
HEAD = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
RUN_ID = "20261122-101500-1a2b"

Payload = dict[str, Any]  # a payload is JSON of any shape here: tests take it apart


def account(login: str = "grace") -> Payload:
    return {"login": login, "id": 11, "type": "Bot" if login.endswith("[bot]") else "User"}


def event(action: str, *, by: str = "grace", **parts: object) -> Payload:
    """What every delivery of an App has, with the parts of this one."""
    return {
        "action": action,
        "installation": {"id": PLACE.installation_id},
        "repository": {"id": 99, "full_name": PLACE.repository, "default_branch": "main"},
        "sender": account(by),
        **parts,
    }


def issue(body: str | None = "The total is wrong.", *, author: str = "grace", **more: object) -> Payload:
    return {"number": 12, "title": "Total is wrong", "body": body, "user": account(author), "state": "open", **more}


def comment(body: str | None, *, author: str = "grace", **more: object) -> Payload:
    return {"id": 501, "body": body, "user": account(author), **more}


def pull(body: str | None = "Rounds up.", *, author: str = "grace", **more: object) -> Payload:
    head = {"ref": "rounding", "sha": HEAD, "repo": {"id": 99, "full_name": PLACE.repository}}
    base = {"ref": "main", "sha": "f" * 40, "repo": {"id": 99, "full_name": PLACE.repository}}
    parts = {"number": 4, "title": "Round", "body": body, "user": account(author), "head": head, "base": base}
    return {**parts, "merged": False, **more}


def check(**more: object) -> Payload:
    """The fields that a check suite, a check run and a workflow run share."""
    numbers = [{"number": 4, "base": {"repo": {"id": 99}}}]
    app = {"slug": "github-actions"}
    return {"id": 31, "head_sha": HEAD, "conclusion": "failure", "pull_requests": numbers, "app": app, **more}


def signature(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def examples() -> list[tuple[str, Payload]]:
    """GitHub's example payloads, each with its event; skips the test where they are not installed."""
    if not EXAMPLES.is_file():
        pytest.skip("GitHub's example payloads are not installed; get them with: npm ci --prefix tests/node")
    known = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return [(about["name"], payload) for about in known for payload in about["examples"]]
