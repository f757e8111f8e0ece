"""A run: one attempt at one bug, with its trigger, its pinned commit, its goal and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from bot.core.forge import Origin
from bot.core.policy import Policy


class Goal(Enum):
    """How far a run goes."""

    EXPLAIN = "explain"
    REPRODUCE = "reproduce"
    FIX = "fix"
    VALIDATE = "validate"  # judge somebody's pull request


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
    VALIDATED = "validated"  # somebody's pull request holds up to the proof
    # the honest no-fix verdicts
    ALREADY_FIXED = "already fixed"
    NOT_REPRODUCIBLE = "not reproducible"
    CAUSE_ELSEWHERE = "cause elsewhere"
    NEEDS_INFORMATION = "needs information"
    NOT_VALIDATED = "not validated"  # somebody's pull request does not hold up to the proof
    NO_FIX_FOUND = "no fix found"  # reproduced, but no candidate survived the proof
    CANNOT_RUN = "cannot run"  # the project could not be built or tested here
    OUT_OF_TIME = "out of time"
    STOPPED = "stopped"
    BAD_INPUT = "bad input"  # what was given cannot be used; the detail says what to change
    FAILED = "failed"  # our own failure

    @property
    def reached_goal(self) -> bool:
        return self in (Verdict.FIXED, Verdict.REPRODUCED, Verdict.EXPLAINED, Verdict.VALIDATED)


GOAL_VERDICT = {
    Goal.EXPLAIN: Verdict.EXPLAINED,
    Goal.REPRODUCE: Verdict.REPRODUCED,
    Goal.FIX: Verdict.FIXED,
    Goal.VALIDATE: Verdict.VALIDATED,
}


class TriggerKind(Enum):
    COMMAND_LINE = "command line"
    LABEL = "label"
    COMMENT = "comment"
    FAILED_CHECK = "failed check"
    REVIEW = "review"  # of a pull request of ours
    BUTTON = "button"  # on a check run of ours


@dataclass(frozen=True, slots=True)
class Trigger:
    """What started a run, who did it and when."""

    kind: TriggerKind
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """Something a person handed in or wrote: a report, a comment, a log, an attachment. `name` is how they know it;
    `address` is where it can be read, when it has one."""

    name: str
    content: bytes
    address: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything said about the bug, raw. `guidance` is what the person who asked added; it counts most."""

    issue: Document | None = None
    comments: tuple[Document, ...] = ()  # Markdown, oldest first
    logs: tuple[Document, ...] = ()
    attachments: tuple[Document, ...] = ()
    failing_tests: tuple[str, ...] = ()  # as the person wrote them
    guidance: Document | None = None


def new_run_id(at: datetime, suffix: str) -> str:
    """The id of a run that was asked for at this time; `suffix` tells it from others of the same second."""
    return f"{at:%Y%m%d-%H%M%S}-{suffix}"


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at one bug. `repository` is a path or URL; `ref` names the commit to work on.

    `origin` is where on the forge it was asked for; None on the command line. `guidance` is what the person who asked
    added in free words. `base` is the ref that a change under judgement is held against (goal validate). `policy` is
    the repository's, as it was when the run was asked for.
    """

    id: str
    trigger: Trigger
    repository: str
    ref: str
    report: Report
    goal: Goal
    time_limit_s: float
    origin: Origin | None = None
    guidance: str = ""
    base: str = ""
    policy: Policy = field(default_factory=Policy)

    @property
    def owner(self) -> str:
        """Whose code the run handles: a repository's, or one pull request's, which anybody may have written. "" on the
        command line, where all of it is one person's."""
        if self.origin is None:
            return ""
        return self.origin.thread if self.origin.is_pull_request else self.origin.place.repository.lower()


@dataclass(frozen=True, slots=True)
class Commit:
    """A pinned commit. `sha` is the full hash."""

    sha: str
    subject: str
    author: str
    at: datetime
