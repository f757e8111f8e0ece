"""One fact with its provenance, and the append-only ledger that keeps them for a run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum


class EvidenceKind(Enum):
    CLAIM = "claim"  # what a person says happens or should happen
    FRAME = "frame"  # a stack frame
    ERROR = "error"  # an exception or a failure message
    CODE = "code"  # a place in the code
    SNIPPET = "snippet"  # code that the report shows
    TEST = "test"  # what a test run showed
    VERSION = "version"
    HISTORY = "history"  # what commits say
    ENVIRONMENT = "environment"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fact comes from. `source` names an artifact ("issue.md", "build.log", "src/a.py", "test run");
    lines are 1-based and inclusive, None when the whole source is meant."""

    source: str
    line_start: int | None = None
    line_end: int | None = None
    digest: str | None = None  # SHA-256 (hex) of the artifact, when we hold its bytes

    def __str__(self) -> str:
        if self.line_start is None:
            return self.source
        if self.line_end in (None, self.line_start):
            return f"{self.source}:{self.line_start}"
        return f"{self.source}:{self.line_start}-{self.line_end}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact. `claim` is one sentence for people; `quote` is verbatim text from the source."""

    kind: EvidenceKind
    claim: str
    provenance: Provenance
    quote: str = ""
    producer: str = ""  # the reader, locator or stage that found it
    id: str = ""  # "A1", "A2", …: given by the ledger
    about: Provenance | None = None  # the place in the code that it points at, where it does


@dataclass
class Ledger:
    """Append-only; gives each fact its id: the prefix and a running number. The same fact said twice is kept once.

    Stages that run side by side write ledgers of their own, so each has a prefix of its own.
    """

    prefix: str = "E"
    _facts: list[Evidence] = field(default_factory=list)

    def add(self, fact: Evidence) -> Evidence:
        """The fact as it is kept, with its id."""
        for known in self._facts:
            if replace(known, id="", producer="") == replace(fact, id="", producer=""):
                return known
        kept = replace(fact, id=f"{self.prefix}{len(self._facts) + 1}")
        self._facts.append(kept)
        return kept

    @property
    def facts(self) -> tuple[Evidence, ...]:
        return tuple(self._facts)
