"""Whether a delivery comes from the forge: its signature over the raw body. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re

FORM = re.compile(r"sha256=[0-9a-f]{64}")  # never sha1, which GitHub still sends beside it


def genuine(body: bytes, signature: str | None, secret: str) -> bool:
    """Whether this is the HMAC-SHA-256 of the body, compared in constant time. `signature` is the header's text, None
    when there was none."""
    if signature is None or not FORM.fullmatch(signature):
        return False
    expected = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    return hmac.compare_digest(expected, signature.removeprefix("sha256="))
