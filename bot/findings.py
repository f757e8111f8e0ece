"""One line of what `fixbugs doctor` says. What is looked at is said where it is looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed`: no run works without it."""

    name: str
    ok: bool
    text: str
    needed: bool = True

    @property
    def line(self) -> str:
        mark = "ok  " if self.ok else ("MISSING" if self.needed else "note")
        return f"{mark:<8}{self.name:<14}{self.text}"
