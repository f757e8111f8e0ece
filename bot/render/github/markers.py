"""The hidden mark by which a text of ours is found again. Finding it is a forge's."""

from __future__ import annotations

import re


def marker(run_id: str) -> str:
    """An HTML comment that no other run's text holds."""
    kept = re.sub(r"[^A-Za-z0-9._:]+", "-", run_id)[:100].strip("-")
    return f"<!-- fixbugs run {kept or 'unknown'} -->"
