"""Gathering against the emulator: what was really said, logged and attached there is in the report."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from gathering_hub import asked_for

from bot.core.forge import Origin, Place
from bot.core.run import Run
from bot.github.client import GithubApp
from bot.github.forge import GithubForge
from bot.github.reports import GithubReports
from bot.ports import Gathered
from world import openapi
from world.github import GithubWorld, missing
from world.seeding import line

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "all there")
PLACE = Place(777, "acme/shop")
LOG = (
    "2026-01-05T12:00:02.0000000Z ##[group]Run pytest\n2026-01-05T12:00:02.0000000Z ##[endgroup]\n"
    "2026-01-05T12:00:02.0000000Z FAILED tests/test_cart.py::test_total_of_two - assert 2 == 3\n"
)


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GithubWorld]:
    folder = tmp_path_factory.mktemp("shop") / "shop"
    folder.mkdir()
    line(folder, "init", "-q", "-b", "main")
    (folder / "cart.py").write_text("def total(prices):\n    return sum(prices[1:])\n")
    line(folder, "add", "-A")
    line(folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-m", "Add totals")
    with GithubWorld(folder) as world:
        world.folder = folder  # type: ignore[attr-defined] # for pushing from it
        yield world


@pytest.fixture
def asked(github: GithubWorld) -> Iterator[GithubWorld]:
    """The world; what the App asked of it is held against GitHub's own description."""
    github.forget()
    yield github
    assert openapi.violations(github.requests()) == []


def gather(world: GithubWorld, run: Run) -> Gathered:
    app = GithubApp(world.app_id, world.private_key, world.api_url, world.web_url)
    return asyncio.run(GithubReports(app, GithubForge(app)).report(run))


def about(number: int | None, *, sha: str = "", guidance: str = "") -> Run:
    origin = Origin(PLACE, number, bool(sha), sha)
    return replace(asked_for(number=number, guidance=guidance), origin=origin)


def pulled(world: GithubWorld, branch: str) -> tuple[int, str]:
    """A pull request and its head."""
    folder: Path = world.folder  # type: ignore[attr-defined] # set above
    (folder / "cart.py").write_text(f"def total(prices):\n    return sum(prices[:-1])  # {branch}\n")
    line(folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-am", branch)
    sha = world.push(folder, branch)
    return world.open_pull(branch, "Sum all prices", "Sums them all."), sha


def test_an_issue_with_comments_a_linked_issue_and_an_attachment(asked: GithubWorld) -> None:
    other = asked.open_issue("Coupons", "They are ignored.")
    shot = asked.attach(b"\x89PNG\r\n\x1a\n")
    number = asked.open_issue("Total is wrong", f"It should be 5, see #{other}.\n\n![x]({shot})", labels=["bug"])
    first = asked.comment(number, "It gives 2.")
    second = asked.comment(number, "Here too.", by="bob")
    gathered = gather(asked, about(number))

    assert gathered.report.issue is not None
    assert gathered.report.issue.content.startswith(b"# Total is wrong\n\nIt should be 5")
    assert [document.name for document in gathered.report.comments] == [
        f"comment {first} by @ada",
        f"comment {second} by @bob",
        f"linked issue #{other} by @ada",
    ]
    assert [document.content for document in gathered.report.attachments] == [b"\x89PNG\r\n\x1a\n"]
    assert [fact.claim for fact in gathered.facts] == ["It is labelled bug."]
    assert gathered.notices == ()


def test_a_pull_request_with_a_failed_job_and_a_review(asked: GithubWorld) -> None:
    number, sha = pulled(asked, "sum-all")
    asked.fail_check(sha, LOG, branch="sum-all", name="test (3.11)")
    asked.review(number, "The last one is missing.", by="bob")
    gathered = gather(asked, about(number, sha=sha))

    assert gathered.notices == ()
    assert [(log.name, log.content) for log in gathered.report.logs] == [
        (
            "log of check test (3.11)",
            b"Run pytest\n\nFAILED tests/test_cart.py::test_total_of_two - assert 2 == 3\n",
        )
    ]
    assert any(document.content == b"The last one is missing." for document in gathered.report.comments)
    assert b"+    return sum(prices[:-1])  # sum-all" in gathered.report.attachments[0].content
    assert gathered.notices == ()


def test_a_log_that_has_expired_is_found_in_its_runs_archive(asked: GithubWorld) -> None:
    number, sha = pulled(asked, "expired")
    job = asked.fail_check(sha, LOG, branch="expired", name="test")
    asked.order(gone_logs=f"jobs/{job}")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("0_test.txt", LOG)
    app = GithubApp(asked.app_id, asked.private_key, asked.api_url, asked.web_url)
    (failed,) = asyncio.run(GithubForge(app).failed_checks(PLACE, sha))
    assert failed.run_id is not None
    asked.set_run_logs(failed.run_id, content.getvalue())

    gathered = gather(asked, about(number, sha=sha))
    assert [log.name for log in gathered.report.logs] == ["log of check test"]
    assert gathered.notices == ()


def test_a_green_pull_request_without_guidance_asks_for_information(asked: GithubWorld) -> None:
    number, sha = pulled(asked, "green")
    gathered = gather(asked, about(number, sha=sha))

    assert gathered.give_up is not None
    assert gathered.give_up.detail.startswith(f"No check fails at {sha[:10]}, and no guidance was given")
