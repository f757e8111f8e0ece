"""GitHub's record of the webhooks that it sent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.errors import Absent, Permanent
from bot.github.client import GithubApp
from bot.github.deliveries import GithubDeliveries
from github_answers import Answers, answer, told
from world.github import GithubWorld, missing

SINCE = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def row(id: int, at: str, status: int = 202) -> dict[str, object]:
    return {"id": id, "guid": f"guid-{id}", "delivered_at": at, "event": "issues", "status_code": status, "action": "x"}


@pytest.mark.skipif(bool(missing()), reason=missing() or "all there")
def test_lists_over_all_pages_what_was_sent_and_what_it_carried() -> None:
    with GithubWorld(None, webhook_url="http://127.0.0.1:9/webhook") as world:
        for index in range(104):
            world.open_issue(f"Issue {index}", "")
        world.settle()
        api = GithubDeliveries(GithubApp(world.app_id, world.private_key, world.api_url, world.web_url))

        sent = asyncio.run(api.deliveries(datetime.now(UTC) - timedelta(minutes=5)))
        payload = asyncio.run(api.payload(sent[0].id))

    assert len(sent) == 104
    assert [one.id for one in sent] == sorted((one.id for one in sent), reverse=True)
    assert {one.event for one in sent} == {"issues"}
    assert not any(one.accepted for one in sent)  # nobody listens at that port
    assert isinstance(payload, dict)
    assert payload["issue"]["title"] == "Issue 103"


def test_stops_where_it_gets_too_old() -> None:
    rows = [row(3, "2026-01-05T12:00:02Z", 503), row(2, "2026-01-05T12:00:00Z"), row(1, "2026-01-05T11:59:59Z")]
    link = '<https://api.github.test/app/hook/deliveries?cursor=x>; rel="next"'
    answers = Answers([answer(rows, link=link)])

    sent = asyncio.run(GithubDeliveries(answers.app()).deliveries(SINCE))

    assert [(one.id, one.guid, one.accepted) for one in sent] == [(3, "guid-3", False), (2, "guid-2", True)]
    assert len(answers.asked) == 1


def test_a_forgotten_delivery_is_absent() -> None:
    with pytest.raises(Absent, match="could not read the webhook delivery 9"):
        asyncio.run(GithubDeliveries(Answers([told(404, "Not Found")]).app()).payload(9))


def test_a_delivery_without_payload_is_said_to_have_none() -> None:
    with pytest.raises(Permanent, match="the webhook delivery 9 has no payload"):
        asyncio.run(GithubDeliveries(Answers([answer({"request": {"payload": None}})]).app()).payload(9))
