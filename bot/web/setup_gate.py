"""Who may use the set-up page: whoever has the token that the server made when it started without an App. The page
itself is `bot.web.setup`'s.

The processes of one server share the token by a file beside the credentials, which only its owner can read. It is
removed once it was used.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from bot.settings import ServerSettings

STATE_AGE_S = 3600  # as long as GitHub keeps the code that comes with it
STATE = re.compile(r"([0-9]{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})")


class SetupGate:
    """Makes the token known, and holds what comes from outside against it."""

    def __init__(self, settings: ServerSettings, now: Callable[[], float] = time.time) -> None:
        self._given = settings.setup_token
        self._file = token_file(settings)
        self._now = now

    def token(self) -> str | None:
        """None when it was used, or could not be stored."""
        return self._given or _read(self._file)

    def open(self) -> str | None:
        """The token, made up when there is none yet; None when it cannot be stored here."""
        known = self.token()
        if known is not None:
            return known
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read(self._file)  # another process was faster
        except OSError:
            return None
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(24))
        return _read(self._file)

    def close(self) -> None:
        """The token was used. One that came out of the settings stays valid until they change."""
        with suppress(OSError):  # with its folder gone, so is the token
            self._file.unlink()

    def admits(self, token: str) -> bool:
        expected = self.token()
        return expected is not None and hmac.compare_digest(expected.encode(), token.encode())

    def state(self) -> str | None:
        """What goes to the forge and comes back, to show that it was this page that sent somebody there."""
        token = self.token()
        if token is None:
            return None
        made = f"{int(self._now())}.{secrets.token_hex(16)}"
        return f"{made}.{_seal(token, made)}"

    def sent(self, state: str) -> bool:
        """Whether we made this state, within the last hour."""
        token, parts = self.token(), STATE.fullmatch(state)
        if token is None or parts is None:
            return False
        made, nonce, seal = parts.groups()
        genuine = hmac.compare_digest(_seal(token, f"{made}.{nonce}"), seal)
        return genuine and 0 <= self._now() - int(made) <= STATE_AGE_S


def token_file(settings: ServerSettings) -> Path:
    return settings.credentials_file.with_name("setup-token")


def setup_link(settings: ServerSettings, base_url: str) -> str | None:
    """Where a person creates the App, for whoever starts the server to print; None when there is one already, or when
    no token can be stored (then FIXBUGS_SETUP_TOKEN must be set)."""
    if settings.credentials is not None or settings.credentials_file.exists():
        return None
    token = SetupGate(settings).open()
    return f"{base_url.rstrip('/')}/setup?{urlencode({'token': token})}" if token else None


def _seal(token: str, made: str) -> str:
    return hmac.digest(token.encode(), made.encode(), hashlib.sha256).hex()


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
