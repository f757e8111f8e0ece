"""Held: whoever carries out a command may die at any call it makes, before or after its effect; who carries it out
again ends with one run and one answer."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis
from desk_world import MALLORY, DeskWorld, checks_failed, labelled, reviewed, says, wait

from bot.core.commands import Ask, Command
from bot.core.run import Verdict
from bot.intake.desk import Desk
from fake_forge import PLACE, pull


class Died(BaseException):
    """A process that is killed says nothing."""


class Mortal:
    """Passes calls on; the one that `fuse` counts down to ends it, before or after its effect."""

    def __init__(self, inner: object, fuse: Callable[[], bool], after: bool) -> None:
        self._inner, self._fuse, self._after = inner, fuse, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found) or name in ("alone", "comment_url"):
            return found

        if inspect.iscoroutinefunction(found):

            async def awaited(*args: Any, **named: Any) -> Any:
                dies = self._fuse()
                if dies and not self._after:
                    raise Died(name)
                value = await found(*args, **named)
                if dies:
                    raise Died(name)
                return value

            return awaited

        def called(*args: Any, **named: Any) -> Any:
            dies = self._fuse()
            if dies and not self._after:
                raise Died(name)
            value = found(*args, **named)
            if dies:
                raise Died(name)
            return value

        return called


def carried_out_mortally(world: DeskWorld, command: Command, at: int, *, after: bool) -> bool:
    """Whether somebody died of it."""
    calls = itertools.count(1)

    def fuse() -> bool:
        return next(calls) == at

    outside = [world.forge, world.store, world.register, world.bell, world.board]
    forge, store, register, bell, board = (Mortal(part, fuse, after) for part in outside)
    desk = Desk(forge, store, register, bell, board, world.clock, suffix=lambda: f"dead{at:02x}")
    try:
        wait(desk.carry_out(command))
    except Died:
        return True
    return False


def on_issue(world: DeskWorld) -> None:
    """Nothing has happened yet."""


def on_pull(world: DeskWorld) -> None:
    world.forge.threads[34] = replace(pull(34), labels=("fixbugs",))
    world.fails()


def on_pull_of_ours(world: DeskWorld) -> None:
    world.tell(says(comment_id=1))
    run_id = world.only_run().run.id
    wait(world.register.set_pull(run_id, PLACE, 100))
    world.end(run_id)
    world.forge.threads[100] = replace(pull(100, head="fixbugs/issue-12"), labels=("fixbugs",))


# What went before, the command, and how many runs and answers there are in the end.
STORIES: dict[str, tuple[Callable[[DeskWorld], None], Command, int, int]] = {
    "a comment": (on_issue, says(), 1, 0),
    "a label": (on_issue, labelled(), 1, 0),
    "a pull request": (on_pull, says(number=34, pull=True), 1, 0),
    "a failed check": (on_pull, checks_failed(34), 1, 0),
    "a failed check of ours": (on_pull_of_ours, checks_failed(100), 1, 0),
    "a review": (on_pull_of_ours, reviewed(), 1, 0),
    "a question": (on_issue, says(Ask.HELP), 0, 1),
    "a refusal": (on_issue, says(actor=MALLORY), 0, 1),
}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("story", STORIES)
def test_a_command_that_somebody_died_of_is_carried_out_once(
    redis_client: redis.Redis, story: str, after: bool
) -> None:
    prepare, command, runs, answers = STORIES[story]
    for at in itertools.count(1):
        redis_client.flushall()
        world = DeskWorld(redis_client)
        prepare(world)
        died = carried_out_mortally(world, command, at, after=after)
        world.tell(command)
        world.tell(command)
        assert (len(world.runs()), len(world.said)) == (runs, answers), f"died at call {at}"
        wait(world.register.admit())
        assert all(record.started_at is not None and record.handed_in == () for record in world.runs())
        if not died:
            assert at > 3
            return


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_stop_that_somebody_died_of_stops(redis_client: redis.Redis, after: bool) -> None:
    for at in itertools.count(1):
        redis_client.flushall()
        world = DeskWorld(redis_client)
        world.tell(says())
        run_id = world.only_run().run.id
        died = carried_out_mortally(world, says(Ask.STOP, comment_id=502), at, after=after)
        world.tell(says(Ask.STOP, comment_id=502))
        assert world.record(run_id).verdict is Verdict.STOPPED
        assert world.said == []
        if not died:
            return
