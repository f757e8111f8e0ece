"""What `bench.webhook` compares with: a Flask route that verifies a delivery's signature, answers 202, and does nothing
else. `python -m bench.bare_route PORT` serves it with the same gunicorn options as `fixbugs serve`."""

from __future__ import annotations

import hashlib
import hmac
import os
import sys

from flask import Flask, Response, request

from bot.web.process import run_web


def create_app() -> Flask:
    """The secret is in FIXBUGS_GITHUB_WEBHOOK_SECRET, as for the real one."""
    secret = os.environ["FIXBUGS_GITHUB_WEBHOOK_SECRET"].encode()
    app = Flask(__name__)

    @app.post("/webhook")
    def receive() -> Response:
        expected = "sha256=" + hmac.new(secret, request.get_data(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("X-Hub-Signature-256", "")):
            return Response(status=401)
        return Response(status=202)

    return app


if __name__ == "__main__":
    run_web(create_app, "127.0.0.1", int(sys.argv[1]))
