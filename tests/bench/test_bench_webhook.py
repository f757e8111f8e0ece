"""The webhook's bench: its deliveries are real ones, and a short run of it measures both servers."""

from __future__ import annotations

import json

import pytest

from bench import webhook
from bench.deliveries import SECRET, payload, request_head
from bot.core.commands import Instructed
from bot.web.signature import genuine
from handlers import decide
from redis_at_hand import HOW_TO_GET_ONE, executable


def test_a_delivery_is_signed_and_asks_for_something() -> None:
    body = payload()
    headers = dict(line.split(": ", 1) for line in request_head(body, 8000).decode().split("\r\n")[1:])

    assert genuine(body, headers["X-Hub-Signature-256"], SECRET)
    assert isinstance(decide(headers["X-GitHub-Event"], json.loads(body)), Instructed)


def test_a_short_run_measures_both_servers_and_says_so_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    if executable() is None:
        pytest.skip(HOW_TO_GET_ONE)

    webhook.main(["--seconds", "0.3", "--rounds", "1", "--json"])

    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["bench"] == "webhook"
    assert all(figures[name] > 0 for name in ("ratio", "rate_ratio", "kept_ratio", "rate", "p50_ms", "p99_ms"))
