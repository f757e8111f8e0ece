"""What each repository wants, out of its default branch. What follows from it is decided elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bot.core.forge import Place
from bot.core.policy import Policy
from bot.ports import Clock, Forge
from bot.repo_config import PATH, PolicyError, PolicyErrors, read_policy

FRESH_S = 5.0  # a failing suite sends a dozen webhooks at once; a person who just changed the file waits no longer
MAX_KNOWN = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """`policy` is the default one where there are `errors`. `digest` names the file's content, "" without a file."""

    policy: Policy
    errors: tuple[PolicyError, ...] = ()
    digest: str = ""


class Policies:
    """Remembers for a few seconds. May be shared by threads."""

    def __init__(self, forge: Forge, clock: Clock) -> None:
        self._forge = forge
        self._clock = clock
        self._known: dict[Place, tuple[float, Wanted]] = {}

    async def of(self, place: Place) -> Wanted:
        """Raises what the forge raises."""
        now = self._clock.monotonic()
        known = self._known.get(place)
        if known is not None and now - known[0] < FRESH_S:
            return known[1]
        found = _wanted(await self._forge.file(place, PATH))
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[place] = (now, found)
        return found


def _wanted(text: str | None) -> Wanted:
    if text is None:
        return Wanted(Policy())
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    read = read_policy(text)
    return Wanted(Policy(), read.errors, digest) if isinstance(read, PolicyErrors) else Wanted(read, (), digest)
