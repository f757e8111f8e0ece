"""The part of the Forge port that talks to people: reactions, comments, check runs. What they say is `bot.render`'s."""

from __future__ import annotations

from bot.core.forge import CheckButton, CheckReport, Place, Reaction, Target
from bot.github.asking import Asking
from bot.github.client import path
from bot.github.wire import Fields

# GitHub's limits, in characters. Rendered texts keep well within them; this is the last guard, so that a long text is
# cut and not refused.
BODY_CHARS = 65_536
CHECK_CHARS = 65_535
TITLE_CHARS = 256
_BUTTONS = 3
_LABEL_CHARS, _DESCRIPTION_CHARS, _IDENTIFIER_CHARS = 20, 40, 20
_CUT = "\n\n… (cut: GitHub takes no longer text)"
_OURS_AT_MOST = 300

_REACTED = {
    Target.THREAD: ("issues",),
    Target.COMMENT: ("issues", "comments"),
    Target.REVIEW_COMMENT: ("pulls", "comments"),
}


class Talking(Asking):
    """Talks as one App."""

    async def react(self, place: Place, target: Target, id: int, reaction: Reaction) -> None:
        what = f"react to {target.value} {id} in {place.repository}"
        body = {"content": reaction.value}
        await self.app.send("POST", place, path(place, *_REACTED[target], id, "reactions"), body, what=what, again=True)

    async def comment(self, place: Place, number: int, body: str) -> int:
        what = f"comment on {place.repository}#{number}"
        given = {"body": cut(body, BODY_CHARS)}
        return Fields(
            await self.app.send("POST", place, path(place, "issues", number, "comments"), given, what=what), what
        ).number("id")

    async def edit_comment(self, place: Place, comment_id: int, body: str) -> None:
        what = f"edit comment {comment_id} in {place.repository}"
        given = {"body": cut(body, BODY_CHARS)}
        await self.app.send("PATCH", place, path(place, "issues", "comments", comment_id), given, what=what, again=True)

    async def find_comment(self, place: Place, number: int, marker: str) -> int | None:
        what = f"look for our comment on {place.repository}#{number}"
        ours = (await self.me()).login
        async for comment in self.app.newest(place, path(place, "issues", number, "comments"), what=what):
            if comment.text_or("user.login") == ours and marker in comment.text_or("body"):
                return comment.number("id")
        return None

    def comment_url(self, place: Place, number: int, comment_id: int) -> str:
        return f"{self.app.web_url}/{place.repository}/issues/{number}#issuecomment-{comment_id}"

    async def put_check(self, place: Place, sha: str, report: CheckReport, check_id: int | None = None) -> int:
        what = f"show our check on commit {sha[:12]} in {place.repository}"
        body = _check(report)
        if check_id is not None:
            await self.app.send("PATCH", place, path(place, "check-runs", check_id), body, what=what, again=True)
            return check_id
        created = await self.app.send("POST", place, path(place, "check-runs"), {**body, "head_sha": sha}, what=what)
        return Fields(created, what).number("id")

    async def find_check(self, place: Place, sha: str, external_id: str) -> int | None:
        what = f"look for our check on commit {sha[:12]} in {place.repository}"
        listing = self.app.pages(
            place,
            path(place, "commits", sha, "check-runs"),
            {"filter": "all", "app_id": self.app.app_id},
            what=what,
            key="check_runs",
            limit=_OURS_AT_MOST,
        )
        ours = [run.number("id") async for run in listing if run.text_or("external_id") == external_id]
        return max(ours, default=None)


def cut(text: str, chars: int) -> str:
    """The text, at most so long. An HTML comment on its last line stays: it is how we find our texts again."""
    if len(text) <= chars:
        return text
    last = text.rstrip().rpartition("\n")[2]
    end = _CUT + (f"\n\n{last}" if last.startswith("<!--") and len(last) < 500 else "")
    return text[: chars - len(end)] + end


def _check(report: CheckReport) -> dict[str, object]:
    title = report.title[:TITLE_CHARS] or report.name
    output = {"title": title, "summary": cut(report.summary or title, CHECK_CHARS)}
    if report.text:
        output["text"] = cut(report.text, CHECK_CHARS)
    body: dict[str, object] = {"name": report.name, "external_id": report.external_id, "output": output}
    if report.state.ended:
        body |= {"status": "completed", "conclusion": report.state.value}
    else:
        body["status"] = report.state.value
    if report.details_url:
        body["details_url"] = report.details_url
    return {**body, "actions": [_button(button) for button in report.buttons[:_BUTTONS]]}


def _button(button: CheckButton) -> dict[str, str]:
    return {
        "label": button.label[:_LABEL_CHARS],
        "description": button.description[:_DESCRIPTION_CHARS],
        "identifier": button.identifier[:_IDENTIFIER_CHARS],
    }
