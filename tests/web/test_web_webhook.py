"""The webhook: which deliveries are taken in, what is kept of them, and what the others are told."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from web_world import ASKING, IDLE, SECRET, World, settings_for, world

from bot.core.commands import Ask, Instructed
from bot.core.forge import Actor
from bot.web.signature import genuine
from webhook_payloads import PLACE, examples, signature


def told(response: Any) -> tuple[int, str, str]:
    body = response.get_json()
    return response.status_code, body["status"], body["message"]


def test_a_delivery_that_asks_for_something_is_kept_and_rung_before_the_answer(tmp_path: Path) -> None:
    at = world(tmp_path)

    assert told(at.deliver(ASKING)) == (202, "accepted", "It is being seen to.")
    assert at.inbox.kept["d-1"].command == Instructed(PLACE, 12, False, Actor("grace"), Ask.FIX, comment_id=501)
    assert at.inbox.kept["d-1"].event == "issue_comment"
    assert at.doorbell.rung == ["d-1"]


def test_the_same_delivery_ten_times_is_kept_once(tmp_path: Path) -> None:
    at = world(tmp_path)
    at.deliver(ASKING)

    assert {told(at.deliver(ASKING)) for _ in range(9)} == {(202, "known", "This delivery was taken in before.")}
    assert list(at.inbox.kept) == ["d-1"]


def test_a_delivery_that_asks_for_nothing_is_remembered_only(tmp_path: Path) -> None:
    at = world(tmp_path)

    assert told(at.deliver(IDLE)) == (202, "ignored", "This issue_comment event asks for nothing.")
    assert told(at.deliver({}, "ping", id="d-2")) == (202, "ignored", "Nothing is done about ping events.")
    assert told(at.deliver([], "star", id="d-3")) == (202, "ignored", "Nothing is done about star events.")
    assert (at.inbox.kept, at.inbox.ignored, at.doorbell.rung) == ({}, {"d-1", "d-2", "d-3"}, [])


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + hmac.new(SECRET.encode(), json.dumps(ASKING).encode(), hashlib.sha1).hexdigest(),
        signature(json.dumps(ASKING).encode(), SECRET).removeprefix("sha256="),
        signature(json.dumps(ASKING).encode(), SECRET).upper(),
        signature(json.dumps(ASKING).encode(), SECRET) + "0",
        signature(json.dumps(ASKING).encode(), "another secret"),
        signature(b"another body", SECRET),
        "sha256=" + "é" * 32,
        "sha256=" + "ü" * 64,
    ],
)
def test_a_wrong_missing_or_sha1_signature_is_refused(tmp_path: Path, wrong: str | None) -> None:
    at = world(tmp_path)

    response = at.deliver(ASKING, headers={"X-Hub-Signature-256": wrong})

    assert told(response)[:2] == (401, "refused")
    assert (at.inbox.kept, at.inbox.ignored) == ({}, set())


def test_a_signature_is_held_against_githubs_own_example() -> None:
    # From "Validating webhook deliveries" in GitHub's documentation.
    given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert genuine(b"Hello, World!", given, SECRET)
    assert not genuine(b"Hello, World?", given, SECRET)


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            415,
            'The body is not JSON: set the webhook\'s content type to "application/json".',
        ),
        ({"Content-Type": None}, 415, 'The body is not JSON: set the webhook\'s content type to "application/json".'),
        ({"X-GitHub-Event": None}, 400, "The header X-GitHub-Event is missing or names no event."),
        ({"X-GitHub-Event": "Issues\u00e9"}, 400, "The header X-GitHub-Event is missing or names no event."),
        ({"X-GitHub-Delivery": None}, 400, "The header X-GitHub-Delivery is missing or holds no id."),
        ({"X-GitHub-Delivery": "a b"}, 400, "The header X-GitHub-Delivery is missing or holds no id."),
        ({"X-GitHub-Delivery": "x" * 101}, 400, "The header X-GitHub-Delivery is missing or holds no id."),
    ],
)
def test_wrong_headers_are_named(tmp_path: Path, headers: dict[str, str | None], status: int, message: str) -> None:
    assert told(world(tmp_path).deliver(ASKING, headers=headers)) == (status, "refused", message)


def test_json_with_a_named_character_set_is_json(tmp_path: Path) -> None:
    response = world(tmp_path).deliver(ASKING, headers={"Content-Type": "application/json; charset=utf-8"})

    assert response.status_code == 202


@pytest.mark.parametrize(
    ("body", "beginning"),
    [
        (b"", "The body is not JSON: "),
        (b"{", "The body is not JSON: "),
        (b"payload=%7B%7D", "The body is not JSON: "),
        (b'{"a": NaN}', "The body is not JSON: NaN is not a value of JSON."),
        (b'{"a": "\xff"}', "The body is not UTF-8, from byte 7 on."),
        (b"\xff\xfe", "The body is not UTF-8, from byte 0 on."),
        (b"[" * 200_000, "The body is not usable JSON: it is nested too deeply."),
        (b'{"a": ' + b"9" * 5000 + b"}", "The body is not JSON: "),
    ],
)
def test_a_body_that_is_no_json_is_refused_with_the_reason(tmp_path: Path, body: bytes, beginning: str) -> None:
    status, outcome, message = told(world(tmp_path).deliver(body))

    assert (status, outcome) == (400, "refused")
    assert message.startswith(beginning)


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"3", b"{}"])
def test_json_that_is_no_payload_is_malformed(tmp_path: Path, body: bytes) -> None:
    assert told(world(tmp_path).deliver(body))[:2] == (400, "refused")


def test_a_malformed_payload_names_the_field(tmp_path: Path) -> None:
    payload = {**ASKING, "repository": {}}

    assert told(world(tmp_path).deliver(payload)) == (
        400,
        "refused",
        "The payload's 'repository.full_name' is not a name like owner/repository. "
        "(issue_comment deliveries of a GitHub App have it.)",
    )


def test_an_enormous_body_is_refused(tmp_path: Path) -> None:
    body = b" " * (25 * 1024 * 1024 + 1)

    assert told(world(tmp_path).deliver(body)) == (
        413,
        "refused",
        "The body is larger than 25 MB, which is more than GitHub sends.",
    )


def test_the_largest_body_is_taken_in(tmp_path: Path) -> None:
    body = json.dumps(ASKING).encode()

    assert world(tmp_path).deliver(body + b" " * (25 * 1024 * 1024 - len(body))).status_code == 202


def test_while_redis_is_away_a_delivery_is_answered_503_and_taken_in_later(tmp_path: Path) -> None:
    at = world(tmp_path)
    at.inbox.away = True
    refused = told(at.deliver(ASKING))
    at.inbox.away = False

    assert refused == (503, "refused", "The delivery cannot be kept now: the server's Redis does not answer.")
    assert told(at.deliver(ASKING))[:2] == (202, "accepted")


def test_a_delivery_that_was_kept_but_not_rung_is_rung_when_it_comes_again(tmp_path: Path) -> None:
    at = world(tmp_path)
    at.doorbell.away = True
    assert at.deliver(ASKING).status_code == 503
    at.doorbell.away = False

    assert told(at.deliver(ASKING))[:2] == (202, "known")
    assert at.doorbell.rung == ["d-1"]


def test_a_delivery_that_asks_for_nothing_needs_no_redis(tmp_path: Path) -> None:
    at = world(tmp_path)
    at.inbox.away = True

    assert at.deliver(IDLE).status_code == 202


def test_before_the_app_is_created_deliveries_are_answered_503(tmp_path: Path) -> None:
    at = World(settings_for(tmp_path, created=False))

    assert told(at.deliver(ASKING)) == (503, "refused", "No App was created here yet: open /setup.")


def test_credentials_that_cannot_be_used_are_answered_503(tmp_path: Path) -> None:
    at = World(settings_for(tmp_path, created=False))
    (tmp_path / "credentials.json").write_text("{}")

    assert told(at.deliver(ASKING))[:2] == (503, "refused")


def test_another_method_is_told_so_in_json(tmp_path: Path) -> None:
    response = world(tmp_path).client.get("/webhook")

    assert told(response) == (405, "refused", "Deliveries come by POST.")
    assert "POST" in response.headers["Allow"]


def test_our_own_mistake_is_answered_500_in_json_without_details(tmp_path: Path) -> None:
    class Broken:
        def accept(self, delivery: object) -> bool:
            raise RuntimeError("the secret detail")

    at = world(tmp_path)
    at.inbox.accept = Broken().accept  # type: ignore[method-assign] # a mistake of ours, of any kind

    status, outcome, message = told(at.deliver(ASKING))

    assert (status, outcome) == (500, "failed")
    assert "secret detail" not in message


def test_none_of_githubs_example_payloads_gives_a_server_error(tmp_path: Path) -> None:
    at = world(tmp_path)
    answers = []
    for number, (name, payload) in enumerate(examples()):
        answers.append((name, at.deliver(payload, name, id=f"plain-{number}").status_code))
        installed = {"installation": {"id": 7}, **payload}
        answers.append((name, at.deliver(installed, name, id=f"installed-{number}").status_code))

    assert {status for _, status in answers} <= {202, 400}
    assert at.inbox.kept
