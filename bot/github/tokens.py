"""Who we are on GitHub: the App's signed token, and a drawer of installation tokens, each minted once. Sends nothing
itself: the client hands in how to mint."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import cast

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from githubkit import GitHub
from githubkit.auth import AppAuthStrategy
from githubkit.auth.app import AppAuth
from githubkit.cache import MemCacheStrategy

from bot.core.errors import InputError
from bot.core.forge import Place
from bot.github.access import Access

MARGIN_S = 300.0  # a token is not handed out in its last minutes: a clone may take some
_LOOK_AGAIN_S = 0.02


class AppToken:
    """The App's own token (a JWT), made by githubkit, with times that can be set right when our clock is wrong."""

    def __init__(self, app_id: int, private_key: str) -> None:
        strategy = AppAuthStrategy(app_id, private_key)
        self._kit = GitHub(strategy, cache_strategy=MemCacheStrategy())  # the default one is shared by everybody
        self._auth = _ClockedAuth(self._kit, app_id, private_key)

    def value(self) -> str:
        """Raises InputError when the private key cannot be used."""
        try:
            return self._auth.get_jwt()
        except (ValueError, TypeError, jwt.exceptions.PyJWTError) as exc:
            raise InputError(
                "The App's private key cannot be used: give the whole PEM file that GitHub made, from its BEGIN line "
                "to its END line."
            ) from exc

    def correct(self, skew_s: float) -> None:
        """GitHub's clock is this far ahead of ours: tokens made from now on go by it."""
        self._auth.skew_s = skew_s
        cast(MemCacheStrategy, self._kit.config.cache_strategy).cleanup()


class _ClockedAuth(AppAuth):
    skew_s: float = 0.0

    def _create_jwt(self) -> str:
        issued = datetime.now(UTC) + timedelta(seconds=self.skew_s - 60)
        claims = {"iss": self.issuer, "iat": issued, "exp": issued + timedelta(minutes=9 if self.skew_s else 10)}
        return jwt.encode(claims, _loaded(self.private_key), algorithm="RS256")


@lru_cache(maxsize=4)
def _loaded(private_key: str) -> RSAPrivateKey:
    """Loaded once: checking one takes 40 ms. Raises ValueError or TypeError for what is no RSA key in PEM."""
    key = load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError(f"{type(key).__name__} is no RSA key")
    return key


@dataclass(frozen=True, slots=True)
class Token:
    """An installation token. It is handed out until `until`, in seconds since 1970 by our clock."""

    secret: str = field(repr=False)
    until: float


Key = tuple[int, str, Access]  # installation, "owner/name", what for


class Drawer:
    """Installation tokens of one App at one address. Any thread and any event loop may ask."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._tokens: dict[Key, Token] = {}
        self._minting: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()

    async def take(self, place: Place, access: Access, mint: Callable[[], Awaitable[Token]]) -> Token:
        """A token that is good for some minutes; of many who ask at once, one mints it."""
        key = (place.installation_id, place.repository.lower(), access)
        if found := self._good(key):
            return found
        with self._lock:
            minting = self._minting.setdefault(key, threading.Lock())
        # Not `to_thread(minting.acquire)`: waiters would fill the pool of threads that the one who mints needs to look
        # up GitHub's address.
        while not minting.acquire(blocking=False):  # noqa: ASYNC110 - the lock is shared between loops
            await asyncio.sleep(_LOOK_AGAIN_S)
        try:
            if found := self._good(key):
                return found
            made = self._tokens[key] = await mint()
            return made
        finally:
            minting.release()

    def drop(self, token: Token) -> None:
        """Forgets a token that GitHub no longer takes."""
        for key, kept in list(self._tokens.items()):
            if kept == token:
                self._tokens.pop(key, None)

    def _good(self, key: Key) -> Token | None:
        found = self._tokens.get(key)
        return found if found and self._clock() < found.until else None


def good_until(expires_at: str, server_now: float | None, now: float) -> float:
    """When to stop handing out a token that GitHub says ends then, in seconds by our clock. Raises ValueError."""
    ends = datetime.fromisoformat(expires_at.replace("Z", "+00:00")).timestamp()
    left_s = ends - (now if server_now is None else server_now)
    return now + max(left_s - MARGIN_S, left_s / 2)
