"""How pages and errors are answered: HTML out of templates, with headers that forbid everything from elsewhere. What is
on a page is the routes' business."""

from __future__ import annotations

import base64
import hashlib
import logging
from functools import cache
from pathlib import Path

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from bot.web.webhook import answer

log = logging.getLogger(__name__)
STYLE = Path(__file__).with_name("templates") / "pages.css"
WEBHOOK = "/webhook"


def page(template: str, status: int = 200, *, form_target: str = "", **values: object) -> Response:
    """A page that loads nothing, runs nothing, and is kept nowhere. `form_target` is the origin, besides our own, that
    its forms may post to."""
    html = render_template(template, style=_style(), **values)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src '{_style_hash()}'; form-action 'self' {form_target}".rstrip()
        + "; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"  # an address may hold the set-up token
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def problem(status: int, title: str, *advice: str) -> Response:
    """A page that says what is wrong and what to do."""
    return page("problem.html", status, title=title, advice=advice)


def register_errors(app: Flask) -> None:
    """Every error is answered where it was asked: as JSON to the forge, as a page to a person."""

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        code = error.code or 500
        if request.path == WEBHOOK:
            said = "Deliveries come by POST." if code == 405 else error.description or error.name
            response = answer(code, "refused", said)
        elif code == 404:
            response = problem(404, "There is nothing here", "The address may be mistyped.")
        else:
            response = problem(code, error.name, error.description or "")
        allowed = getattr(error, "valid_methods", None)
        if code == 405 and allowed:
            response.headers["Allow"] = ", ".join(allowed)
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log.error("request_failed method=%s path=%s", request.method, request.path, exc_info=error)
        if request.path == WEBHOOK:
            return answer(500, "failed", "That is our mistake; the server's log says more. Redeliver it later.")
        return problem(500, "Something went wrong here", "That is our mistake; the server's log says more.")


@cache
def _style() -> str:
    return STYLE.read_text(encoding="utf-8")


@cache
def _style_hash() -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
