"""GitHub's record of the webhooks that it sent to the App, behind the DeliveriesApi port."""

from __future__ import annotations

from datetime import datetime

from bot.core.errors import Permanent
from bot.github.client import GithubApp
from bot.github.wire import Fields
from bot.ports.forge import SentDelivery

AT_MOST = 5000  # GitHub remembers three days; past this something else is wrong


class GithubDeliveries:
    """For one App."""

    def __init__(self, app: GithubApp) -> None:
        self._app = app

    async def deliveries(self, since: datetime) -> tuple[SentDelivery, ...]:
        """What was sent since then, newest first, all pages."""
        found = []
        what = "list the webhooks that were sent to us"
        async for data in self._app.pages(None, "/app/hook/deliveries", what=what, limit=AT_MOST):
            sent = _delivery(data)
            if sent.at < since:
                break
            found.append(sent)
        return tuple(found)

    async def payload(self, id: int) -> object:
        what = f"read the webhook delivery {id}"
        data = await self._app.get(None, f"/app/hook/deliveries/{id}", what=what)
        request = data.get("request") if isinstance(data, dict) else None
        if not isinstance(request, dict) or request.get("payload") is None:
            raise Permanent(f"GitHub's record of the webhook delivery {id} has no payload: ask for it there by hand.")
        return request["payload"]


def _delivery(data: Fields) -> SentDelivery:
    status = data.number_or_none("status_code") or 0
    return SentDelivery(
        id=data.number("id"),
        guid=data.text("guid"),
        event=data.text("event"),
        at=data.time("delivered_at"),
        accepted=200 <= status < 300,
        refused=status >= 300,
    )
