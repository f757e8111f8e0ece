"""`/setup`: creates the App on GitHub by its manifest flow, with one button. Nobody without the token gets in, and
nobody at all once there is an App."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import httpx
from flask import Blueprint, Response, request

from bot.core.errors import FixbugsError, InputError, Transient
from bot.settings import ServerSettings
from bot.web.conversion import CreatedApp, exchange
from bot.web.credentials_file import can_store, store_credentials
from bot.web.identity import Identity
from bot.web.manifest import checked_address, form_address, manifest, manifest_file, unreachable_reason
from bot.web.pages import page, problem
from bot.web.setup_gate import SetupGate

log = logging.getLogger(__name__)


def setup(
    settings: ServerSettings, identity: Identity, gate: SetupGate, transport: httpx.BaseTransport | None = None
) -> Blueprint:
    """`transport` is for tests that stand in for GitHub."""
    blueprint = Blueprint("setup", __name__)

    @blueprint.get("/setup")
    def offer() -> Response:
        if identity.known():
            return _set_up_already()
        token = request.args.get("token", "")
        if not gate.admits(token):
            return _no_entry(gate)
        try:
            return _form(settings, gate, token)
        except InputError as exc:
            return problem(400, "That cannot be used", str(exc), "Go back and change it.")

    @blueprint.get("/setup/created")
    def created() -> Response:
        if identity.known():
            return _set_up_already()
        if not gate.sent(request.args.get("state", "")):
            return problem(
                403,
                "This did not begin here",
                "The address that GitHub sent you back to was not made by this server within the last hour.",
                "Open the set-up page again, with the link that the server printed when it started.",
            )
        return _finish(settings, gate, request.args.get("code", ""), transport)

    return blueprint


def _set_up_already() -> Response:
    return problem(
        409,
        "An App was created already",
        "To make another one, remove the credentials from the server's settings and restart it.",
    )


def _no_entry(gate: SetupGate) -> Response:
    if gate.token() is None:
        return problem(
            403,
            "The set-up page is closed",
            "It was used, or the server has no place to keep its token. Restart the server for a new link; where it "
            "cannot write files, set FIXBUGS_SETUP_TOKEN first.",
        )
    return problem(
        403,
        "The set-up page needs its link",
        "The server printed a link with a token when it started. Open that one.",
    )


def _form(settings: ServerSettings, gate: SetupGate, token: str) -> Response:
    own = request.url_root.rstrip("/")
    public_url = checked_address(request.args.get("address") or settings.public_url or own)
    organisation = request.args.get("organization", "").strip()
    # Back to where the browser is now, except that a proxy may have turned https into http on the way to us.
    same_host = urlsplit(public_url).netloc == urlsplit(own).netloc
    return_url = f"{public_url if same_host else own}/setup/created"
    return page(
        "setup.html",
        form_target=settings.web_url,
        action=f"{form_address(settings.web_url, organisation)}?state={gate.state()}",
        manifest=manifest(manifest_file(), public_url=public_url, return_url=return_url),
        public_url=public_url,
        warning=unreachable_reason(public_url),
        organisation=organisation,
        token=token,
        stores=not settings.setup_print and can_store(settings.credentials_file),
        file=str(settings.credentials_file),
    )


def _finish(settings: ServerSettings, gate: SetupGate, code: str, transport: httpx.BaseTransport | None) -> Response:
    try:
        app = exchange(code, settings.api_url, transport)
    except Transient as exc:
        return problem(503, "GitHub does not answer", str(exc))
    except FixbugsError as exc:
        return problem(400, "The App was not set up", str(exc))
    stored = False
    if not settings.setup_print:
        try:
            store_credentials(app, settings.credentials_file)
            stored = True
        except OSError as exc:
            log.warning("credentials_not_stored file=%s error=%s", settings.credentials_file, exc)
    gate.close()
    log.info("app_created app_id=%d slug=%s stored=%s", app.id, app.slug, stored)
    return page(
        "created.html",
        app=app,
        stored=stored,
        file=str(settings.credentials_file),
        install_url=install_address(app, settings.web_url),
        lines=() if stored else _environment(app),
    )


def install_address(app: CreatedApp, web_url: str) -> str:
    """Where people install the App. Its own page's address is trusted only when it lies on our forge."""
    base = app.web_url.rstrip("/")
    return f"{base if base.startswith(f'{web_url}/') else f'{web_url}/apps/{app.slug}'}/installations/new"


def _environment(app: CreatedApp) -> tuple[str, ...]:
    """As `bot.settings` reads them."""
    key = app.private_key.strip().replace("\r\n", "\n").replace("\n", "\\n")
    return (
        f"FIXBUGS_GITHUB_APP_ID={app.id}",
        f"FIXBUGS_GITHUB_WEBHOOK_SECRET={app.webhook_secret}",
        f"FIXBUGS_GITHUB_PRIVATE_KEY={key}",
    )
