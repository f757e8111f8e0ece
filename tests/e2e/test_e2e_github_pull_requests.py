"""Pull requests of people's: failing checks fixed on their branch, guidance followed, and what cannot be pushed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import FIXED_PRICING, FIXED_RATES, PRICING, RATES, RED_TESTS, SHOP, git
from github_app import RunningApp
from github_stories import (
    answers,
    concluded,
    headline,
    job_log,
    needs_world,
    our_checks,
    push,
    running,
    settled,
    verdict,
)
from redis_at_hand import RedisAtHand

pytestmark = needs_world
RED = {"rates.py": RATES, "tests/test_rates.py": RED_TESTS}
WISH = """\
/fixbugs A total of exactly 100 gets no discount.

```python
from pricing import discount
discount(100)
```

I expected `90.0`, got `100`.
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, shared_redis: RedisAtHand) -> Iterator[RunningApp]:
    with running(tmp_path_factory, cache_dir, shared_redis, SHOP, private=False) as app:
        yield app


def test_a_failing_check_is_fixed_by_a_commit_on_the_pull_requests_branch(app: RunningApp, tmp_path: Path) -> None:
    world = app.world
    sha = push(app, tmp_path / "code", "rates", RED)
    number = world.open_pull("rates", "Add rates")
    world.fail_check(sha, job_log(tmp_path / "code"), branch="rates", name="test (3.11)")

    world.comment(number, "This one should be easy.\n\n/fixbugs", by="bob")

    said = verdict(app, number)
    (fix,) = git(world.mirror(), "rev-list", f"{sha}..rates").split()
    assert git(world.mirror(), "show", "rates:rates.py") == FIXED_RATES
    assert git(world.mirror(), "diff", "--name-only", sha, "rates").split() == ["rates.py"]
    assert headline(said) == "### ✅ Fixed"
    assert f"Pushed to `rates`: the fix ([`{fix[:7]}`]" in said
    assert "asked for by bob" in said
    assert concluded(app, sha) == ["success"]
    assert concluded(app, fix) == ["success"]
    assert world.pulls(by_bot=True) == []
    assert answers(app, number) == []


def test_without_a_failing_check_the_guidance_says_what_to_fix(app: RunningApp, tmp_path: Path) -> None:
    world = app.world
    sha = push(app, tmp_path / "code", "docs", {"README.md": "# Shop\n"})
    number = world.open_pull("docs", "Describe the shop")

    world.comment(number, WISH)

    said = verdict(app, number)
    fix, test = git(world.mirror(), "rev-list", f"{sha}..docs").split()
    assert git(world.mirror(), "show", f"{test}:pricing.py") == PRICING
    assert git(world.mirror(), "show", f"{fix}:pricing.py") == FIXED_PRICING
    assert f"the failing test ([`{test[:7]}`]" in said
    assert f"then the fix ([`{fix[:7]}`]" in said


def test_with_neither_a_failing_check_nor_guidance_it_says_what_it_needs(app: RunningApp, tmp_path: Path) -> None:
    sha = push(app, tmp_path / "code", "fine", {"README.md": "# Fine\n"})
    number = app.world.open_pull("fine", "All is well")

    app.world.comment(number, "/fixbugs")

    said = app.answer(number, "No check fails on this pull request")
    assert "`/fixbugs` and your words" in said
    assert our_checks(app, sha) == []


def test_a_failed_check_of_a_labelled_pull_request_is_fixed_once_whatever_webhooks_tell_of_it(
    app: RunningApp, tmp_path: Path
) -> None:
    world = app.world
    sha = push(app, tmp_path / "code", "labelled", RED)
    number = world.open_pull("labelled", "Add rates, labelled")
    world.label(number, "fixbugs")
    world.settle()

    world.fail_check(sha, job_log(tmp_path / "code"), branch="labelled")
    world.settle()
    for event in ("check_run", "check_suite"):
        (told,) = [d for d in world.deliveries() if d["event"] == event and d["action"] == "completed" and _is(d, sha)]
        world.redeliver(told["guid"])
    _workflow_run(app, sha, "labelled", number)

    assert headline(verdict(app, number)) == "### ✅ Fixed"
    assert git(world.mirror(), "show", "labelled:rates.py") == FIXED_RATES
    assert len(git(world.mirror(), "rev-list", f"{sha}..labelled").split()) == 1
    assert len(world.comments(number, by_bot=True)) == 1
    assert len(our_checks(app, sha)) == 1


def test_a_failed_check_of_a_pull_request_without_the_label_starts_nothing(app: RunningApp, tmp_path: Path) -> None:
    world = app.world
    sha = push(app, tmp_path / "code", "plain", RED)
    number = world.open_pull("plain", "Add rates, unlabelled")

    world.fail_check(sha, job_log(tmp_path / "code"), branch="plain")
    settled(app)

    assert world.comments(number, by_bot=True) == []
    assert our_checks(app, sha) == []


def test_a_branch_that_refuses_the_push_gets_a_pull_request_of_its_own(app: RunningApp, tmp_path: Path) -> None:
    world = app.world
    sha = push(app, tmp_path / "code", "guarded", RED)
    number = world.open_pull("guarded", "Add rates, guarded")
    world.fail_check(sha, job_log(tmp_path / "code"), branch="guarded")
    world.fault(
        "PATCH", "/git/refs/heads/guarded", 422, times=99, message="Changes must be made through a pull request."
    )

    world.comment(number, "/fixbugs")

    said = verdict(app, number)
    (pull,) = [pull for pull in world.pulls(by_bot=True) if pull["base"]["ref"] == "guarded"]
    assert world.head("guarded") == sha
    assert git(world.mirror(), "show", f"{pull['head']['sha']}:rates.py") == FIXED_RATES
    assert f"Pull request [#{pull['number']}]" in said
    assert "Changes must be made through a pull request." in said


def test_a_forks_pull_request_gets_the_fix_as_a_patch(app: RunningApp, tmp_path: Path) -> None:
    world = app.world
    fork = world.fork(by="bob")
    push(app, tmp_path / "code", "from-afar", RED)
    sha = world.push(tmp_path / "code", "afar", by="bob", repository=fork)
    number = world.open_pull("bob:afar", "Add rates, from afar", by="bob")
    world.fail_check(sha, job_log(tmp_path / "code"), branch="afar")

    world.comment(number, "/fixbugs", by="ada")

    said = verdict(app, number)
    assert "The fix could not be pushed, so here it is as a patch." in said
    patch = said.split("```diff\n", 1)[1].split("```", 1)[0]
    (tmp_path / "fixbugs.patch").write_text(patch)
    git(tmp_path / "code", "checkout", "--quiet", sha)
    git(tmp_path / "code", "apply", str(tmp_path / "fixbugs.patch"))
    assert (tmp_path / "code" / "rates.py").read_text() == FIXED_RATES


def _is(delivery: dict[str, object], sha: str) -> bool:
    return sha in str(delivery["body"])


def _workflow_run(app: RunningApp, sha: str, branch: str, number: int) -> None:
    """The emulator sends none of these."""
    world = app.world
    repository = world.ask("GET", "")
    run = {
        "id": 1,
        "name": "CI",
        "head_branch": branch,
        "head_sha": sha,
        "conclusion": "failure",
        "status": "completed",
        "pull_requests": [{"number": number}],
        "head_repository": repository,
    }
    payload = {
        "action": "completed",
        "workflow_run": run,
        "repository": repository,
        "sender": {"login": "ada", "type": "User"},
        "installation": {"id": world.installation_id},
    }
    assert world.send("workflow_run", payload).status_code == 202
