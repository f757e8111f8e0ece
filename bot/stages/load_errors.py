"""Short words on why a project's file does not load, out of what its test runner printed. Pure."""

from __future__ import annotations

import re

_PLACE = re.compile(r'^(?:E\s+)?\s*File "([^"\n]{1,300})", line (\d{1,7})', re.M)


def last_words(text: str) -> str:
    """The error that a traceback ends with; for one of syntax also its file and line, which is where to look."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "no reason was given"
    last = re.sub(r"^E\s+", "", lines[-1]).rstrip(".")
    places = _PLACE.findall(text)
    if places and last.startswith(("SyntaxError", "IndentationError", "TabError")):
        path, line = places[-1]
        return f"{last}, at {path.removeprefix('/sandbox/tree/')}:{line}"
    return last
