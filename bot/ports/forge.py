"""The forge (GitHub) as the rest of the bot sees it: what it can be asked, what it can be told, and the report that a
thread there amounts to. Its wire format, authentication, paging and retries belong to `bot.github`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.evidence import Evidence
from bot.core.forge import (
    Actor,
    CheckReport,
    FailedCheck,
    FileChange,
    Place,
    PullRequest,
    Reaction,
    RepositoryFacts,
    Role,
    Target,
    ThreadFacts,
)
from bot.core.outcomes import GiveUp
from bot.core.run import Report, Run


class Forge(Protocol):
    """Every method may raise Transient (with `retry_after_s` when the forge said so), Unauthorized (401), Forbidden
    (403), Absent (404, 410), Conflict (409, 422) or another Permanent; each message says what was asked, what the
    forge said and what to do. A method that only looks is tried again by itself when that may help; one that writes
    only where writing twice does no harm."""

    # ------------------------------------------------------------ asking

    async def me(self) -> Actor:
        """The App's own account, as it appears on comments ("fixbugs[bot]")."""

    async def repository(self, place: Place) -> RepositoryFacts: ...

    async def role(self, place: Place, login: str) -> Role:
        """What this person may do there now; NONE for a stranger. Never remembered."""

    async def file(self, place: Place, path: str, ref: str = "") -> str | None:
        """A text file of at most 1 MiB, of the default branch when `ref` is ""; None when it is not there."""

    async def thread(self, place: Place, number: int) -> ThreadFacts: ...

    async def comment_body(self, place: Place, comment_id: int, *, in_review: bool = False) -> str:
        """A comment's Markdown as it is now; `in_review` for one on a line of a diff. Raises Absent when it is gone."""

    async def pulls_with_head(self, place: Place, sha: str) -> tuple[int, ...]:
        """Open pull requests of this repository whose head is this commit."""

    async def failed_checks(self, place: Place, sha: str) -> tuple[FailedCheck, ...]:
        """The latest check runs on a commit that failed, other apps' included, ours left out."""

    async def branch_head(self, place: Place, branch: str) -> str | None:
        """The commit a branch points to; None when there is no such branch."""

    # ----------------------------------------------------------- talking

    async def react(self, place: Place, target: Target, id: int, reaction: Reaction) -> None: ...

    async def comment(self, place: Place, number: int, body: str) -> int:
        """Writes a comment (Markdown) and returns its id."""

    async def edit_comment(self, place: Place, comment_id: int, body: str) -> None: ...

    async def find_comment(self, place: Place, number: int, marker: str) -> int | None:
        """The App's own newest comment in a thread whose body holds this text."""

    def comment_url(self, place: Place, number: int, comment_id: int) -> str:
        """Where a comment of a thread can be read. Asks nobody."""

    async def put_check(self, place: Place, sha: str, report: CheckReport, check_id: int | None = None) -> int:
        """Creates or (given its id) updates a check run of ours; returns its id."""

    async def find_check(self, place: Place, sha: str, external_id: str) -> int | None: ...

    # ----------------------------------------------------------- writing

    async def commit(self, place: Place, parent: str, message: str, changes: Sequence[FileChange]) -> str:
        """Makes a commit by the App (so that the forge signs it) on top of `parent`, on no branch; returns its hash."""

    async def create_branch(self, place: Place, branch: str, sha: str) -> None:
        """Raises Conflict when the branch exists already."""

    async def move_branch(self, place: Place, branch: str, sha: str) -> None:
        """Moves a branch forward; raises Conflict when that is no fast-forward or a rule refuses it."""

    async def find_pull(self, place: Place, branch: str) -> PullRequest | None:
        """The newest pull request from this branch of the same repository, open or not."""

    async def open_pull(
        self, place: Place, *, branch: str, base: str, title: str, body: str, draft: bool
    ) -> PullRequest:
        """Opens it ready for review where the repository's plan has no drafts."""

    async def edit_pull(
        self, place: Place, number: int, *, title: str | None = None, body: str | None = None
    ) -> None: ...

    async def mark_ready(self, place: Place, pull: PullRequest) -> None:
        """Takes the draft state away."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything said and logged about a run's subject. `notices` are what people should know ("2 of 3 logs had
    expired"); `facts` go into the run's ledger as they are. `ref` names the commit to work on when the run's own does
    not ("" keeps the run's). `give_up` ends the run: there is nothing to go by, though nothing is wrong either."""

    report: Report
    notices: tuple[str, ...] = ()
    facts: tuple[Evidence, ...] = ()
    ref: str = ""
    give_up: GiveUp | None = None


class Reports(Protocol):
    """Where a run's report comes from: handed in on the command line, or gathered from the forge."""

    async def report(self, run: Run) -> Gathered:
        """Raises InputError when there is nothing to go by (the issue is gone); Transient, Permanent as the forge."""


class Credentials(Protocol):
    """What git needs to read one repository, for as long as one command takes."""

    async def environ(self, url: str) -> Mapping[str, str]:
        """Environment variables that let git read this URL; empty where it needs none. Never written anywhere."""

    def refused(self, url: str) -> None:
        """What was lent for this URL is not taken: it is lent no more."""


@dataclass(frozen=True, slots=True)
class SentDelivery:
    """A webhook that the forge sent us, or tried to. `id` names this sending in the forge's API; `guid` is the
    delivery's own, the same each time it is sent again, and what our inbox knows it by. `accepted`: we answered 2xx;
    `refused`: it ended in another way. One that is on its way is neither."""

    id: int
    guid: str
    event: str
    at: datetime
    accepted: bool
    refused: bool = False


class DeliveriesApi(Protocol):
    """The forge's record of what it sent to the App's webhook. Raises as `Forge` does."""

    async def deliveries(self, since: datetime) -> tuple[SentDelivery, ...]:
        """What was sent since then, newest first, all pages."""

    async def payload(self, id: int) -> object:
        """The JSON that this sending carried, parsed; Absent once the forge has forgotten it."""
