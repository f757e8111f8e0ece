"""What a text on GitHub needs to know beside the record: where it will stand, when, and what was delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.core.forge import PullRequest


class DeliveryKind(Enum):
    """How a proved fix reached the repository."""

    NEW_PULL = "new_pull"
    PUSHED = "pushed"  # as commits on the pull request's own branch
    STACKED = "stacked"  # as a pull request onto the pull request's branch
    PATCH = "patch"  # nowhere may be pushed to: the comment holds the patch
    NONE = "none"  # not at all; the note says why


@dataclass(frozen=True, slots=True)
class Delivered:
    """`pull` is the pull request that was opened or pushed to. Commits are full hashes, "" where there is none.
    `note` is one sentence or two on what a person should know ("The branch is protected.")."""

    kind: DeliveryKind
    pull: PullRequest | None = None
    branch: str = ""
    test_commit: str = ""
    fix_commit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """`web_url` is the repository's page, for links to lines and commits. `now` is in UTC. `ahead` is how many runs
    wait in front of this one; None when it does not wait. `delivered` is None until something was."""

    web_url: str
    now: datetime
    ahead: int | None = None
    delivered: Delivered | None = None
