"""Serves the JSON Schema of a repository's settings, which answers about mistakes in them link to. What is in it is
`bot.repo_config`'s."""

from __future__ import annotations

from importlib.resources import files

from flask import Blueprint, Response

PATH = "/fixbugs.schema.json"


def settings_schema() -> Blueprint:
    blueprint = Blueprint("settings_schema", __name__)

    @blueprint.get(PATH)
    def schema() -> Response:
        text = files("bot.repo_config").joinpath("schema.json").read_text(encoding="utf-8")
        response = Response(text, content_type="application/schema+json")
        response.headers["Access-Control-Allow-Origin"] = "*"  # editors in a browser read it, too
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return blueprint
