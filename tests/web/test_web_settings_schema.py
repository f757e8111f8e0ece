"""Held: the schema of a repository's settings can be read where answers say so."""

from __future__ import annotations

import json
from pathlib import Path

from web_world import MemoryDoorbell, MemoryInbox, settings_for

from app import create_app
from bot.repo_config.reading import schema
from bot.web.settings_schema import PATH


def test_the_schema_that_is_served_is_the_one_that_is_used(tmp_path: Path) -> None:
    app = create_app(settings_for(tmp_path), inbox=MemoryInbox(), doorbell=MemoryDoorbell())
    answered = app.test_client().get("/fixbugs.schema.json")
    assert (answered.status_code, answered.content_type) == (200, "application/schema+json")
    assert json.loads(answered.text) == schema()


def test_answers_link_to_where_it_is_served() -> None:
    wiring = (Path(__file__).parents[2] / "bot/wiring_server.py").read_text(encoding="utf-8")
    assert f"{{server.public_url}}{PATH}" in wiring
