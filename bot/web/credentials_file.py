"""Stores a new App's credentials where `bot.settings` reads them: whole or not at all, readable by their owner only,
and never over others that are there."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from bot.web.conversion import CreatedApp


def store_credentials(app: CreatedApp, file: Path) -> None:
    """Raises FileExistsError when there are credentials already, OSError when they cannot be stored here."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {
            "app_id": app.id,
            "slug": app.slug,
            "web_url": app.web_url,
            "client_id": app.client_id,
            "webhook_secret": app.webhook_secret,
            "private_key": app.private_key,
        },
        indent=2,
    )
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as draft:
            draft.write(text + "\n")
            draft.flush()
            os.fsync(draft.fileno())
        os.link(temporary, file)  # unlike a rename, this never replaces a file
    finally:
        Path(temporary).unlink(missing_ok=True)


def can_store(file: Path) -> bool:
    """Whether a file could be made there now; tried before the forge is asked for what it tells only once."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-") as trial:
            linked = Path(f"{trial.name}-link")
            os.link(trial.name, linked)
            linked.unlink()
    except OSError:
        return False
    return True
