"""The last step of GitHub's manifest flow: a code, which is good once and for an hour, becomes the new App's
credentials."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import httpx

from bot.core.errors import InputError, Permanent, Transient

TIMEOUT_S = 15.0
CODE = re.compile(r"[A-Za-z0-9_-]{1,200}")


@dataclass(frozen=True, slots=True)
class CreatedApp:
    """`web_url` is the App's public page on the forge."""

    id: int
    slug: str
    web_url: str
    client_id: str
    webhook_secret: str = field(repr=False)
    private_key: str = field(repr=False)


def exchange(code: str, api_url: str, transport: httpx.BaseTransport | None = None) -> CreatedApp:
    """Raises InputError for a code that is none or no longer good, Transient when the forge does not answer (the code
    may still be good then), Permanent when it answers something else."""
    if not CODE.fullmatch(code):
        raise InputError("The address holds no usable code: begin at the set-up page again.")
    try:
        with httpx.Client(timeout=TIMEOUT_S, transport=transport) as client:
            response = client.post(
                f"{api_url}/app-manifests/{code}/conversions",
                headers={"Accept": "application/vnd.github+json", "User-Agent": "fixbugs"},
            )
    except httpx.TransportError as exc:
        raise Transient(f"GitHub does not answer at {api_url} ({exc!r}): load this page again in a moment.") from exc
    if response.status_code in (404, 422):
        raise InputError("GitHub knows no such code: it is good once, for an hour. Begin at the set-up page again.")
    if response.status_code in (403, 429) or response.status_code >= 500:
        raise Transient(f"GitHub answered {response.status_code}: load this page again in a minute.")
    if response.status_code != 201:
        raise Permanent(f"GitHub answered {response.status_code}, which is not expected: begin again.")
    return _read(response)


def _read(response: httpx.Response) -> CreatedApp:
    try:
        data = response.json()
        app = CreatedApp(
            id=data["id"],
            slug=data["slug"],
            web_url=data["html_url"],
            client_id=data.get("client_id") or "",
            webhook_secret=data["webhook_secret"],
            private_key=data["pem"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise Permanent(_unexpected(f"no usable JSON ({exc})")) from exc
    texts = (app.slug, app.web_url, app.client_id, app.webhook_secret, app.private_key)
    if not isinstance(app.id, int) or not all(isinstance(text, str) for text in texts):
        raise Permanent(_unexpected("fields of another type"))
    if not app.webhook_secret or "PRIVATE KEY" not in app.private_key:
        raise Permanent(_unexpected("no webhook secret or no private key"))
    return app


def _unexpected(what: str) -> str:
    return (
        f"GitHub created the App, but answered with {what}. Delete the App on its settings page at GitHub and begin "
        "again, or set its credentials by hand (docs/server.md)."
    )
