"""Links to the public API: paths and query strings, correctly quoted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

QueryValue = str | int | bool | None | list[str]


class ApiLinks:
    """Builds links below one base address, e.g. `https://api.example.com/v2`."""

    def __init__(self, base: str) -> None:
        if not base.startswith(("http://", "https://")):
            raise ValueError(f"not an http address: {base!r}")
        self._base = base.rstrip("/")

    def to(self, *segments: str | int, query: Mapping[str, QueryValue] | None = None) -> str:
        """The link to a resource; each segment is one path step, whatever characters it holds."""
        path = _path(segments)
        link = f"{self._base}/{path}" if path else self._base
        pairs = list(_pairs(query or {}))
        return f"{link}?{urlencode(pairs)}" if pairs else link

    def branch(self, owner: str, repository: str, branch: str) -> str:
        return self.to("repos", owner, repository, "branches", branch)

    def search(self, text: str, *, page: int = 1, labels: list[str] | None = None) -> str:
        return self.to("search", query={"q": text, "page": page if page > 1 else None, "label": labels or None})


def _path(segments: Iterable[str | int]) -> str:
    steps = []
    for segment in segments:
        text = str(segment)
        if not text:
            raise ValueError("an empty path segment")
        steps.append(quote(text))
    return "/".join(steps)


def _pairs(query: Mapping[str, QueryValue]) -> Iterable[tuple[str, str]]:
    for name, value in query.items():
        if value is None:
            continue
        if isinstance(value, list):
            yield from ((name, entry) for entry in value)
        elif isinstance(value, bool):
            yield name, "true" if value else "false"
        else:
            yield name, str(value)
