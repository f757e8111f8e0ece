"""`/healthz` and `/readyz`: whether this process lives, and whether the whole server can do its work."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

from flask import Blueprint, Response

from bot.core.errors import FixbugsError, InputError, Permanent, Transient
from bot.settings import check_key
from bot.web.identity import Identity

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the server needs. `detail` says what is wrong and what to do."""

    name: str
    ok: bool
    detail: str


def health(identity: Identity, workers: Callable[[], int]) -> Blueprint:
    """`workers` counts those that gave a sign of life lately; it raises Transient or Permanent when the store does not
    answer."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    @blueprint.get("/readyz")
    def readyz() -> Response:
        checks = (*_store_and_workers(workers), _credentials(identity))
        ready = all(check.ok for check in checks)
        if not ready:
            log.warning("not_ready lacking=%s", ",".join(check.name for check in checks if not check.ok))
        body = json.dumps({"ready": ready, "checks": [asdict(check) for check in checks]}, ensure_ascii=False) + "\n"
        return Response(body, 200 if ready else 503, content_type="application/json")

    return blueprint


def _store_and_workers(workers: Callable[[], int]) -> tuple[Check, Check]:
    try:
        count = workers()
    except (Transient, Permanent):
        away = "Redis does not answer: check that it runs and that FIXBUGS_REDIS_URL is its address."
        return Check("redis", False, away), Check("workers", False, "Not known while Redis does not answer.")
    redis = Check("redis", True, "Redis answers.")
    if count == 0:
        return redis, Check("workers", False, "No worker gave a sign of life lately: start `fixbugs worker`.")
    return redis, Check("workers", True, f"{count} at work.")


def _credentials(identity: Identity) -> Check:
    try:
        credentials = identity.credentials()
    except FixbugsError:
        return Check("credentials", False, "The App's credentials cannot be read: check FIXBUGS_CREDENTIALS_FILE.")
    if credentials is None:
        return Check("credentials", False, "No App was created yet: open /setup.")
    try:
        check_key(credentials)
    except InputError:
        return Check("credentials", False, "The App's private key is not a readable PEM key: set it anew.")
    return Check("credentials", True, f"App {credentials.app_id}.")
