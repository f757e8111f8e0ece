"""The part of the Forge port that writes code: commits that GitHub signs, branches, pull requests."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from bot.core.errors import Conflict
from bot.core.forge import FileChange, Place, PullRequest
from bot.github.access import Access
from bot.github.asking import Asking
from bot.github.client import path
from bot.github.talking import BODY_CHARS, TITLE_CHARS, cut
from bot.github.wire import Fields

_READY = """
mutation ($id: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } }
}
"""


class Writing(Asking):
    """Writes as one App."""

    async def commit(self, place: Place, parent: str, message: str, changes: Sequence[FileChange]) -> str:
        what = f"make a commit in {place.repository}"
        base = await self.app.get(place, path(place, "git", "commits", parent), what=what, access=Access.WRITE)
        entries = [await self._entry(place, change, what) for change in changes]
        tree = {"base_tree": Fields(base, what).text("tree.sha"), "tree": entries}
        made = await self._object(place, "trees", tree, what) if entries else tree["base_tree"]
        # No author and no committer: only then GitHub signs it as the App's, and shows it as verified.
        return await self._object(place, "commits", {"message": message, "tree": made, "parents": [parent]}, what)

    async def _entry(self, place: Place, change: FileChange, what: str) -> dict[str, str | None]:
        entry: dict[str, str | None] = {
            "path": change.path,
            "mode": "100755" if change.executable else "100644",
            "type": "blob",
            "sha": None,  # which removes the file
        }
        if change.content is not None:
            content = base64.b64encode(change.content).decode("ascii")
            entry["sha"] = await self._object(place, "blobs", {"content": content, "encoding": "base64"}, what)
        return entry

    async def _object(self, place: Place, kind: str, body: object, what: str) -> str:
        """Makes a git object; making it twice does no harm, because nothing points to it yet."""
        made = await self.app.send(
            "POST", place, path(place, "git", kind), body, what=what, access=Access.WRITE, again=True
        )
        return Fields(made, what).text("sha")

    async def create_branch(self, place: Place, branch: str, sha: str) -> None:
        what = f"create the branch {branch} in {place.repository}"
        body = {"ref": f"refs/heads/{branch}", "sha": sha}
        await self.app.send("POST", place, path(place, "git", "refs"), body, what=what, access=Access.WRITE)

    async def move_branch(self, place: Place, branch: str, sha: str) -> None:
        what = f"move the branch {branch} in {place.repository} to {sha[:12]}"
        where = path(place, "git", "refs", "heads", *branch.split("/"))
        body = {"sha": sha, "force": False}
        await self.app.send("PATCH", place, where, body, what=what, access=Access.WRITE, again=True)

    async def find_pull(self, place: Place, branch: str) -> PullRequest | None:
        what = f"look for a pull request from {branch} in {place.repository}"
        owner = place.repository.partition("/")[0]
        query = {"head": f"{owner}:{branch}", "state": "all", "sort": "created", "direction": "desc"}
        async for pull in self.app.pages(place, path(place, "pulls"), query, what=what, limit=10):
            if pull.text_or("head.ref") == branch:  # GitHub ignores a filter that it does not understand
                return _pull(pull)
        return None

    async def open_pull(
        self, place: Place, *, branch: str, base: str, title: str, body: str, draft: bool
    ) -> PullRequest:
        what = f"open a pull request from {branch} in {place.repository}"
        given = {
            "title": cut_title(title),
            "head": branch,
            "base": base,
            "body": cut(body, BODY_CHARS),
            "draft": draft,
        }
        try:
            created = await self.app.send("POST", place, path(place, "pulls"), given, what=what, access=Access.WRITE)
        except Conflict as exc:
            said = str(exc).lower()
            if draft and "draft" in said and "not supported" in said:
                return await self.open_pull(place, branch=branch, base=base, title=title, body=body, draft=False)
            found = await self.find_pull(place, branch) if "already exists" in said else None
            if found is None or not found.open:
                raise
            return found
        return _pull(Fields(created, what))

    async def edit_pull(self, place: Place, number: int, *, title: str | None = None, body: str | None = None) -> None:
        what = f"edit pull request {place.repository}#{number}"
        given: dict[str, str] = {}
        if title is not None:
            given["title"] = cut_title(title)
        if body is not None:
            given["body"] = cut(body, BODY_CHARS)
        if given:
            where = path(place, "pulls", number)
            await self.app.send("PATCH", place, where, given, what=what, access=Access.WRITE, again=True)

    async def mark_ready(self, place: Place, pull: PullRequest) -> None:
        what = f"mark pull request {place.repository}#{pull.number} as ready for review"
        now = Fields(
            await self.app.get(place, path(place, "pulls", pull.number), what=what, access=Access.WRITE),
            f"pull request {place.repository}#{pull.number}",
        )
        if now.flag("draft"):
            await self.app.graphql(
                place, _READY, {"id": now.text("node_id")}, what=what, access=Access.WRITE, again=True
            )


def cut_title(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= TITLE_CHARS else f"{line[: TITLE_CHARS - 1]}…"


def _pull(data: Fields) -> PullRequest:
    return PullRequest(
        number=data.number("number"),
        web_url=data.text("html_url"),
        open=data.text("state") == "open",
        head_sha=data.text("head.sha"),
        node_id=data.text_or("node_id"),
        draft=data.flag("draft"),
        merged=data.flag("merged") or data.has("merged_at"),
    )
