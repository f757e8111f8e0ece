"""What git is given to read a repository, tried with git itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.core.errors import Forbidden, Unauthorized
from bot.github.client import GithubApp
from bot.github.credentials import GitCredentials
from github_answers import PLACE, WEB, Answers, answer, told
from world.github import GithubWorld, missing
from world.seeding import line

needs_the_world = pytest.mark.skipif(bool(missing()), reason=missing() or "all there")
URL = f"{WEB}/acme/shop.git"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GithubWorld]:
    source = tmp_path_factory.mktemp("source")
    line(source, "init", "-q", "-b", "main")
    line(source, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "--allow-empty", "-m", "Begin")
    with GithubWorld(source, other_repositories=("acme/other",)) as running:
        yield running


def credentials(world: GithubWorld) -> GitCredentials:
    return GitCredentials(GithubApp(world.app_id, world.private_key, world.api_url, world.web_url))


def git(environ: Mapping[str, str], *arguments: str, folder: Path = Path("/")) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0", **environ}
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=30
    )


@needs_the_world
def test_git_reads_a_private_repository_with_them_and_not_without(world: GithubWorld) -> None:
    url = f"{world.web_url}/acme/shop.git"
    environ = asyncio.run(credentials(world).environ(url))

    assert world.head() in git(environ, "ls-remote", url).stdout
    assert git({}, "ls-remote", url).returncode != 0


@needs_the_world
def test_a_token_that_git_was_refused_is_lent_no_more(world: GithubWorld) -> None:
    url, lender = f"{world.web_url}/acme/shop.git", credentials(world)
    before = asyncio.run(lender.environ(url))
    assert asyncio.run(lender.environ(url)) == before

    lender.refused(url)

    after = asyncio.run(lender.environ(url))
    assert after != before
    assert world.head() in git(after, "ls-remote", url).stdout


@needs_the_world
def test_git_may_not_push_with_them(world: GithubWorld, tmp_path: Path) -> None:
    url = f"{world.web_url}/acme/shop.git"
    environ = asyncio.run(credentials(world).environ(url))
    assert git(environ, "clone", "-q", url, str(tmp_path / "clone")).returncode == 0

    pushed = git(environ, "push", "origin", "HEAD:refs/heads/sneaky", folder=tmp_path / "clone")

    assert pushed.returncode != 0
    assert "403" in pushed.stderr


@needs_the_world
def test_git_reads_no_other_repository_with_them(world: GithubWorld) -> None:
    environ = asyncio.run(credentials(world).environ(f"{world.web_url}/acme/shop.git"))

    assert git(environ, "ls-remote", f"{world.web_url}/acme/other.git").returncode != 0


def test_the_token_may_read_the_contents_of_that_repository_alone() -> None:
    answers = Answers([answer({"id": 7})])

    environ = asyncio.run(GitCredentials(answers.app()).environ(URL))

    assert answers.minted[0].content == b'{"repositories":["shop"],"permissions":{"contents":"read"}}'
    assert environ["GIT_CONFIG_KEY_0"] == f"http.{URL}.extraHeader"


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/acme/shop.git",
        "https://github.test.evil.test/acme/shop.git",
        "https://user@github.test/acme/shop.git",
        "http://github.test/acme/shop.git",
        "ssh://git@github.test/acme/shop.git",
        "git@github.test:acme/shop.git",
        "/srv/git/shop.git",
        f"{WEB}/acme",
        f"{WEB}/acme/shop/wiki.git",
        "",
    ],
)
def test_any_other_address_gets_nothing_and_nobody_is_asked(url: str) -> None:
    answers = Answers([answer({"id": 7})])

    assert asyncio.run(GitCredentials(answers.app()).environ(url)) == {}
    assert answers.asked == []


def test_a_repository_without_the_app_gets_nothing() -> None:
    assert asyncio.run(GitCredentials(Answers([told(404, "Not Found")]).app()).environ(URL)) == {}


def test_a_revoked_key_is_said_to_be_one() -> None:
    with pytest.raises(Unauthorized, match="find the App's installation for acme/shop"):
        asyncio.run(GitCredentials(Answers([told(401, "Bad credentials")]).app()).environ(URL))


def test_asks_once_which_installation_serves_a_repository_and_again_when_it_ended() -> None:
    answers = Answers([answer({"id": 7})])
    asked = GitCredentials(answers.app())

    asyncio.run(asked.environ(URL))
    asyncio.run(asked.environ(f"{WEB}/acme/shop"))
    assert len(answers.asked) == 1

    answers.now += 7200  # the token has ended too
    answers.token_answers.append(told(404, "Not Found"))
    with pytest.raises(Forbidden, match="Is the App"):
        asyncio.run(asked.environ(URL))
    assert asyncio.run(asked.environ(URL)) != {}
    assert len(answers.asked) == 2
    assert PLACE.repository in str(answers.asked[1].url)
