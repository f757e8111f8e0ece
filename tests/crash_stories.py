"""How stories about crashes end: what must be there on GitHub, and what must not be left on the machine."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from command_line import FIXED_PRICING, ISSUE, PRICING, git, left_running, orphans_come_here
from github_app import PATIENCE_S, RunningApp

TITLE, BODY = ISSUE.removeprefix("# ").split("\n\n", 1)


def ask(app: RunningApp, title: str = TITLE) -> int:
    """An issue with the label on it."""
    number = app.world.open_issue(title, BODY)
    app.world.label(number, "fixbugs")
    return number


def pull_of(app: RunningApp, number: int) -> Any:
    """The one pull request for this issue."""
    found = [pull for pull in app.world.pulls(by_bot=True) if f"Fixes #{number}." in pull["body"]]
    assert len(found) == 1, [pull["title"] for pull in found]
    return found[0]


def fixed_once(app: RunningApp, number: int, within_s: float = PATIENCE_S, *, besides: int = 0) -> None:
    """The run about this issue has ended with one comment and one pull request of two commits, and nothing besides but
    so many answers to what else was asked there."""
    app.answer(number, "Fixed in [#", within_s)
    pull, mirror, base = pull_of(app, number), app.world.mirror(), app.world.head()
    fix, test = git(mirror, "rev-list", f"{base}..{pull['head']['sha']}").split()
    assert git(mirror, "rev-parse", f"{test}^").strip() == base
    assert git(mirror, "show", f"{test}:pricing.py") == PRICING
    assert git(mirror, "show", f"{fix}:pricing.py") == FIXED_PRICING
    assert git(mirror, "diff", "--name-only", base, test) == "tests/test_pricing.py\n"
    assert git(mirror, "diff", "--name-only", test, fix) == "pricing.py\n"
    comments = app.world.comments(number, by_bot=True)
    assert len(comments) == 1 + besides, [comment["body"][:300] for comment in comments]
    assert sum(f"#{pull['number']}" in comment["body"] for comment in comments) == 1
    branches = git(mirror, "for-each-ref", "--format=%(refname:short)", f"refs/heads/fixbugs/issue-{number}-*").split()
    assert branches == [pull["head"]["ref"]]
    ours = app.until(lambda: our_checks(app, fix), "the check on the fix")
    assert len(ours) == 1, ours


def our_checks(app: RunningApp, sha: str) -> list[str]:
    return [check["name"] for check in app.world.checks(sha) if check["app"]["slug"] == app.world.slug]


def runs_of(app: RunningApp, log: str = "worker") -> list[str]:
    """The runs that were opened, in that order."""
    return re.findall(r"run_asked run=(\S+) how=created", app.log(log))


def attempts(app: RunningApp, stage: str, log: str = "worker") -> int:
    """How often a worker began this stage."""
    return len(re.findall(rf"stage_started run=\S+ stage={stage} ", app.log(log)))


def over(app: RunningApp, runs: int = 1, within_s: float = PATIENCE_S, log: str = "worker") -> None:
    """Returns once so many runs have written their results."""
    app.until(lambda: app.log(log).count("stage=publication state=done") >= runs, "the run ends", within_s)


@contextmanager
def nothing_left() -> Iterator[None]:
    """Asserts that no process of those that were started meanwhile is left running, whoever was killed."""
    with orphans_come_here():
        before = set(left_running(0.0))
        yield
        end_s = time.monotonic() + 10.0
        while (left := [line for line in left_running(0.0) if line not in before]) and time.monotonic() < end_s:
            time.sleep(0.1)
        assert left == []
