"""What one run did outside, remembered in the store so that doing it again can be avoided. What is done is others'."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.core.errors import Permanent
from bot.core.forge import PullRequest
from bot.ports import Store
from bot.render.github.view import Delivered, DeliveryKind

DELIVERED = "delivered"


@dataclass(frozen=True)
class Memory:
    """Names and short texts of one run. Raises Transient when the store does not answer."""

    store: Store
    run_id: str

    async def recall(self, name: str) -> str:
        """What was remembered under this name; "" when nothing was."""
        return await self.store.recall(self.run_id, name) or ""

    async def remember(self, name: str, value: str) -> None:
        await self.store.remember(self.run_id, name, value)

    async def once(self, name: str, make: Callable[[], Awaitable[str]]) -> str:
        """What was made under this name, making it if need be. `make` must bear to be done twice: its effect may
        have happened without being remembered."""
        known = await self.recall(name)
        if known:
            return known
        made = await make()
        await self.remember(name, made)
        return made

    async def begun(self, name: str) -> bool:
        """Whether this was begun before, so that it may have happened already; from now on it was."""
        if await self.recall(f"{name}_begun"):
            return True
        await self.remember(f"{name}_begun", "yes")
        return False

    async def delivered(self) -> Delivered | None:
        """How the result was delivered; None while it was not."""
        kept = await self.recall(DELIVERED)
        return delivered_from(kept) if kept else None


def digest(text: str) -> str:
    """A short name for a text: the same for the same text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def pull_text(pull: PullRequest) -> str:
    """A pull request as it is remembered."""
    return json.dumps(_pull_data(pull))


def pull_from(text: str) -> PullRequest:
    """Raises Permanent when this is not what `pull_text` wrote."""
    try:
        return _pull(json.loads(text))
    except (ValueError, KeyError, TypeError) as exc:
        raise Permanent(_unreadable("pull request")) from exc


def delivered_text(delivered: Delivered) -> str:
    """A delivery as it is remembered."""
    return json.dumps(
        {
            "kind": delivered.kind.value,
            "pull": _pull_data(delivered.pull) if delivered.pull else None,
            "branch": delivered.branch,
            "test_commit": delivered.test_commit,
            "fix_commit": delivered.fix_commit,
            "note": delivered.note,
        }
    )


def delivered_from(text: str) -> Delivered:
    """Raises Permanent when this is not what `delivered_text` wrote."""
    try:
        data = json.loads(text)
        return Delivered(
            kind=DeliveryKind(data["kind"]),
            pull=_pull(data["pull"]) if data["pull"] is not None else None,
            branch=str(data["branch"]),
            test_commit=str(data["test_commit"]),
            fix_commit=str(data["fix_commit"]),
            note=str(data["note"]),
        )
    except (ValueError, KeyError, TypeError) as exc:
        raise Permanent(_unreadable("delivery")) from exc


def _pull_data(pull: PullRequest) -> dict[str, int | str | bool]:
    return {
        "number": pull.number,
        "web_url": pull.web_url,
        "open": pull.open,
        "head_sha": pull.head_sha,
        "node_id": pull.node_id,
        "draft": pull.draft,
        "merged": pull.merged,
    }


def _pull(data: dict[str, object]) -> PullRequest:
    return PullRequest(
        number=int(str(data["number"])),
        web_url=str(data["web_url"]),
        open=bool(data["open"]),
        head_sha=str(data["head_sha"]),
        node_id=str(data["node_id"]),
        draft=bool(data["draft"]),
        merged=bool(data["merged"]),
    )


def _unreadable(what: str) -> str:
    return f"The store holds a {what} of this run that cannot be read; another version of FixBugs may have written it."
