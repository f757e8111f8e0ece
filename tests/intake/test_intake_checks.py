"""Held: when a failed check starts a run by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis
from desk_world import HEAD, DeskWorld, checks_failed, says, wait

from bot.core.forge import Origin
from bot.core.run import Goal, TriggerKind, Verdict
from fake_forge import BASE, PLACE, pull

OURS = "fixbugs/issue-12-total-is-wrong"


@pytest.fixture
def world(redis_client: redis.Redis) -> DeskWorld:
    world = DeskWorld(redis_client)
    world.forge.threads[34] = replace(pull(34), labels=("FixBugs", "bug"))
    world.forge.threads[35] = pull(35)
    return world


def moves(world: DeskWorld, number: int, sha: str) -> None:
    """Somebody pushes to a pull request."""
    thread = world.forge.threads[number]
    assert thread.pull is not None
    world.forge.threads[number] = replace(thread, pull=replace(thread.pull, head_sha=sha))


@pytest.mark.parametrize(
    ("settings", "number", "runs"),
    [
        ("failed_checks: off", 34, 0),
        ("failed_checks: off", 35, 0),
        ("", 34, 1),
        ("", 35, 0),
        ("failed_checks: labeled", 34, 1),
        ("failed_checks: labeled", 35, 0),
        ("failed_checks: always", 34, 1),
        ("failed_checks: always", 35, 1),
        ("label: help", 34, 0),
        ("failed_check: always", 34, 0),  # mistyped: nobody is asked, so nothing begins
    ],
)
def test_the_settings_say_which_pull_requests_are_fixed(
    world: DeskWorld, settings: str, number: int, runs: int
) -> None:
    world.settings(settings)
    world.tell(checks_failed(number))
    assert len(world.runs()) == runs
    assert world.said == []


def test_a_run_of_a_failed_check_is_about_the_pull_request(world: DeskWorld) -> None:
    world.tell(checks_failed(34))
    run = world.only_run().run
    assert (run.goal, run.ref, run.origin) == (Goal.FIX, "refs/pull/34/head", Origin(PLACE, 34, True, HEAD))
    assert (run.trigger.kind, run.trigger.actor) == (TriggerKind.FAILED_CHECK, "github-actions")
    assert "role" not in world.forge.calls


def test_a_commit_whose_pull_request_is_not_named_is_looked_up(world: DeskWorld) -> None:
    world.tell(checks_failed())
    assert world.only_run().run.origin == Origin(PLACE, 34, True, HEAD)


def test_the_first_pull_request_that_the_settings_allow_is_fixed(world: DeskWorld) -> None:
    world.tell(checks_failed(35, 34, 99))
    assert world.only_run().run.origin == Origin(PLACE, 34, True, HEAD)


def test_one_commit_starts_one_run_however_many_checks_fail(world: DeskWorld) -> None:
    events = [checks_failed(34, source=source) for source in ("check_run", "check_suite", "workflow_run")]
    world.tell_at_once(*events)
    world.tell(*events)
    world.end(world.only_run().run.id)
    world.tell(*events)
    assert (world.runs(), world.said) == ([], [])


def test_the_next_commit_starts_the_next_run(world: DeskWorld) -> None:
    world.tell(checks_failed(34))
    world.end(world.only_run().run.id)
    moves(world, 34, "e" * 40)
    world.tell(checks_failed(34, sha="e" * 40))
    assert len(world.runs()) == 1


def test_a_stopped_run_is_not_started_again_by_the_same_commit(world: DeskWorld) -> None:
    world.tell(checks_failed(34))
    world.end(world.only_run().run.id, Verdict.STOPPED)
    world.tell(checks_failed(34))
    assert world.runs() == []


def test_a_commit_that_is_no_longer_the_head_starts_nothing(world: DeskWorld) -> None:
    moves(world, 34, "e" * 40)
    world.tell(checks_failed(34))
    assert world.runs() == []


def test_a_closed_or_missing_pull_request_starts_nothing(world: DeskWorld) -> None:
    world.forge.threads[34] = replace(world.forge.threads[34], open=False)
    world.tell(checks_failed(34, 99))
    assert world.runs() == []


def test_our_own_checks_start_nothing(world: DeskWorld) -> None:
    world.tell(checks_failed(34, app="fixbugs"))
    assert world.runs() == []


@pytest.mark.parametrize("change", [{"archived": True}, {"empty": True}])
def test_a_repository_that_cannot_be_worked_on_starts_nothing(world: DeskWorld, change: dict[str, bool]) -> None:
    world.forge.facts = replace(world.forge.facts, **change)  # type: ignore[arg-type] # all of these are booleans
    world.settings("failed_checks: always")
    world.tell(checks_failed(34), checks_failed(sha=BASE, branch="main"))
    assert (world.runs(), world.said) == ([], [])


# ------------------------------------------------------- branches of ours


def with_pull_of_ours(world: DeskWorld) -> None:
    world.settings("failed_checks: always")
    world.forge.threads[100] = pull(100, head=OURS, sha="1" * 40)


def test_a_branch_of_ours_is_worked_on_twice_at_most(world: DeskWorld) -> None:
    with_pull_of_ours(world)
    begun = []
    for digit in "1234":
        moves(world, 100, digit * 40)
        for _ in range(3):
            world.tell(checks_failed(100, sha=digit * 40, branch=OURS))
        for record in world.runs():
            begun.append(record.run.origin and record.run.origin.head_sha)
            world.end(record.run.id)
    assert begun == ["1" * 40, "2" * 40]


def test_many_checks_of_one_commit_of_ours_at_once_count_once(world: DeskWorld) -> None:
    with_pull_of_ours(world)
    world.tell_at_once(*[checks_failed(100, sha="1" * 40, branch=OURS) for _ in range(6)])
    world.end(world.only_run().run.id)
    world.tell(checks_failed(100, sha="1" * 40, branch=OURS))
    assert world.runs() == []
    moves(world, 100, "2" * 40)
    world.tell(checks_failed(100, sha="2" * 40, branch=OURS))
    assert len(world.runs()) == 1


def test_a_forks_branch_that_is_named_like_ours_is_not_ours(world: DeskWorld) -> None:
    world.settings("failed_checks: always")
    for digit in "123":
        world.forge.threads[100] = pull(100, head=OURS, sha=digit * 40, fork="mallory/shop")
        world.tell(checks_failed(100, sha=digit * 40, branch=OURS))
        world.end(world.only_run().run.id)


def test_the_failing_test_that_we_push_first_starts_nothing_while_its_run_goes_on(world: DeskWorld) -> None:
    with_pull_of_ours(world)
    world.tell(says())
    wait(world.register.set_pull(world.only_run().run.id, PLACE, 100))
    world.tell(checks_failed(100, sha="1" * 40, branch=OURS))
    assert world.only_run().run.trigger.kind is TriggerKind.COMMENT


# ------------------------------------------------------------ no pull request


@pytest.mark.parametrize(("settings", "runs"), [("", 0), ("failed_checks: off", 0), ("failed_checks: always", 1)])
def test_the_default_branch_is_fixed_only_with_always(world: DeskWorld, settings: str, runs: int) -> None:
    world.settings(settings)
    world.tell(checks_failed(sha=BASE, branch="main"))
    assert len(world.runs()) == runs


def test_a_run_on_the_default_branch_works_on_the_commit_that_failed(world: DeskWorld) -> None:
    world.forge.facts = replace(world.forge.facts, default_branch="trunk")
    world.forge.branches["trunk"] = BASE
    world.settings("failed_checks: always")
    world.tell(checks_failed(sha=BASE, branch="trunk"), checks_failed(sha=BASE, branch=""))
    run = world.only_run().run
    assert (run.ref, run.origin) == (BASE, Origin(PLACE, head_sha=BASE, branch="trunk"))


@pytest.mark.parametrize(("sha", "branch"), [(BASE, "release"), ("e" * 40, "main"), ("e" * 40, "")])
def test_other_branches_older_commits_and_forks_start_nothing(world: DeskWorld, sha: str, branch: str) -> None:
    world.settings("failed_checks: always")
    world.tell(checks_failed(sha=sha, branch=branch))
    assert world.runs() == []
