"""The part of the Forge port that only looks: GitHub's answers, read into our words."""

from __future__ import annotations

import base64
import binascii
import re

from bot.core.errors import Absent, Conflict, Permanent
from bot.core.forge import (
    Actor,
    FailedCheck,
    Place,
    PullFacts,
    RepositoryFacts,
    Role,
    ThreadFacts,
)
from bot.github.client import GithubApp, path
from bot.github.wire import Fields

FILE_BYTES = 1 << 20
ANNOTATIONS_AT_MOST = 50
_FAILED = ("failure", "timed_out")
_RECENT_PULLS = 100
_JOB = re.compile(r"/actions/runs/(\d+)/job/(\d+)")
_LEGACY_ROLES = {"push": Role.WRITE, "pull": Role.READ}


class Asking:
    """Looks things up for one App."""

    def __init__(self, app: GithubApp) -> None:
        self.app = app
        self._me: Actor | None = None

    async def me(self) -> Actor:
        if self._me is None:
            data = Fields(await self.app.get(None, "/app", what="look up our own App"), "our own App")
            self._me = Actor(f"{data.text('slug')}[bot]", is_bot=True)
        return self._me

    async def repository(self, place: Place) -> RepositoryFacts:
        what = f"the repository {place.repository}"
        data = Fields(await self.app.get(place, path(place), what=f"look up {what}"), what)
        default_branch = data.text("default_branch")
        web_url = f"{self.app.web_url}/{data.text('full_name')}"
        # The size is rounded and an hour late: only a size of zero is worth a second look.
        empty = not data.number_or_none("size") and await self.branch_head(place, default_branch) is None
        return RepositoryFacts(
            default_branch, f"{web_url}.git", web_url, data.flag("archived"), data.flag("private"), empty
        )

    async def role(self, place: Place, login: str) -> Role:
        what = f"what {login} may do in {place.repository}"
        try:
            found = await self.app.get(place, path(place, "collaborators", login, "permission"), what=f"look up {what}")
        except Absent:
            return Role.NONE
        data = Fields(found, what)
        names = {role.value: role for role in Role} | _LEGACY_ROLES
        # An organisation may have made roles of its own; what they amount to is in `permission`.
        role = names.get(data.text_or("role_name")) or names.get(data.text_or("permission"))
        return role or Role.NONE

    async def file(self, place: Place, path_: str, ref: str = "") -> str | None:
        what = f"the file {path_} of {place.repository}"
        parts = path(place, "contents", *path_.split("/"))
        try:
            found = await self.app.get(place, parts, {"ref": ref} if ref else None, what=f"read {what}")
        except Absent:
            return None
        data = Fields(found, what)
        if isinstance(found, list) or data.text_or("type") != "file":
            return None  # a folder or a submodule
        if data.number("size") > FILE_BYTES or data.text("encoding") != "base64":
            raise Permanent(f"We could not read {what}: it is larger than {FILE_BYTES >> 20} MiB. Make it smaller.")
        try:
            return base64.b64decode(data.text("content")).decode("utf-8-sig")
        except (binascii.Error, UnicodeDecodeError) as exc:
            raise Permanent(f"We could not read {what}: it is not UTF-8 text. Save it as UTF-8.") from exc

    async def thread(self, place: Place, number: int) -> ThreadFacts:
        what = f"{place.repository}#{number}"
        data = Fields(await self.app.get(place, path(place, "issues", number), what=f"read {what}"), what)
        pull = await self._pull(place, number) if data.has("pull_request") else None
        # A label is an object, and in old answers its name alone.
        labels = tuple(label.text_or("name") for label in data.items("labels"))
        return ThreadFacts(
            number=number,
            title=data.text_or("title"),
            body=data.text_or("body"),
            author=_actor(data.inner("user")),
            open=data.text("state") == "open",
            locked=data.flag("locked"),
            labels=tuple(label for label in labels if label),
            web_url=data.text("html_url"),
            updated_at=data.time("updated_at"),
            pull=pull,
        )

    async def _pull(self, place: Place, number: int) -> PullFacts:
        what = f"pull request {place.repository}#{number}"
        data = Fields(await self.app.get(place, path(place, "pulls", number), what=f"read {what}"), what)
        return PullFacts(
            head_ref=data.text("head.ref"),
            head_sha=data.text("head.sha"),
            head_repository=data.text_or("head.repo.full_name"),
            base_ref=data.text("base.ref"),
            base_sha=data.text("base.sha"),
            draft=data.flag("draft"),
            merged=data.flag("merged"),
            maintainer_can_modify=data.flag("maintainer_can_modify"),
        )

    async def comment_body(self, place: Place, comment_id: int, *, in_review: bool = False) -> str:
        what = f"comment {comment_id} in {place.repository}"
        kind = "pulls" if in_review else "issues"
        found = await self.app.get(place, path(place, kind, "comments", comment_id), what=f"read {what}")
        return Fields(found, what).text_or("body")

    async def pulls_with_head(self, place: Place, sha: str) -> tuple[int, ...]:
        what = f"find the pull requests of commit {sha[:12]} in {place.repository}"
        try:
            near = self.app.pages(place, path(place, "commits", sha, "pulls"), what=what)
            found = [pull.number("number") async for pull in near if _at_head(pull, place, sha)]
        except (Absent, Conflict):  # a fork's commit, which this repository does not have
            found = []
        if not found:
            query = {"state": "open", "sort": "updated", "direction": "desc"}
            recent = self.app.pages(place, path(place, "pulls"), query, what=what, limit=_RECENT_PULLS)
            found = [pull.number("number") async for pull in recent if _at_head(pull, place, sha)]
        return tuple(sorted(set(found)))

    async def failed_checks(self, place: Place, sha: str) -> tuple[FailedCheck, ...]:
        what = f"list the checks of commit {sha[:12]} in {place.repository}"
        query = {"filter": "latest", "status": "completed"}
        listing = self.app.pages(place, path(place, "commits", sha, "check-runs"), query, what=what, key="check_runs")
        failed = [
            run
            async for run in listing
            if run.text_or("conclusion") in _FAILED and run.number_or_none("app.id") != self.app.app_id
        ]
        return tuple([await self._failed(place, run) for run in failed])

    async def _failed(self, place: Place, run: Fields) -> FailedCheck:
        check_id, slug, url = run.number("id"), run.text_or("app.slug"), run.text_or("details_url")
        annotations: tuple[str, ...] = ()
        if run.number_or_none("output.annotations_count"):
            what = f"read the annotations of check {check_id} in {place.repository}"
            listing = self.app.pages(
                place, path(place, "check-runs", check_id, "annotations"), what=what, limit=ANNOTATIONS_AT_MOST
            )
            annotations = tuple([_annotation(one) async for one in listing])
        named = _JOB.search(url) if slug == "github-actions" else None
        return FailedCheck(
            id=check_id,
            name=run.text("name"),
            conclusion=run.text("conclusion"),
            app_slug=slug,
            web_url=run.text_or("html_url"),
            title=run.text_or("output.title"),
            summary=run.text_or("output.summary"),
            text=run.text_or("output.text"),
            annotations=annotations,
            # An Actions job has the id of its check run, also where the address does not say so.
            job_id=int(named[2]) if named else check_id if slug == "github-actions" else None,
            run_id=int(named[1]) if named else None,
        )

    async def branch_head(self, place: Place, branch: str) -> str | None:
        what = f"the branch {branch} of {place.repository}"
        try:
            found = await self.app.get(
                place, path(place, "git", "ref", "heads", *branch.split("/")), what=f"look up {what}"
            )
        except (Absent, Conflict):  # 409: the repository has no commits at all
            return None
        return Fields(found, what).text("object.sha")


def _actor(user: Fields) -> Actor:
    """A person whose account is gone is shown as `ghost`, as GitHub does."""
    return Actor(user.text_or("login", "ghost"), user.text_or("type") == "Bot")


def _at_head(pull: Fields, place: Place, sha: str) -> bool:
    """Whether this is an open pull request into this repository with that head."""
    into = pull.text_or("base.repo.full_name", place.repository).lower() == place.repository.lower()
    return into and pull.text_or("state") == "open" and pull.text_or("head.sha") == sha


def _annotation(data: Fields) -> str:
    line = data.number_or_none("start_line")
    where = data.text_or("path") + (f":{line}" if line is not None else "")
    return f"{where}: {data.text_or('message') or data.text_or('title')}"
