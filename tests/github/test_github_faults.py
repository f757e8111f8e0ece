"""Every method of the forge against everything that GitHub may answer instead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from bot.core.errors import Absent, Conflict, FixbugsError, Forbidden, Permanent, Transient, Unauthorized
from bot.core.forge import CheckReport, CheckState, FileChange, PullRequest, Reaction, Role, Target
from bot.github.forge import GithubForge
from github_answers import PLACE, Answer, Answers, answer, told

REPORT = CheckReport("FixBugs", "run1", CheckState.QUEUED, "Queued", "Waiting")
PULL = PullRequest(9, "https://github.test/acme/shop/pull/9", True, "c" * 40, "PR_9", draft=True)
SHA = "a" * 40
Call = Callable[[GithubForge], Awaitable[object]]

LOOKING: dict[str, Call] = {
    "repository": lambda f: f.repository(PLACE),
    "role": lambda f: f.role(PLACE, "ada"),
    "file": lambda f: f.file(PLACE, "a.yml"),
    "thread": lambda f: f.thread(PLACE, 12),
    "comment_body": lambda f: f.comment_body(PLACE, 5),
    "pulls_with_head": lambda f: f.pulls_with_head(PLACE, SHA),
    "failed_checks": lambda f: f.failed_checks(PLACE, SHA),
    "branch_head": lambda f: f.branch_head(PLACE, "main"),
    "find_comment": lambda f: f.find_comment(PLACE, 12, "<!-- us -->"),
    "find_check": lambda f: f.find_check(PLACE, SHA, "run1"),
    "find_pull": lambda f: f.find_pull(PLACE, "fixbugs/x"),
}
REPEATABLE: dict[str, Call] = {
    "react": lambda f: f.react(PLACE, Target.COMMENT, 5, Reaction.EYES),
    "edit_comment": lambda f: f.edit_comment(PLACE, 5, "Hello"),
    "put_check (update)": lambda f: f.put_check(PLACE, SHA, REPORT, 3),
    "commit": lambda f: f.commit(PLACE, SHA, "Fix", [FileChange("a.py", b"1")]),
    "move_branch": lambda f: f.move_branch(PLACE, "fixbugs/x", SHA),
    "edit_pull": lambda f: f.edit_pull(PLACE, 9, title="New"),
    "mark_ready": lambda f: f.mark_ready(PLACE, PULL),
}
ONCE: dict[str, Call] = {
    "comment": lambda f: f.comment(PLACE, 12, "Hello"),
    "put_check (create)": lambda f: f.put_check(PLACE, SHA, REPORT),
    "create_branch": lambda f: f.create_branch(PLACE, "fixbugs/x", SHA),
    "open_pull": lambda f: f.open_pull(PLACE, branch="fixbugs/x", base="main", title="T", body="B", draft=True),
}
EVERY = {**LOOKING, **REPEATABLE, **ONCE}
ABSENT_IS_AN_ANSWER = {"role": Role.NONE, "file": None, "branch_head": None}
CONFLICT_IS_AN_ANSWER = {"branch_head": None}


def outcome(call: Call, *script: Answer) -> tuple[object, Answers]:
    """What the call returned or raised; only our own errors may come out."""
    answers = Answers(script)
    try:
        return asyncio.run(_awaited(call, GithubForge(answers.app()))), answers
    except FixbugsError as error:
        return error, answers


async def _awaited(call: Call, forge: GithubForge) -> object:
    return await call(forge)


def held(error: object, kind: type[FixbugsError], *words: str) -> None:
    """It is of this kind, says these words and where it was, and no secret."""
    assert type(error) is kind or isinstance(error, kind), repr(error)
    text = str(error)
    for word in ("acme/shop", *words):
        assert word in text
    assert "ghs_" not in text
    assert "Bearer" not in text


@pytest.mark.parametrize("name", EVERY)
class TestEveryMethod:
    def test_says_that_a_revoked_key_is_not_taken(self, name: str) -> None:
        error, answers = outcome(EVERY[name], told(401, "Bad credentials"))

        held(error, Unauthorized, "401 Bad credentials", "private key")
        assert len(answers.minted) == 2  # a token may end early: one fresh one is tried

    def test_says_which_permission_is_missing(self, name: str) -> None:
        refusal = told(403, "Resource not accessible by integration", x_accepted_github_permissions="issues=write")
        error, answers = outcome(EVERY[name], refusal)

        held(error, Forbidden, "lacks a permission for this (issues=write)")
        assert len(answers.asked) == 1

    def test_says_that_the_installation_is_suspended(self, name: str) -> None:
        error, _ = outcome(EVERY[name], told(403, "This installation has been suspended"))

        held(error, Forbidden, "suspended: its owner can unsuspend it")

    def test_says_that_the_repository_is_archived(self, name: str) -> None:
        error, _ = outcome(EVERY[name], told(403, "Repository was archived so is read-only."))

        held(error, Forbidden, "archived and takes no changes: unarchive it")

    def test_takes_what_is_not_there_for_absent(self, name: str) -> None:
        found, _ = outcome(EVERY[name], told(404, "Not Found"))

        if name in ABSENT_IS_AN_ANSWER:
            assert found == ABSENT_IS_AN_ANSWER[name]
        else:
            held(found, Absent, "404 Not Found")

    def test_takes_what_was_deleted_for_absent(self, name: str) -> None:
        found, _ = outcome(EVERY[name], told(410, "This issue was deleted"))

        if name in ABSENT_IS_AN_ANSWER:
            assert found == ABSENT_IS_AN_ANSWER[name]
        else:
            held(found, Absent, "410 This issue was deleted")

    def test_takes_a_409_for_a_conflict(self, name: str) -> None:
        found, answers = outcome(EVERY[name], told(409, "Git Repository is empty."))

        if name in CONFLICT_IS_AN_ANSWER:
            assert found == CONFLICT_IS_AN_ANSWER[name]
        else:
            held(found, Conflict, "409 Git Repository is empty", "no commits yet")
            assert len(answers.asked) <= 2

    def test_takes_a_422_for_a_conflict_and_quotes_its_details(self, name: str) -> None:
        refusal = answer({"message": "Validation Failed", "errors": [{"resource": "Thing", "code": "invalid"}]}, 422)
        found, _ = outcome(EVERY[name], refusal)

        if name in CONFLICT_IS_AN_ANSWER:
            assert found == CONFLICT_IS_AN_ANSWER[name]
        else:
            held(found, Conflict, "422 Validation Failed; Thing invalid")

    def test_waits_as_long_as_a_secondary_limit_says(self, name: str) -> None:
        refusal = told(403, "You have exceeded a secondary rate limit", retry_after="77")
        error, answers = outcome(EVERY[name], refusal)

        held(error, Transient, "limits our requests")
        assert isinstance(error, Transient)
        assert error.retry_after_s == 77
        assert len(answers.asked) == 1

    def test_waits_until_a_primary_limit_is_reset(self, name: str) -> None:
        limits = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1767614700"}
        refusal = told(429, "API rate limit exceeded", **limits, date="Mon, 05 Jan 2026 12:00:00 GMT")
        error, answers = outcome(EVERY[name], refusal)

        assert isinstance(error, Transient)
        assert error.retry_after_s == 300
        assert len(answers.asked) == 1

    def test_takes_a_server_error_for_transient(self, name: str) -> None:
        error, answers = outcome(EVERY[name], told(502, "Server Error"))

        held(error, Transient, "502 Server Error", "tried again")
        assert len(answers.asked) == (1 if name in ONCE else 3)

    def test_takes_silence_for_transient(self, name: str) -> None:
        error, answers = outcome(EVERY[name], httpx.ReadTimeout("silence"))

        held(error, Transient, "did not answer in time")
        assert len(answers.asked) == (1 if name in ONCE else 3)

    def test_tries_again_when_nothing_was_sent(self, name: str) -> None:
        error, answers = outcome(EVERY[name], httpx.ConnectError("refused"))

        held(error, Transient, "could not be reached", "refused")
        assert len(answers.asked) == 3

    def test_takes_another_refusal_for_permanent(self, name: str) -> None:
        error, _ = outcome(EVERY[name], told(418, "I am a teapot"))

        held(error, Permanent, "418 I am a teapot")


LOOKING_AT_ANSWERS = {**LOOKING, **{name: ONCE[name] for name in ("comment", "put_check (create)", "open_pull")}}


@pytest.mark.parametrize("name", LOOKING_AT_ANSWERS)
def test_says_when_something_that_is_not_json_comes_back(name: str) -> None:
    page = httpx.Response(200, html="<html>a proxy</html>")
    error, _ = outcome(LOOKING_AT_ANSWERS[name], page)

    assert isinstance(error, Transient)
    assert "not JSON" in str(error)
    assert "FIXBUGS_GITHUB_API_URL" in str(error)


SHAPED = {n: c for n, c in LOOKING_AT_ANSWERS.items() if n not in ("role", "file", "comment_body")}


@pytest.mark.parametrize("name", SHAPED)
def test_says_when_an_answer_lacks_what_we_need(name: str) -> None:
    error, _ = outcome(SHAPED[name], answer({"unexpected": 1}))

    assert isinstance(error, Permanent)
    assert "please report this to FixBugs" in str(error)


@pytest.mark.parametrize("message", ["Cannot update this protected ref.", "Repository rule violations found"])
@pytest.mark.parametrize("status", [403, 409, 422])
def test_takes_a_rule_that_refuses_a_branch_for_a_conflict(status: int, message: str) -> None:
    error, _ = outcome(EVERY["move_branch"], told(status, message))

    held(error, Conflict, "A rule of the repository protects this")
