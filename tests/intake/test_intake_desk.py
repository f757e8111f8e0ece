"""Held: every kind of command has somebody who carries it out, and installations come and go."""

from __future__ import annotations

from typing import get_args

import pytest
import redis
from desk_world import ADA, DeskWorld, checks_failed, discussed, labelled, reviewed, says, wait
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.core.commands import Ask, Button, Command, InstallationChanged, Pressed, ThreadClosed, Unlabelled
from bot.core.errors import FixbugsError, Transient
from bot.core.run import Verdict
from bot.intake.desk import CARRIED_OUT_BY, Desk
from bot.intake.policies import Policies
from bot.publishing.notices import Notices
from fake_forge import PLACE, FakeForge, issue

EVERY_KIND: tuple[Command, ...] = (
    labelled(),
    Unlabelled(PLACE, 12, False, ADA, "fixbugs"),
    ThreadClosed(PLACE, 12, False, ADA),
    says(),
    discussed(None),
    reviewed(),
    checks_failed(34),
    Pressed(PLACE, ADA, "20260105-120000-000000", Button.STOP),
    InstallationChanged(7, "acme", "created"),
)


@pytest.fixture
def world(redis_client: redis.Redis) -> DeskWorld:
    return DeskWorld(redis_client)


def changed(action: str, *, added: tuple[str, ...] = (), removed: tuple[str, ...] = ()) -> InstallationChanged:
    return InstallationChanged(PLACE.installation_id, "acme", action, added, removed)


def test_every_kind_of_command_is_carried_out_by_somebody() -> None:
    kinds = set(get_args(Command))
    assert set(CARRIED_OUT_BY) == kinds
    assert {type(command) for command in EVERY_KIND} == kinds


@pytest.mark.parametrize("command", EVERY_KIND, ids=lambda command: type(command).__name__)
def test_a_redis_that_is_away_makes_every_command_wait(command: Command, tmp_path: object) -> None:
    client = redis.Redis(unix_socket_path=f"{tmp_path}/none.sock", retry=Retry(NoBackoff(), 0))
    with pytest.raises(Transient):
        DeskWorld(client).tell(command)


@pytest.mark.parametrize("action", ["deleted", "suspend"])
def test_a_removed_app_stops_its_runs_quietly_and_hears_nothing_more(world: DeskWorld, action: str) -> None:
    world.tell(says())
    run_id = world.only_run().run.id
    world.tell(changed(action))
    assert world.record(run_id).verdict is Verdict.STOPPED
    assert world.board.shown == [run_id]
    world.end(run_id)
    world.tell(says(comment_id=502), labelled())
    assert (world.runs(), world.said) == ([], [])


@pytest.mark.parametrize("action", ["created", "unsuspend", "new_permissions_accepted"])
def test_an_app_that_is_back_hears_again(world: DeskWorld, action: str) -> None:
    world.tell(changed("suspend"), changed(action), says())
    assert len(world.runs()) == 1


def test_only_the_runs_of_a_removed_repository_are_stopped(world: DeskWorld) -> None:
    world.tell(says(), changed("removed", removed=("acme/other",)))
    run_id = world.only_run().run.id
    assert world.record(run_id).verdict is None
    world.tell(changed("removed", removed=("Acme/Shop",)))
    assert world.record(run_id).verdict is Verdict.STOPPED


def test_the_settings_are_fetched_once_for_a_burst_of_events(world: DeskWorld) -> None:
    world.tell_at_once(checks_failed(34))
    world.tell_at_once(checks_failed(34))
    assert world.forge.calls.count("file") == 1
    world.clock.seconds += 6
    world.tell_at_once(checks_failed(34))
    assert world.forge.calls.count("file") == 2


def test_what_could_not_be_fetched_is_not_remembered(world: DeskWorld) -> None:
    world.forge.faults["file"] = [Transient("GitHub answered 502.")]
    policies = Policies(world.forge, world.clock)
    with pytest.raises(FixbugsError):
        wait(policies.of(PLACE))
    assert wait(policies.of(PLACE)).errors == ()


def test_a_whole_story_has_one_comment_that_tells_it(redis_client: redis.Redis) -> None:
    """The real notices in the place of the remembered ones: label, ten more deliveries, stop."""
    forge = FakeForge(threads={12: issue(12)})
    world = DeskWorld(redis_client, forge)
    notices = Notices(forge, world.store, world.register, world.clock, gap_s=3.0)
    desk = Desk(forge, world.store, world.register, world.bell, notices, world.clock)
    for command in [labelled()] * 5 + [says(comment_id=number) for number in range(5)] + [says(Ask.STOP)]:
        wait(desk.carry_out(command))
        world.clock.seconds += 4
    ((number, body),) = forge.comments.values()
    assert number == 12
    assert "Stopped" in body
    assert "ada" in body
