"""What a webhook asks for, in our words: one type per thing that can be asked. Deciding is `handlers/`' business,
carrying out `bot.intake`'s. Plain data, so that a command can wait in a queue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bot.core.forge import Actor, Place

NAME = "/fixbugs"
# A line that gives us an instruction; what follows the name is `rest`. Whether it is text, quotation or code, a reader
# of Markdown has to say (`handlers.instructions`).
INSTRUCTION_LINE = rf" {{0,3}}{NAME}(?:[:,]?[ \t]+(?P<rest>\S.*)|[:,.!]?[ \t]*)"


class Ask(Enum):
    """The words after `/fixbugs`."""

    FIX = "fix"
    EXPLAIN = "explain"
    REPRODUCE = "reproduce"
    VALIDATE = "validate"
    STOP = "stop"
    RETRY = "retry"
    STATUS = "status"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label was put on an issue or pull request. Whether it is ours, the repository's policy says."""

    place: Place
    number: int
    is_pull_request: bool
    actor: Actor
    label: str


@dataclass(frozen=True, slots=True)
class Unlabelled:
    place: Place
    number: int
    is_pull_request: bool
    actor: Actor
    label: str


@dataclass(frozen=True, slots=True)
class ThreadClosed:
    """An issue or pull request was closed or deleted. `head_ref` and `head_repository` are a pull request's."""

    place: Place
    number: int
    is_pull_request: bool
    actor: Actor
    merged: bool = False
    head_ref: str = ""
    head_repository: str = ""


@dataclass(frozen=True, slots=True)
class Instructed:
    """Somebody wrote `/fixbugs …`. `guidance` is what followed, over the following lines too.

    `unknown` is the first word when it looks like a mistyped instruction ("stpo"); then `ask` is HELP.
    """

    place: Place
    number: int
    is_pull_request: bool
    actor: Actor
    ask: Ask
    guidance: str = ""
    comment_id: int | None = None  # None when it stands in an issue's or a review's own text
    in_review: bool = False  # the comment is one on a line of a diff
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Discussed:
    """Something about a thread was said or changed: a new or edited comment, an edited title or text.

    `comment_id` None means the thread's own text. `removed`: the comment is gone.
    """

    place: Place
    number: int
    is_pull_request: bool
    actor: Actor
    comment_id: int | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review asks for changes, or a line of a diff was commented on. Whether the pull request is ours, the register
    says. `guidance` is the text; `path` and `line` are where it stands, when it stands on a line.
    """

    place: Place
    number: int
    actor: Actor
    guidance: str
    review_id: int | None = None
    comment_id: int | None = None
    path: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ChecksFailed:
    """A check suite, check run or workflow run ended in failure. `app_slug` is who ran it; `source` the event."""

    place: Place
    head_sha: str
    branch: str  # "" when the forge does not say
    pull_numbers: tuple[int, ...]
    app_slug: str
    source: str


class Button(Enum):
    """What a person pressed on a check run of ours."""

    RETRY = "retry"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button on a check run of ours was pressed, or a re-run of it was asked for. `run_id` is the check's
    external id."""

    place: Place
    actor: Actor
    run_id: str
    button: Button


@dataclass(frozen=True, slots=True)
class InstallationChanged:
    """The App was installed, removed, suspended, or its list of repositories changed. `action` as GitHub names it."""

    installation_id: int
    account: str
    action: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


Command = (
    Labelled
    | Unlabelled
    | ThreadClosed
    | Instructed
    | Discussed
    | Reviewed
    | ChecksFailed
    | Pressed
    | InstallationChanged
)
