"""A worker may be killed at any call it makes to the outside, before or after it took effect, any number of times: the
run ends with one comment, one pull request and the same commits all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mortal import KilledError, Life, mortal
from publishing_world import BRANCH, ISSUE, PULL, SHA, World, asked, publishing_memory

import builders
from bot.core.artifacts import Publication
from bot.core.forge import Origin, ThreadFacts
from bot.core.outcomes import RunRecord
from bot.core.run import Verdict
from bot.publishing.notices import Notices
from bot.publishing.pull_requests import ForgePublisher
from bot.render.github.view import DeliveryKind

FILES = [{"tests/test_dates.py": builders.TEST_AFTER.encode()}, {"paperboy/dates.py": builders.AFTER.encode()}]
ENOUGH = 200  # calls; no publication makes so many


def live(world: World, record: RunRecord, life: Life) -> Publication | None:
    """One worker's publication; None when it died."""

    async def published() -> Publication:
        await world.store.hold(record)
        forge, store, register = (
            mortal(world.forge, life),
            mortal(world.store, life),
            mortal(world.register, life),
        )
        notices = Notices(forge, store, register, world.clock)
        return await ForgePublisher(forge, world.code, store, register, notices, world.clock).publish(record)

    try:
        return asyncio.run(published())
    except KilledError:
        world.clock.pass_s(60)  # until its leases have ended and the sweeper has come by
        return None


def calls_of(make: Callable[[], World], record: RunRecord) -> int:
    life = Life(ENOUGH, after=False)
    assert live(make(), record, life) is not None
    return life.calls


def every_death(make: Callable[[], World], record: RunRecord, check: Callable[[World], None]) -> None:
    """Dies at each call in turn, before and after its effect, then once more at the same call, then lives."""
    last = calls_of(make, record)
    assert last > 5
    for after in (False, True):
        for ends_at in range(1, last + 1):
            for deaths in (1, 3):
                world = make()
                for _ in range(deaths):
                    live(world, record, Life(ends_at, after))
                assert live(world, record, Life(ENOUGH, after)) is not None
                check(world)


def one_comment(world: World, kind: DeliveryKind) -> None:
    (body,) = world.bodies
    assert "is being written" not in body
    delivered = asyncio.run(publishing_memory(world).delivered())
    assert delivered is not None
    assert delivered.kind is kind
    shas = [sha for sha, _ in world.forge.checks.values()]
    assert len(set(shas)) == len(shas)
    assert all(report.state.ended for _, report in world.forge.checks.values())


def new_pull(world: World) -> None:
    one_comment(world, DeliveryKind.NEW_PULL)
    ((branch, base, _, _, opened),) = world.forge.pulls.values()
    assert (branch, base, opened.draft) == (BRANCH, "main", False)
    assert sorted(world.forge.branches) == [BRANCH, "main", "totals"]
    assert [files for _, _, files in world.history(BRANCH)] == FILES
    assert f"[#{opened.number}]" in world.bodies[0]
    assert list(world.register.pulls) == [("acme/shop", opened.number)]
    assert [sha for sha, _ in world.forge.checks.values()] == [world.forge.branches[BRANCH]]


def test_a_new_pull_request() -> None:
    every_death(World, asked(builders.fixed_record(), ISSUE, draft=False), new_pull)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.builds(Life, st.integers(1, 40), st.booleans()), max_size=8))
def test_a_new_pull_request_by_many_workers_that_die_each_in_its_own_way(lives: list[Life]) -> None:
    world, record = World(), asked(builders.fixed_record(), ISSUE, draft=False)

    for life in [*lives, Life(ENOUGH, after=False)]:
        live(world, record, Life(life.ends_at, life.after))

    new_pull(world)


def test_commits_on_somebodys_branch() -> None:
    def check(world: World) -> None:
        one_comment(world, DeliveryKind.PUSHED)
        assert [files for _, _, files in world.history("totals")] == FILES
        assert world.forge.pulls == {}
        assert [sha for sha, _ in world.forge.checks.values()] == [SHA, world.forge.branches["totals"]]

    every_death(World, asked(builders.fixed_record(), PULL), check)


def test_a_revision_of_our_own_pull_request() -> None:
    def ours() -> World:
        world = World()
        world.register.pulls["acme/shop", 34] = "run-before"
        return world

    def check(world: World) -> None:
        one_comment(world, DeliveryKind.PUSHED)
        assert [files for _, _, files in world.history("totals")] == FILES
        assert world.forge.threads[34].body.count("fixbugs revision") == 1
        assert world.register.pulls == {("acme/shop", 34): "run-7f3a"}

    every_death(ours, asked(builders.fixed_record(), PULL), check)


def test_a_stacked_pull_request() -> None:
    def protected() -> World:
        world = World()
        world.forge.protected.add("totals")
        return world

    def check(world: World) -> None:
        one_comment(world, DeliveryKind.STACKED)
        ((branch, base, _, _, _),) = world.forge.pulls.values()
        assert base == "totals"
        assert [files for _, _, files in world.history(branch)] == FILES
        assert world.forge.branches["totals"] == SHA

    every_death(protected, asked(builders.fixed_record(), PULL), check)


def test_a_patch_in_the_comment() -> None:
    def from_a_fork() -> World:
        world = World()
        theirs: ThreadFacts = world.forge.threads[34]
        assert theirs.pull
        fork = replace(theirs.pull, head_repository="eve/shop", maintainer_can_modify=True)
        world.forge.threads[34] = replace(theirs, pull=fork)
        world.forge.forks["eve/shop"] = {"totals": SHA}
        world.forge.closed.add("eve/shop")
        return world

    def check(world: World) -> None:
        one_comment(world, DeliveryKind.PATCH)
        assert "git apply" in world.bodies[0]
        assert world.forge.pulls == {}

    every_death(from_a_fork, asked(builders.fixed_record(), PULL), check)


@pytest.mark.parametrize("origin", [ISSUE, PULL])
def test_a_run_without_a_fix(origin: Origin) -> None:
    def check(world: World) -> None:
        one_comment(world, DeliveryKind.NONE)
        assert world.forge.commits == {}

    every_death(World, asked(builders.no_fix_record(Verdict.NO_FIX_FOUND), origin), check)
