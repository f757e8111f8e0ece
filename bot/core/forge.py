"""What a forge (GitHub) has, in our words: repositories, threads, people's roles, checks. Asking for it is a port's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True)
class Place:
    """A repository on the forge, reached through one installation of the App. `repository` is "owner/name"."""

    installation_id: int
    repository: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where on the forge a run was asked for, and so where its result goes.

    `number` is the issue's or pull request's; None for a failing check that belongs to neither. `head_sha` is the
    commit whose checks failed, or the pull request's head when the run was asked for. `comment_id` is the comment
    that asked. `branch` is the branch that a fix of a failing check without a pull request is for.
    """

    place: Place
    number: int | None = None
    is_pull_request: bool = False
    head_sha: str = ""
    comment_id: int | None = None
    branch: str = ""

    @property
    def thread(self) -> str:
        """The key under which at most one run goes on at a time: "owner/name#12" or "owner/name@sha"."""
        where = f"#{self.number}" if self.number is not None else f"@{self.head_sha}"
        return f"{self.place.repository.lower()}{where}"


class Role(Enum):
    """What a person may do in a repository, weakest first."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    def at_least(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who did something on the forge."""

    login: str
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """`clone_url` is for plain git over HTTPS, without credentials."""

    default_branch: str
    clone_url: str
    web_url: str
    archived: bool = False
    private: bool = False
    empty: bool = False


@dataclass(frozen=True, slots=True)
class PullFacts:
    """A pull request's two ends. `head_repository` is "" when the fork it came from is gone. `can_push`: the App may
    push to the head branch (same repository, or the fork allows maintainers' edits)."""

    head_ref: str
    head_sha: str
    head_repository: str
    base_ref: str
    base_sha: str
    draft: bool = False
    merged: bool = False
    maintainer_can_modify: bool = False

    def from_fork(self, place: Place) -> bool:
        return self.head_repository.lower() != place.repository.lower()


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """An issue or pull request as it is now. `pull` is None for an issue. `body` is raw."""

    number: int
    title: str
    body: str
    author: Actor
    open: bool
    locked: bool
    labels: tuple[str, ...]
    web_url: str
    updated_at: datetime
    pull: PullFacts | None = None


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A check run that failed. `job_id` names the Actions job whose log can be read; None for other apps' checks."""

    id: int
    name: str
    conclusion: str
    app_slug: str
    web_url: str = ""
    title: str = ""
    summary: str = ""
    text: str = ""
    annotations: tuple[str, ...] = ()  # "path:line: message"
    job_id: int | None = None
    run_id: int | None = None  # of the Actions workflow run


class CheckState(Enum):
    """How a check run of ours stands, as the forge names it."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def ended(self) -> bool:
        return self not in (CheckState.QUEUED, CheckState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class CheckButton:
    """A button on a check run. The forge's limits: label 20, description 40, identifier 20 characters."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All that a check run of ours shows. `external_id` is the run's id. `title` is one line; texts are Markdown."""

    name: str
    external_id: str
    state: CheckState
    title: str
    summary: str
    text: str = ""
    details_url: str = ""
    buttons: tuple[CheckButton, ...] = ()


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request that was opened or found."""

    number: int
    web_url: str
    open: bool
    head_sha: str
    node_id: str = ""
    draft: bool = False
    merged: bool = False


class Reaction(Enum):
    EYES = "eyes"
    CONFUSED = "confused"
    ROCKET = "rocket"


class Target(Enum):
    """What a reaction is put on: an issue or pull request by its number, a comment by its id."""

    THREAD = "thread"
    COMMENT = "comment"
    REVIEW_COMMENT = "review_comment"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a commit made through the forge: `content` None removes it."""

    path: str
    content: bytes | None
    executable: bool = False
