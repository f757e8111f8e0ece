"""A forge in memory, for tests of what talks to one: it does what the port says, and remembers what it was told.
Asserting is the tests' business."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.core.errors import Absent, Conflict, Forbidden
from bot.core.forge import (
    Actor,
    CheckReport,
    FailedCheck,
    FileChange,
    Place,
    PullFacts,
    PullRequest,
    Reaction,
    RepositoryFacts,
    Role,
    Target,
    ThreadFacts,
)

PLACE = Place(7, "acme/shop")
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
WEB = "https://github.example/acme/shop"
BASE = "b" * 40


def issue(number: int = 12, *, title: str = "Total is wrong", body: str = "It should be 5.") -> ThreadFacts:
    """An open issue of `acme/shop` by ada."""
    return ThreadFacts(number, title, body, Actor("ada"), True, False, (), f"{WEB}/issues/{number}", NOW)


def pull(
    number: int = 34, *, head: str = "totals", sha: str = "c" * 40, title: str = "Add totals", fork: str = ""
) -> ThreadFacts:
    """An open pull request by ada from the branch `head`, of `acme/shop` or of the fork that is named."""
    facts = PullFacts(head, sha, fork or PLACE.repository, "main", BASE)
    url = f"{WEB}/pull/{number}"
    return ThreadFacts(number, title, "It adds totals.", Actor("ada"), True, False, (), url, NOW, facts)


@dataclass
class FakeForge:
    """`faults` maps a method's name to errors that its next calls raise, in order. `calls` has every call's name.

    `forks` maps other repositories to their branches. Branches of `protected` cannot be moved, repositories of `closed`
    not be written to.
    """

    facts: RepositoryFacts = field(default_factory=lambda: RepositoryFacts("main", f"{WEB}.git", WEB))
    roles: dict[str, Role] = field(default_factory=lambda: {"ada": Role.WRITE})
    files: dict[tuple[str, str], str] = field(default_factory=dict)  # (ref or "", path)
    threads: dict[int, ThreadFacts] = field(default_factory=lambda: {12: issue()})
    failed: dict[str, tuple[FailedCheck, ...]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=lambda: {"main": BASE})
    comments: dict[int, tuple[int, str]] = field(default_factory=dict)  # id: thread, body
    edits: list[tuple[int, str]] = field(default_factory=list)
    said: dict[int, str] = field(default_factory=dict)  # people's comments: id, body
    reactions: list[tuple[Target, int, Reaction]] = field(default_factory=list)
    checks: dict[int, tuple[str, CheckReport]] = field(default_factory=dict)  # id: sha, report
    commits: dict[str, tuple[str, str, tuple[FileChange, ...]]] = field(default_factory=dict)  # parent, message, files
    pulls: dict[int, tuple[str, str, str, str, PullRequest]] = field(default_factory=dict)  # branch base title body
    forks: dict[str, dict[str, str]] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def _enter(self, name: str) -> None:
        self.calls.append(name)
        if waiting := self.faults.get(name):
            raise waiting.pop(0)

    # ------------------------------------------------------------ asking

    async def me(self) -> Actor:
        self._enter("me")
        return Actor("fixbugs[bot]", is_bot=True)

    async def repository(self, place: Place) -> RepositoryFacts:
        self._enter("repository")
        return self.facts

    async def role(self, place: Place, login: str) -> Role:
        self._enter("role")
        return self.roles.get(login, Role.NONE)

    async def file(self, place: Place, path: str, ref: str = "") -> str | None:
        self._enter("file")
        return self.files.get((ref, path))

    async def thread(self, place: Place, number: int) -> ThreadFacts:
        self._enter("thread")
        if number not in self.threads:
            raise Absent(f"{place.repository}#{number} is not there.")
        return self.threads[number]

    async def comment_body(self, place: Place, comment_id: int, *, in_review: bool = False) -> str:
        self._enter("comment_body")
        if comment_id in self.said:
            return self.said[comment_id]
        if comment_id not in self.comments:
            raise Absent(f"Comment {comment_id} is not there.")
        return self.comments[comment_id][1]

    async def pulls_with_head(self, place: Place, sha: str) -> tuple[int, ...]:
        self._enter("pulls_with_head")
        return tuple(n for n, t in self.threads.items() if t.pull and t.pull.head_sha == sha and t.open)

    async def failed_checks(self, place: Place, sha: str) -> tuple[FailedCheck, ...]:
        self._enter("failed_checks")
        return self.failed.get(sha, ())

    async def branch_head(self, place: Place, branch: str) -> str | None:
        self._enter("branch_head")
        return self._branches(place).get(branch)

    # ----------------------------------------------------------- talking

    async def react(self, place: Place, target: Target, id: int, reaction: Reaction) -> None:
        self._enter("react")
        self.reactions.append((target, id, reaction))

    async def comment(self, place: Place, number: int, body: str) -> int:
        self._enter("comment")
        comment_id = 9000 + len(self.comments)
        self.comments[comment_id] = (number, body)
        return comment_id

    async def edit_comment(self, place: Place, comment_id: int, body: str) -> None:
        self._enter("edit_comment")
        if comment_id not in self.comments:
            raise Absent(f"Comment {comment_id} is not there.")
        self.comments[comment_id] = (self.comments[comment_id][0], body)
        self.edits.append((comment_id, body))

    async def find_comment(self, place: Place, number: int, marker: str) -> int | None:
        self._enter("find_comment")
        return max((i for i, (n, body) in self.comments.items() if n == number and marker in body), default=None)

    def comment_url(self, place: Place, number: int, comment_id: int) -> str:
        return f"{WEB}/issues/{number}#issuecomment-{comment_id}"

    async def put_check(self, place: Place, sha: str, report: CheckReport, check_id: int | None = None) -> int:
        self._enter("put_check")
        chosen = check_id if check_id is not None else 500 + len(self.checks)
        self.checks[chosen] = (sha, report)
        return chosen

    async def find_check(self, place: Place, sha: str, external_id: str) -> int | None:
        self._enter("find_check")
        return next((i for i, (s, r) in self.checks.items() if s == sha and r.external_id == external_id), None)

    # ----------------------------------------------------------- writing

    def _branches(self, place: Place) -> dict[str, str]:
        return self.forks.get(place.repository, self.branches)

    def _may_write(self, place: Place) -> None:
        if place.repository in self.closed:
            raise Forbidden(f"{place.repository} cannot be written to.")

    async def commit(self, place: Place, parent: str, message: str, changes: Sequence[FileChange]) -> str:
        self._enter("commit")
        self._may_write(place)
        sha = hashlib.sha1(f"{parent}{message}{changes}{len(self.commits)}".encode()).hexdigest()  # noqa: S324 - a name
        self.commits[sha] = (parent, message, tuple(changes))
        return sha

    async def create_branch(self, place: Place, branch: str, sha: str) -> None:
        self._enter("create_branch")
        self._may_write(place)
        if branch in self._branches(place):
            raise Conflict(f"{branch} exists.")
        self._branches(place)[branch] = sha

    async def move_branch(self, place: Place, branch: str, sha: str) -> None:
        self._enter("move_branch")
        self._may_write(place)
        if branch in self.protected:
            raise Conflict(f"{branch} cannot be moved: a rule protects it.")
        at = sha
        while at != self._branches(place).get(branch):
            if at not in self.commits:
                raise Conflict(f"{branch} cannot be moved to {sha}: no fast-forward.")
            at = self.commits[at][0]
        self._branches(place)[branch] = sha
        for number, (head, base, title, body, known) in self.pulls.items():
            if head == branch:
                self.pulls[number] = (head, base, title, body, replace(known, head_sha=sha))
        for number, thread in self.threads.items():
            if thread.pull and thread.pull.head_ref == branch and thread.pull.head_repository == place.repository:
                self.threads[number] = replace(thread, pull=replace(thread.pull, head_sha=sha))

    async def find_pull(self, place: Place, branch: str) -> PullRequest | None:
        self._enter("find_pull")
        found = [known for head, _, _, _, known in self.pulls.values() if head == branch]
        return found[-1] if found else None

    async def open_pull(
        self, place: Place, *, branch: str, base: str, title: str, body: str, draft: bool
    ) -> PullRequest:
        self._enter("open_pull")
        self._may_write(place)
        if any(head == branch and known.open for head, _, _, _, known in self.pulls.values()):
            raise Conflict(f"A pull request already exists for {branch}.")
        if branch not in self.branches or base not in self.branches:
            raise Conflict(f"There is no branch {branch} or {base}.")
        number, sha = 100 + len(self.pulls), self.branches[branch]
        opened = PullRequest(number, f"{WEB}/pull/{number}", True, sha, f"PR_{number}", draft)
        self.pulls[number] = (branch, base, title, body, opened)
        ends = PullFacts(branch, sha, place.repository, base, self.branches[base], draft)
        us = Actor("fixbugs[bot]", is_bot=True)
        self.threads[number] = ThreadFacts(number, title, body, us, True, False, (), opened.web_url, NOW, ends)
        return opened

    async def edit_pull(self, place: Place, number: int, *, title: str | None = None, body: str | None = None) -> None:
        self._enter("edit_pull")
        self._may_write(place)
        thread = self.threads.get(number)
        if thread is None:
            raise Absent(f"{place.repository}#{number} is not there.")
        new_title, new_body = title or thread.title, thread.body if body is None else body
        self.threads[number] = replace(thread, title=new_title, body=new_body)
        if number in self.pulls:
            branch, base, _, _, known = self.pulls[number]
            self.pulls[number] = (branch, base, new_title, new_body, known)

    async def mark_ready(self, place: Place, pull: PullRequest) -> None:
        self._enter("mark_ready")
        branch, base, title, body, known = self.pulls[pull.number]
        self.pulls[pull.number] = (branch, base, title, body, replace(known, draft=False))
