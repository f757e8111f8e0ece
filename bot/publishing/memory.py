"""What one run did outside, remembered in the store so that doing it again can be avoided. What is done is others'."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.core.forge import PullRequest
from bot.ports import Store
from bot.render.github.view import Delivered
from bot.store.codec import as_text, from_text

DELIVERED = "delivered"
KEPT = "What was remembered of this run"


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
    return as_text(pull)


def pull_from(text: str) -> PullRequest:
    """Raises Permanent when this is not what `pull_text` wrote."""
    return from_text(text, PullRequest, KEPT)


def delivered_text(delivered: Delivered) -> str:
    """A delivery as it is remembered."""
    return as_text(delivered)


def delivered_from(text: str) -> Delivered:
    """Raises Permanent when this is not what `delivered_text` wrote."""
    return from_text(text, Delivered, KEPT)
