"""What made a report, when and on what; asked of the machine elsewhere, so that rendering stays pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Imprint:
    """`version` is FixBugs' own, `python` the interpreter's; `platform` is one phrase ("Linux 6.1.0, x86_64")."""

    version: str
    platform: str
    python: str
    written_at: datetime
