"""What several stories about the running App need: the App for a whole module, code to push, logs of checks, waiting
for a run's end. No assertions on what the bot does."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.core.forge import Place
from bot.store.redis_client import connect
from bot.store.redis_register import RedisRegister
from command_line import commit, git
from github_app import PATIENCE_S, RunningApp
from redis_at_hand import RedisAtHand
from world import openapi
from world.github import APP_ID, missing

needs_world = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(600)]
SEVERAL_AT_ONCE = {"FIXBUGS_ACTIVE_RUNS_PER_REPOSITORY": "4"}
_OVER = re.compile(r"· (to run it again: |answer in a comment, |`/fixbugs` looks for a fix).*</sub>\Z")


@contextmanager
def running(
    factory: pytest.TempPathFactory,
    cache_dir: Path,
    server: RedisAtHand,
    files: Mapping[str, str | bytes],
    *,
    settings: Mapping[str, str] | None = None,
    **about: Any,
) -> Iterator[RunningApp]:
    """The App with one worker, and a repository that holds these files (none: an empty one). In the end all that was
    asked of GitHub is held against its own description."""
    folder = factory.mktemp("app")
    if files:
        commit(folder / "shop", files)
    else:
        about["source"] = None
    app = RunningApp(folder, cache_dir, server, folder / "shop", {**SEVERAL_AT_ONCE, **(settings or {})}, about)
    with app:
        app.start_worker()
        yield app
        if not openapi.missing():
            ours = [one for one in app.world.requests() if one.get("app_id") in (APP_ID, None)]
            assert openapi.violations(ours) == []
        crash = re.search(r"^Traceback[\s\S]*", app.log("worker") + app.log("serve"), re.MULTILINE)
        assert crash is None, crash and crash[0][:4000]


def push(app: RunningApp, folder: Path, branch: str, files: Mapping[str, str], *, onto: str = "") -> str:
    """One commit with these files on a branch, over git as people do it; returns its hash. `onto` is the commit or
    branch that a new branch starts from: the default branch."""
    if not folder.exists():
        git(folder.parent, "clone", "--quiet", str(app.world.mirror()), folder.name)
    git(folder, "fetch", "--quiet", str(app.world.mirror()), onto or app.world.default_branch)
    git(folder, "checkout", "--quiet", "-B", branch, "FETCH_HEAD")
    commit(folder, files, f"Change {', '.join(sorted(files))}")
    return app.world.push(folder, branch)


def verdict(app: RunningApp, number: int, within_s: float = PATIENCE_S, *, nth: int = 1) -> str:
    """The comment of this thread's nth run, once all is said and done."""

    def found() -> str:
        runs = [str(c["body"]) for c in app.world.comments(number, by_bot=True) if "<!-- fixbugs run" in c["body"]]
        return runs[nth - 1] if len(runs) >= nth and _OVER.search(runs[nth - 1]) else ""

    try:
        return str(app.until(found, f"run {nth} of #{number} ends", within_s))
    except AssertionError as exc:
        said = "\n\n".join(str(comment["body"]) for comment in app.world.comments(number))
        raise AssertionError(f"{exc}\n--- the thread\n{said}") from exc


def settled(app: RunningApp, within_s: float = PATIENCE_S) -> None:
    """Waits until all webhooks have arrived and what they ask for is carried out."""

    def done() -> bool:
        accepted = set(re.findall(r"delivery_accepted id=(\S+)", app.log("serve")))
        return accepted <= set(re.findall(r"command_(?:done|dropped) delivery=(\S+)", app.log("worker")))

    app.world.settle()
    app.until(done, "all webhooks are carried out", within_s)


def answers(app: RunningApp, number: int) -> list[str]:
    """What the bot said in this thread besides its runs' comments, oldest first."""
    said = [str(comment["body"]) for comment in app.world.comments(number, by_bot=True)]
    return [body for body in said if "<!-- fixbugs run" not in body]


def headline(body: str) -> str:
    """The heading of a run's comment."""
    return next((line for line in body.splitlines() if line.startswith("### ")), "")


def outcome(app: RunningApp, number: int) -> bool | None:
    """Whether a pull request of ours was accepted, as the App remembers it; None while it is open."""
    register = RedisRegister(connect(app.redis.url), active=1, per_repository=1)
    return asyncio.run(register.outcome(Place(app.world.installation_id, app.world.repository), number))


def command(app: RunningApp, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of `fixbugs`, as whoever runs the App gives it beside the running processes."""
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        cwd=app.folder,
        env=app.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def unmarked(body: str) -> str:
    """Without the invisible characters that keep the text from mentioning people and linking other threads."""
    return body.replace("&#8203;", "").replace("\\#", "#")


def our_checks(app: RunningApp, sha: str) -> list[Any]:
    return [check for check in app.world.checks(sha) if check["name"] == "FixBugs"]


def concluded(app: RunningApp, sha: str) -> list[str]:
    """How our checks on this commit ended, once they all have: they are brought up to date after the comment."""

    def found() -> list[str]:
        conclusions = [check["conclusion"] for check in our_checks(app, sha)]
        return conclusions if all(conclusions) else []

    return list(app.until(found, "our check is concluded", 30.0))


def job_log(folder: Path) -> str:
    """What GitHub Actions keeps of a job that really runs pytest on this folder: times, groups, colours."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=yes", "--rootdir", str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    lines = [
        "Current runner version: '2.320.0'",
        "##[group]Operating System",
        "Ubuntu",
        "##[endgroup]",
        "##[group]Run actions/checkout@v4",
        "with:",
        "  fetch-depth: 1",
        "##[endgroup]",
        "##[group]Run python -m pytest",
        "\x1b[36;1mpython -m pytest\x1b[0m",
        "shell: /usr/bin/bash -e {0}",
        "##[endgroup]",
        *done.stdout.splitlines(),
        f"##[error]Process completed with exit code {done.returncode}.",
        "Post job cleanup.",
        "Cleaning up orphan processes",
    ]
    stamped = (
        f"2026-11-20T09:14:{10 + number // 10:02}.{number % 10}000000Z {line}" for number, line in enumerate(lines)
    )
    return "\ufeff" + "\r\n".join(stamped) + "\r\n"
