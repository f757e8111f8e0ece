"""A fix for a pull request that is there already goes onto its branch, or as near to it as it may."""

from __future__ import annotations

from dataclasses import replace

import pytest
from publishing_world import PULL, SHA, World, asked, no_pull_opened

import builders
from bot.core.errors import Conflict, Forbidden
from bot.core.outcomes import RunRecord
from bot.publishing.push import MOST_BODY_BYTES
from fake_forge import WEB, FakeForge, pull


def fixed() -> RunRecord:
    return asked(builders.fixed_record(), PULL)


def from_fork(*, may: bool = True, gone: bool = False) -> World:
    """Pull request 34 comes from a fork that the App cannot write to, whatever its author allows."""
    world = World()
    theirs = world.forge.threads[34]
    assert theirs.pull
    facts = replace(theirs.pull, head_repository="" if gone else "eve/shop", maintainer_can_modify=may)
    world.forge.threads[34] = replace(theirs, pull=facts)
    world.forge.forks["eve/shop"] = {"totals": SHA}
    world.forge.closed.add("eve/shop")
    return world


def test_both_commits_go_onto_the_pull_requests_branch_at_once() -> None:
    world = World()

    publication = world.publish(fixed())

    assert [files for _, _, files in world.history("totals")] == [
        {"tests/test_dates.py": builders.TEST_AFTER.encode()},
        {"paperboy/dates.py": builders.AFTER.encode()},
    ]
    assert world.forge.calls.count("move_branch") == 1
    assert "Pushed to `totals`" in world.bodies[0]
    assert publication.places[0] == ("pull_request", f"{WEB}/pull/34")
    assert no_pull_opened(world)


def test_somebodys_pull_request_keeps_its_own_words_and_is_not_taken_for_ours() -> None:
    world = World()

    world.publish(fixed())

    assert world.forge.threads[34].body == "It adds totals."
    assert world.register.pulls == {}


def test_the_check_is_on_the_commit_that_failed_and_on_the_fix() -> None:
    world = World()

    world.publish(fixed())

    assert [sha for sha, _ in world.forge.checks.values()] == [SHA, world.forge.branches["totals"]]


def test_a_branch_that_moved_on_is_left_alone_and_the_comment_carries_the_patch() -> None:
    world = World()
    world.forge.branches["totals"] = "e" * 40

    world.publish(fixed())

    assert world.forge.branches["totals"] == "e" * 40
    assert "`totals` has moved on to `eeeeeee`" in world.bodies[0]
    assert "`/fixbugs retry` proves the fix on the new commit." in world.bodies[0]
    assert "git apply" in world.bodies[0]
    assert no_pull_opened(world)


def test_a_branch_that_moves_on_in_the_last_moment_is_left_alone_too() -> None:
    class Racing(FakeForge):
        async def move_branch(self, *args, **kwargs):  # type: ignore[no-untyped-def] # passes on whatever it is given
            self.branches["totals"] = "e" * 40
            return await super().move_branch(*args, **kwargs)

    calm = World()
    world = World(Racing(branches=dict(calm.forge.branches), threads=dict(calm.forge.threads)))

    world.publish(fixed())

    assert world.forge.branches["totals"] == "e" * 40
    assert "has moved on to `eeeeeee`" in world.bodies[0]
    assert no_pull_opened(world)


@pytest.mark.parametrize("error", [Conflict("A rule protects it."), Forbidden("A rule protects it.")])
def test_a_rule_that_refuses_the_push_gets_a_pull_request_onto_the_branch(error: Exception) -> None:
    world = World()
    world.forge.faults["move_branch"] = [error]

    world.publish(fixed())

    ((branch, base, _, _, _),) = world.forge.pulls.values()
    assert base == "totals"
    assert len(world.history(branch)) == 2
    assert world.forge.branches["totals"] == SHA
    assert "onto this one’s branch" in world.bodies[0]
    assert "`totals` takes no push from FixBugs. A rule protects it." in world.bodies[0]


