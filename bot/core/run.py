"""A run: one attempt at one bug, with its trigger, its pinned commit, its goal and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Goal(Enum):
    """How far a run goes."""

    EXPLAIN = "explain"
    REPRODUCE = "reproduce"
    FIX = "fix"


class StageName(Enum):
    GATHER = "gather"
    ENVIRONMENT = "environment"
    ANALYSIS = "analysis"
    REPRODUCTION = "reproduction"
    ROOT_CAUSE = "root_cause"
    FIX = "fix"
    VALIDATION = "validation"
    PUBLICATION = "publication"


class Verdict(Enum):
    """How a run ended."""

    FIXED = "fixed"
    REPRODUCED = "reproduced"
    EXPLAINED = "explained"
    # the honest no-fix verdicts
    ALREADY_FIXED = "already fixed"
    NOT_REPRODUCIBLE = "not reproducible"
    CAUSE_ELSEWHERE = "cause elsewhere"
    NEEDS_INFORMATION = "needs information"
    NO_FIX_FOUND = "no fix found"  # reproduced, but no candidate survived the proof
    CANNOT_RUN = "cannot run"  # the project could not be built or tested here
    OUT_OF_TIME = "out of time"
    STOPPED = "stopped"
    BAD_INPUT = "bad input"  # what was given cannot be used; the detail says what to change
    FAILED = "failed"  # our own failure

    @property
    def reached_goal(self) -> bool:
        return self in (Verdict.FIXED, Verdict.REPRODUCED, Verdict.EXPLAINED)


GOAL_VERDICT = {
    Goal.EXPLAIN: Verdict.EXPLAINED,
    Goal.REPRODUCE: Verdict.REPRODUCED,
    Goal.FIX: Verdict.FIXED,
}


class TriggerKind(Enum):
    COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Trigger:
    """What started a run, who did it and when."""

    kind: TriggerKind
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """Something a person handed in: a report, a log, an attachment. `name` is how they know it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """Everything said about the bug, raw."""

    issue: Document | None = None
    logs: tuple[Document, ...] = ()
    attachments: tuple[Document, ...] = ()
    failing_tests: tuple[str, ...] = ()  # as the person wrote them


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at one bug. `repository` is a path or URL; `ref` names the commit to work on."""

    id: str
    trigger: Trigger
    repository: str
    ref: str
    report: Report
    goal: Goal
    time_limit_s: float


@dataclass(frozen=True, slots=True)
class Commit:
    """A pinned commit. `sha` is the full hash."""

    sha: str
    subject: str
    author: str
    at: datetime
