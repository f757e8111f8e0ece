"""Release numbers such as `1.4`, `2.0.1` or `2.1-rc2`: ordering, and picking what to upgrade to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

PATTERN = re.compile(r"v?(?P<core>\d+(?:\.\d+)*)(?:-(?P<stage>alpha|beta|rc)(?P<number>\d+))?")
STAGES = {"alpha": 0, "beta": 1, "rc": 2, None: 3}


@total_ordering
@dataclass(frozen=True)
class Release:
    """Trailing zeros do not matter: 1.2 equals 1.2.0. A pre-release comes before its release."""

    text: str

    def _key(self) -> tuple:
        match = PATTERN.fullmatch(self.text.strip())
        if match is None:
            raise ValueError(f"not a release number: {self.text!r}")
        parts = match["core"].split(".")
        while len(parts) > 1 and not parts[-1].strip("0"):
            parts.pop()
        core = tuple(parts)
        return core, STAGES[match["stage"]], int(match["number"] or 0)

    @property
    def is_stable(self) -> bool:
        return self._key()[1] == STAGES[None]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Release) and self._key() == other._key()

    def __lt__(self, other: Release) -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())


def newest(texts: list[str], *, stable_only: bool = True) -> str | None:
    """The highest release, or None when there is no candidate."""
    candidates = [Release(text) for text in texts]
    if stable_only:
        candidates = [release for release in candidates if release.is_stable]
    return max(candidates).text if candidates else None


def upgrades(current: str, available: list[str]) -> list[str]:
    """Stable releases above the current one, ascending."""
    releases = [Release(text) for text in available]
    return [release.text for release in sorted(releases) if release.is_stable and release > Release(current)]
