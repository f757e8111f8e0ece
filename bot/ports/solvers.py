"""The solvers that answer a stage's question: locators, reproducers and fixers. All pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.artifacts import (
    Analysis,
    CandidatePatch,
    CandidateTest,
    Dossier,
    Reproduction,
    Suspect,
)
from bot.core.testing import Collection, TestCoverage
from bot.core.tree import Tree


@dataclass(frozen=True, slots=True)
class LocateQuestion:
    """Where may the cause be? `coverage` and `failing_ids` are empty until a failing test exists."""

    tree: Tree
    analysis: Analysis
    texts: tuple[str, ...]
    coverage: tuple[TestCoverage, ...] = ()
    failing_ids: tuple[str, ...] = ()
    passing_ids: tuple[str, ...] = ()


class Locator(Protocol):
    """Names suspects, most suspect first. Pure; an empty answer means it has nothing to say."""

    name: str

    def locate(self, question: LocateQuestion) -> Sequence[Suspect]: ...


@dataclass(frozen=True, slots=True)
class ReproduceQuestion:
    """Which test shows the bug? `collection` is what the runner finds at the base commit."""

    tree: Tree
    dossier: Dossier
    analysis: Analysis
    collection: Collection
    runner: str


class Reproducer(Protocol):
    """Proposes candidate tests, most faithful first. Pure."""

    name: str

    def propose(self, question: ReproduceQuestion) -> Sequence[CandidateTest]: ...


@dataclass(frozen=True, slots=True)
class FixQuestion:
    """Which change makes the failing test pass? The tree holds the failing test; `writable` says which paths a fix
    may touch."""

    tree: Tree
    reproduction: Reproduction
    suspects: tuple[Suspect, ...]
    coverage: tuple[TestCoverage, ...]
    writable: Callable[[str], bool]


class Fixer(Protocol):
    """Proposes candidate patches, most suspicious × most plausible first, lazily. Pure."""

    name: str

    def propose(self, question: FixQuestion) -> Iterator[CandidatePatch]: ...

    def pairs(self, question: FixQuestion, seeds: Sequence[CandidatePatch]) -> Iterator[CandidatePatch]:
        """Combinations of two single edits, for when no single edit was enough. May yield nothing."""
