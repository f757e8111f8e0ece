"""The forge against the emulator and a real git server: what it reads is true, and what it writes is there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from bot.core.errors import Absent, Conflict, Forbidden, Permanent, Transient
from bot.core.forge import (
    Actor,
    CheckButton,
    CheckReport,
    CheckState,
    FailedCheck,
    FileChange,
    Place,
    Reaction,
    Role,
    Target,
)
from bot.github.access import Access
from bot.github.client import GithubApp
from bot.github.forge import GithubForge
from world import openapi
from world.github import GithubWorld, missing
from world.seeding import line

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "all there")
OTHER = "acme/other"
PLACE = Place(777, "acme/shop")
REPORT = CheckReport("FixBugs", "run1", CheckState.IN_PROGRESS, "Looking", "At it.")
T = TypeVar("T")


def made(folder: Path) -> Path:
    """A repository of two commits, with names that sort differently in different ways."""
    folder.mkdir()
    line(folder, "init", "-q", "-b", "trunk")
    for name, text in {
        "foo.py": "old\n",
        "foo/x.py": "1\n",
        "Foo-b": "2\n",
        ".github/fixbugs.yml": "label: bug\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    committed(folder, "Begin")
    (folder / "foo.py").write_text("new\n")
    (folder / "latin").write_bytes(b"\xe9")
    (folder / "big.txt").write_bytes(b"x" * ((1 << 20) + 1))
    committed(folder, "Go on")
    return folder


def committed(folder: Path, subject: str) -> None:
    line(folder, "add", "-A")
    line(folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", subject)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("source") / "shop")


@pytest.fixture(scope="module")
def world(source: Path) -> Iterator[GithubWorld]:
    with GithubWorld(source, default_branch="trunk", other_repositories=(OTHER,)) as running:
        yield running
        assert openapi.missing() or openapi.violations(running.requests()) == []


@pytest.fixture(scope="module")
def forge(world: GithubWorld) -> GithubForge:
    return GithubForge(GithubApp(world.app_id, world.private_key, world.api_url, world.web_url))


def run(asked: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asked)


def branch(forge: GithubForge, world: GithubWorld, name: str) -> str:
    """A branch with one commit of ours."""
    sha = run(forge.commit(PLACE, world.head(), f"Work on {name}", [FileChange(f"{name}.txt", b"work")]))
    run(forge.create_branch(PLACE, name, sha))
    return sha


# ------------------------------------------------------------------ asking


def test_knows_its_own_account(forge: GithubForge) -> None:
    assert run(forge.me()) == Actor("fixbugs[bot]", is_bot=True)


def test_reads_a_repository_and_clones_from_the_web_address(forge: GithubForge, world: GithubWorld) -> None:
    facts = run(forge.repository(PLACE))

    assert facts.default_branch == "trunk"
    assert facts.clone_url == f"{world.git_url}/acme/shop.git"
    assert facts.web_url == f"{world.git_url}/acme/shop"
    assert (facts.archived, facts.private, facts.empty) == (False, True, False)


@pytest.mark.parametrize(
    ("login", "role"),
    [("acme", Role.ADMIN), ("ada", Role.WRITE), ("mallory", Role.NONE), ("nobody-at-all", Role.NONE)],
)
def test_looks_up_what_somebody_may_do(forge: GithubForge, login: str, role: Role) -> None:
    assert run(forge.role(PLACE, login)) is role


def test_reads_a_file_of_the_default_branch_and_of_a_commit(forge: GithubForge, source: Path) -> None:
    first = line(source, "rev-list", "--max-parents=0", "HEAD")

    assert run(forge.file(PLACE, ".github/fixbugs.yml")) == "label: bug\n"
    assert run(forge.file(PLACE, "foo.py")) == "new\n"
    assert run(forge.file(PLACE, "foo.py", first)) == "old\n"


@pytest.mark.parametrize("name", ["nothing.yml", "foo", "foo/nothing"])
def test_a_file_that_is_not_there_is_none(forge: GithubForge, name: str) -> None:
    assert run(forge.file(PLACE, name)) is None


@pytest.mark.parametrize(("name", "words"), [("latin", "not UTF-8 text"), ("big.txt", "larger than 1 MiB")])
def test_says_why_a_file_cannot_be_read(forge: GithubForge, name: str, words: str) -> None:
    with pytest.raises(Permanent, match=words):
        run(forge.file(PLACE, name))


def test_reads_an_issue(forge: GithubForge, world: GithubWorld) -> None:
    number = world.open_issue("Total is wrong", "It should be 5.", labels=["bug", "fixbugs"])

    thread = run(forge.thread(PLACE, number))

    assert (thread.number, thread.title, thread.body) == (number, "Total is wrong", "It should be 5.")
    assert thread.author == Actor("ada")
    assert set(thread.labels) == {"bug", "fixbugs"}
    assert (thread.open, thread.locked, thread.pull) == (True, False, None)
    assert abs(thread.updated_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_reads_a_pull_request(forge: GithubForge, world: GithubWorld) -> None:
    sha = branch(forge, world, "topic")
    number = world.open_pull("topic", "A topic")

    thread = run(forge.thread(PLACE, number))

    assert thread.title == "A topic"
    assert thread.pull is not None
    assert (thread.pull.head_ref, thread.pull.head_sha) == ("topic", sha)
    assert (thread.pull.base_ref, thread.pull.base_sha) == ("trunk", world.head())
    assert not thread.pull.from_fork(PLACE)
    assert run(forge.pulls_with_head(PLACE, sha)) == (number,)


def test_no_pull_request_has_a_head_that_nobody_opened_one_for(forge: GithubForge, world: GithubWorld) -> None:
    assert run(forge.pulls_with_head(PLACE, world.head())) == ()


def test_a_closed_pull_request_is_no_longer_that_of_its_head(forge: GithubForge, world: GithubWorld) -> None:
    sha = branch(forge, world, "closed-topic")
    world.close(world.open_pull("closed-topic", "Closed"))

    assert run(forge.pulls_with_head(PLACE, sha)) == ()


def test_an_issue_that_is_not_there_is_absent(forge: GithubForge) -> None:
    with pytest.raises(Absent, match="could not read acme/shop#4711: 404"):
        run(forge.thread(PLACE, 4711))


def test_reads_a_comment_as_it_is_now(forge: GithubForge, world: GithubWorld) -> None:
    number = world.open_issue("Words", "")
    comment = world.comment(number, "First")
    world.ask("PATCH", f"/issues/comments/{comment}", {"body": "Second"})

    assert run(forge.comment_body(PLACE, comment)) == "Second"


def test_lists_the_checks_that_failed_and_leaves_ours_out(forge: GithubForge, world: GithubWorld) -> None:
    sha = branch(forge, world, "red")
    note = {"path": "foo.py", "start_line": 3, "end_line": 3, "annotation_level": "failure", "message": "boom"}
    check = world.fail_check(sha, "the log", name="unit", title="1 failed", summary="sum", annotations=[note])
    world.fail_check(sha, name="lint", conclusion="success")
    run(forge.put_check(PLACE, sha, CheckReport("FixBugs", "r", CheckState.FAILURE, "No", "No.")))

    (failed,) = run(forge.failed_checks(PLACE, sha))

    assert failed == FailedCheck(
        id=check,
        name="unit",
        conclusion="failure",
        app_slug="github-actions",
        web_url=failed.web_url,
        title="1 failed",
        summary="sum",
        annotations=("foo.py:3: boom",),
        job_id=check,
        run_id=failed.run_id,
    )
    assert failed.run_id is not None


def test_only_the_latest_run_of_a_check_counts(forge: GithubForge, world: GithubWorld) -> None:
    sha = branch(forge, world, "green-at-last")
    world.fail_check(sha, name="unit")
    world.fail_check(sha, name="unit", conclusion="success")

    assert run(forge.failed_checks(PLACE, sha)) == ()


def test_a_branch_that_is_not_there_has_no_head(forge: GithubForge, world: GithubWorld) -> None:
    assert run(forge.branch_head(PLACE, "trunk")) == world.head()
    assert run(forge.branch_head(PLACE, "fixbugs/none")) is None


# ----------------------------------------------------------------- talking


def test_reacts_once_however_often_it_is_told_to(forge: GithubForge, world: GithubWorld) -> None:
    number = world.open_issue("React", "")
    comment = world.comment(number, "/fixbugs")
    for _ in range(2):
        run(forge.react(PLACE, Target.THREAD, number, Reaction.EYES))
        run(forge.react(PLACE, Target.COMMENT, comment, Reaction.CONFUSED))

    ours = {(one["kind"], one["target"], one["content"]) for one in world.reactions()}
    assert {("thread", number, "eyes"), ("comment", comment, "confused")} <= ours
    assert len(ours) == len(world.reactions())


def test_writes_edits_and_finds_its_own_comment(forge: GithubForge, world: GithubWorld) -> None:
    number = world.open_issue("Talk", "")
    world.comment(number, "<!-- mark --> by somebody else")
    comment = run(forge.comment(PLACE, number, "<!-- mark --> one"))
    world.comment(number, "<!-- mark --> again by somebody else")
    run(forge.edit_comment(PLACE, comment, "<!-- mark --> two"))

    assert run(forge.find_comment(PLACE, number, "<!-- mark -->")) == comment
    assert run(forge.find_comment(PLACE, number, "<!-- other -->")) is None
    assert [one["body"] for one in world.comments(number, by_bot=True)] == ["<!-- mark --> two"]
    assert forge.comment_url(PLACE, number, comment) == (
        f"{world.git_url}/acme/shop/issues/{number}#issuecomment-{comment}"
    )


def test_finds_its_newest_comment_in_a_long_thread(forge: GithubForge, world: GithubWorld) -> None:
    number = world.open_issue("Long", "")
    old = run(forge.comment(PLACE, number, "mark"))
    for index in range(104):
        world.comment(number, f"chatter {index}")

    assert run(forge.find_comment(PLACE, number, "mark")) == old
    new = run(forge.comment(PLACE, number, "mark"))
    before = len(world.requests())
    assert run(forge.find_comment(PLACE, number, "mark")) == new
    assert len(world.requests()) - before == 2  # the first page, which tells the last, and the last


def test_cuts_a_comment_that_github_would_refuse_and_keeps_its_mark(forge: GithubForge, world: GithubWorld) -> None:
    number = world.open_issue("Much", "")

    run(forge.comment(PLACE, number, "x" * 70_000 + "\n<!-- mark -->"))

    (comment,) = world.comments(number, by_bot=True)
    assert len(comment["body"]) == 65_536
    assert comment["body"].endswith("… (cut: GitHub takes no longer text)\n\n<!-- mark -->")


def test_a_comment_that_was_deleted_cannot_be_edited(forge: GithubForge, world: GithubWorld) -> None:
    number = world.open_issue("Gone", "")
    comment = run(forge.comment(PLACE, number, "Here"))
    world.ask("DELETE", f"/issues/comments/{comment}", by="acme")

    with pytest.raises(Absent):
        run(forge.edit_comment(PLACE, comment, "There"))


def test_shows_a_check_and_moves_it_on(forge: GithubForge, world: GithubWorld) -> None:
    sha = branch(forge, world, "checked")
    check = run(forge.put_check(PLACE, sha, REPORT))
    buttons = (CheckButton("Retry", "Run it again", "retry"),)
    ended = CheckReport("FixBugs", "run1", CheckState.NEUTRAL, "Done", "All.", "More.", "https://x.test/1", buttons)

    assert run(forge.put_check(PLACE, sha, ended, check)) == check
    assert run(forge.find_check(PLACE, sha, "run1")) == check
    assert run(forge.find_check(PLACE, sha, "run2")) is None
    (shown,) = world.checks(sha)
    assert (shown["status"], shown["conclusion"]) == ("completed", "neutral")
    assert (shown["output"]["title"], shown["output"]["text"]) == ("Done", "More.")


# ----------------------------------------------------------------- writing


def test_makes_commits_whose_trees_are_right(forge: GithubForge, world: GithubWorld) -> None:
    base = world.head()
    changes = [
        FileChange("foo.py", b"fixed\n"),
        FileChange("foo/x.py", None),
        FileChange("tools/run.sh", b"#!/bin/sh\n", executable=True),
        FileChange("picture.bin", bytes(range(256))),
    ]
    red = run(forge.commit(PLACE, base, "Add a failing test", [FileChange("t/test_foo.py", b"assert 0\n")]))
    green = run(forge.commit(PLACE, red, "Fix it\n\nFixes #1", changes))
    run(forge.create_branch(PLACE, "fixbugs/issue-1", red))
    run(forge.move_branch(PLACE, "fixbugs/issue-1", green))

    git = world.mirror()
    assert line(git, "rev-list", f"{base}..fixbugs/issue-1").split() == [green, red]
    listing = line(git, "diff", "--name-status", "--no-renames", red, green).splitlines()
    assert listing == ["M\tfoo.py", "D\tfoo/x.py", "A\tpicture.bin", "A\ttools/run.sh"]
    assert line(git, "ls-tree", green, "tools/run.sh").startswith("100755")
    assert line(git, "show", "-s", "--format=%B", green) == "Fix it\n\nFixes #1"


def test_leaves_author_and_committer_to_github_which_signs_only_then(forge: GithubForge, world: GithubWorld) -> None:
    run(forge.commit(PLACE, world.head(), "Sign me", [FileChange("a", b"1")]))

    asked = [one["body"] for one in world.requests() if one["path"].endswith("/git/commits") and one["body"]]
    assert set(asked[-1]) == {"message", "tree", "parents"}


def test_a_branch_that_exists_is_a_conflict(forge: GithubForge, world: GithubWorld) -> None:
    branch(forge, world, "twice")

    with pytest.raises(Conflict, match="create the branch twice in acme/shop: 422 Reference already exists"):
        run(forge.create_branch(PLACE, "twice", world.head()))


def test_a_branch_is_only_moved_forward(forge: GithubForge, world: GithubWorld) -> None:
    sha = branch(forge, world, "forward")
    run(forge.move_branch(PLACE, "forward", sha))  # again is no harm

    with pytest.raises(Conflict, match="has moved since"):
        run(forge.move_branch(PLACE, "forward", world.head()))


def test_opens_edits_and_finds_a_pull_request(forge: GithubForge, world: GithubWorld) -> None:
    sha = branch(forge, world, "fixbugs/issue-2")
    opened = run(forge.open_pull(PLACE, branch="fixbugs/issue-2", base="trunk", title="Fix", body="B", draft=True))
    run(forge.edit_pull(PLACE, opened.number, title="Fix it", body="Because."))
    run(forge.mark_ready(PLACE, opened))
    run(forge.mark_ready(PLACE, opened))

    assert (opened.head_sha, opened.open, opened.draft, opened.merged) == (sha, True, True, False)
    found = run(forge.find_pull(PLACE, "fixbugs/issue-2"))
    assert found is not None
    assert (found.number, found.draft) == (opened.number, False)
    assert run(forge.find_pull(PLACE, "fixbugs/issue-3")) is None
    (shown,) = [pull for pull in world.pulls(by_bot=True) if pull["number"] == opened.number]
    assert (shown["title"], shown["body"]) == ("Fix it", "Because.")


def test_opening_a_pull_request_twice_gives_the_first(forge: GithubForge, world: GithubWorld) -> None:
    branch(forge, world, "doubled")
    wanted = {"branch": "doubled", "base": "trunk", "title": "T", "body": "B", "draft": True}

    first = run(forge.open_pull(PLACE, **wanted))  # type: ignore[arg-type] # mixed values

    assert run(forge.open_pull(PLACE, **wanted)) == first  # type: ignore[arg-type] # as above


def test_opens_a_pull_request_ready_where_there_are_no_drafts(forge: GithubForge, world: GithubWorld) -> None:
    branch(forge, world, "no-drafts")
    world.order(no_drafts=True)
    try:
        opened = run(forge.open_pull(PLACE, branch="no-drafts", base="trunk", title="T", body="B", draft=True))
    finally:
        world.order(no_drafts=False)

    assert not opened.draft


def test_a_pull_request_from_no_branch_is_a_conflict(forge: GithubForge) -> None:
    with pytest.raises(Conflict, match="PullRequest head invalid"):
        run(forge.open_pull(PLACE, branch="nowhere", base="trunk", title="T", body="B", draft=False))


# ------------------------------------------------------------- what may not be


def test_an_empty_repository_is_said_to_be_empty(source: Path) -> None:
    with GithubWorld(None) as other:
        forge = GithubForge(GithubApp(other.app_id, other.private_key, other.api_url, other.web_url))

        assert run(forge.repository(PLACE)).empty
        assert run(forge.file(PLACE, ".github/fixbugs.yml")) is None
        assert run(forge.branch_head(PLACE, "main")) is None


def test_an_archived_repository_is_read_and_takes_nothing() -> None:
    with GithubWorld(None) as other:
        number = other.open_issue("Old", "")
        other.archive()
        forge = GithubForge(GithubApp(other.app_id, other.private_key, other.api_url, other.web_url))

        assert run(forge.repository(PLACE)).archived
        with pytest.raises(Forbidden, match="archived and takes no changes: unarchive it"):
            run(forge.comment(PLACE, number, "Hello"))


def test_a_comment_whose_answer_was_lost_is_written_once_and_found(forge: GithubForge, world: GithubWorld) -> None:
    number = world.open_issue("Lost", "")
    world.fault("POST", f"/issues/{number}/comments", 502, after=True)

    with pytest.raises(Transient):
        run(forge.comment(PLACE, number, "<!-- mark -->"))

    (comment,) = world.comments(number, by_bot=True)
    assert run(forge.find_comment(PLACE, number, "<!-- mark -->")) == comment["id"]


def test_reads_a_pull_request_from_a_fork(forge: GithubForge, world: GithubWorld, source: Path) -> None:
    sha = world.push(source, "topic", by="bob", repository=world.fork(by="bob"))
    number = world.open_pull("bob:topic", "From afar", by="bob", editable=True)

    pull = run(forge.thread(PLACE, number)).pull

    assert pull is not None
    assert (pull.head_repository, pull.head_sha, pull.maintainer_can_modify) == ("bob/shop", sha, True)
    assert pull.from_fork(PLACE)
    assert run(forge.pulls_with_head(PLACE, sha)) == (number,)


def test_a_token_of_one_repository_opens_no_other(forge: GithubForge, world: GithubWorld) -> None:
    token = run(forge.app.token(PLACE, Access.READ))

    answer = httpx.get(f"{world.api_url}/repos/{OTHER}", headers={"Authorization": f"token {token.secret}"})
    assert answer.status_code == 404


def test_where_the_app_is_not_installed_nothing_is_taken_for_an_answer(forge: GithubForge) -> None:
    place = Place(777, "acme/secret")
    for asked in (
        forge.repository(place),
        forge.role(place, "ada"),
        forge.file(place, "a"),
        forge.branch_head(place, "b"),
    ):
        with pytest.raises(Forbidden, match="acme/secret is not"):
            run(asked)


def test_a_suspended_installation_is_said_to_be_so_and_works_again_later(
    forge: GithubForge, world: GithubWorld
) -> None:
    world.order(suspended=world.installation_id)
    try:
        with pytest.raises(Forbidden, match="suspended"):
            run(forge.repository(PLACE))
    finally:
        world.order(resumed=world.installation_id)

    assert run(forge.repository(PLACE)).default_branch == "trunk"


def test_a_token_that_was_revoked_is_replaced(forge: GithubForge, world: GithubWorld) -> None:
    run(forge.app.send("DELETE", PLACE, "/installation/token", what="revoke our token"))

    assert run(forge.react(PLACE, Target.THREAD, world.open_issue("R", ""), Reaction.ROCKET)) is None