def test_where_no_branch_may_be_made_either_the_comment_carries_the_patch() -> None:
    world = World()
    world.forge.faults["move_branch"] = [Forbidden("A rule protects it.")]
    world.forge.faults["create_branch"] = [Forbidden("No branch may be made.")]

    world.publish(fixed())

    assert "No branch may be made." in world.bodies[0]
    assert "git apply" in world.bodies[0]


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (from_fork(may=False), "does not let maintainers push to `eve/shop`"),
        (from_fork(), "FixBugs may not push to the fork `eve/shop`"),
        (from_fork(gone=True), "The fork that this pull request came from is gone."),
    ],
    ids=["locked", "not installed", "gone"],
)
def test_a_fork_that_cannot_be_pushed_to_gets_the_patch_in_the_comment_and_the_reason(world: World, said: str) -> None:
    world.publish(fixed())

    assert said in world.bodies[0]
    assert "git apply" in world.bodies[0]
    assert world.forge.forks["eve/shop"] == {"totals": SHA}
    assert no_pull_opened(world)


def test_a_fork_that_may_be_pushed_to_gets_the_commits() -> None:
    world = from_fork()
    world.forge.closed.clear()

    world.publish(fixed())

    assert world.forge.forks["eve/shop"]["totals"] in world.forge.commits
    assert world.forge.branches["totals"] == SHA


def test_a_fork_whose_branch_moved_on_is_said_to_have_moved_on() -> None:
    world = from_fork()
    world.forge.closed.clear()
    world.forge.forks["eve/shop"]["totals"] = "e" * 40

    world.publish(fixed())

    assert "has moved on to `eeeeeee`" in world.bodies[0]


@pytest.mark.parametrize(("merged", "word"), [(True, "merged"), (False, "closed")])
def test_a_pull_request_that_was_closed_meanwhile_is_not_pushed_to(merged: bool, word: str) -> None:
    world = World()
    theirs = world.forge.threads[34]
    assert theirs.pull
    world.forge.threads[34] = replace(theirs, open=False, pull=replace(theirs.pull, merged=merged))

    world.publish(fixed())

    assert world.forge.branches["totals"] == SHA
    assert f"Pull request 34 was {word}" in world.bodies[0]


def test_a_pull_request_of_ours_says_the_newest_proof_and_belongs_to_the_newest_run() -> None:
    world = World()
    world.register.pulls["acme/shop", 34] = "run-before"
    record = fixed()

    world.publish(record)

    body = world.forge.threads[34].body
    assert body.startswith("It adds totals.")
    assert body.count("fixbugs revision") == 1
    assert world.register.pulls == {("acme/shop", 34): record.run.id}


def test_a_second_revision_replaces_what_the_first_one_said() -> None:
    world = World()
    world.register.pulls["acme/shop", 34] = "run-before"
    world.publish(fixed())
    once = world.forge.threads[34].body
    head = world.forge.branches["totals"]
    second = fixed()
    commit = replace(builders.dossier().commit, sha=head)
    second = builders.with_artifacts(second, replace(builders.dossier(), commit=commit))
    second = replace(second, run=replace(second.run, id="run-2"))
    world.code.history = ((commit, world.code.history[0][1]),)

    world.publish(second)

    body = world.forge.threads[34].body
    assert body.count("fixbugs revision") == 1
    assert body.split("<!-- fixbugs revision -->")[0] == once.split("<!-- fixbugs revision -->")[0]
    assert world.register.pulls == {("acme/shop", 34): "run-2"}


def test_a_text_that_has_no_room_for_the_revision_stays_as_it_is() -> None:
    world = World()
    world.register.pulls["acme/shop", 34] = "run-before"
    full = "x" * MOST_BODY_BYTES
    world.forge.threads[34] = replace(world.forge.threads[34], body=full)

    world.publish(fixed())

    assert world.forge.threads[34].body == full
    assert "Pushed to `totals`" in world.bodies[0]


def test_a_revision_whose_text_cannot_be_written_is_delivered_all_the_same() -> None:
    world = World()
    world.register.pulls["acme/shop", 34] = "run-before"
    world.forge.faults["edit_pull"] = [Forbidden("It is locked.")]

    world.publish(fixed())

    assert "Pushed to `totals`" in world.bodies[0]


def test_nothing_is_pushed_to_the_default_branch_even_where_a_pull_request_comes_from_it() -> None:
    world = World()
    world.forge.threads[34] = pull(34, head="main", sha=SHA)

    world.publish(fixed())

    assert world.forge.branches["main"] == SHA
    assert "`main` is the default branch, to which FixBugs never pushes." in world.bodies[0]
    (branch, base, *_) = world.forge.pulls[100]
    assert (branch.startswith("fixbugs/pull-34"), base) == (True, "main")
