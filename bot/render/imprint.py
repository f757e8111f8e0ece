"""What made a report, when and on what; asked of the machine elsewhere, so that rendering stays pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Imprint:
    """`version` is FixBugs' own; `platform` and `python` are one phrase each ("Linux 6.1, x86_64, 2 cores")."""

    version: str
    platform: str
    python: str
    written_at: datetime
