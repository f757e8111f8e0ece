"""What people see of a run is one comment and one check per commit, edited in place, not too often, last state last."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from publishing_world import ISSUE, PULL, SHA, World, asked, going_on, publishing, small_forge

import builders
from bot.core.artifacts import Judgement
from bot.core.errors import Absent, Conflict, Forbidden, Permanent, Transient, Unauthorized
from bot.core.forge import CheckState, Origin
from bot.core.outcomes import RunRecord, StageRecord, StageState
from bot.core.run import Commit, Goal, StageName, Verdict
from bot.publishing.notices import Notices
from bot.render.github.markers import marker
from fake_forge import PLACE, FakeForge

ENDED = publishing(asked(builders.no_fix_record(Verdict.NEEDS_INFORMATION)), StageState.DONE)


def further(record: RunRecord, finding: str = "pytest, 23 tests") -> RunRecord:
    """The run a little later: something was found."""
    stages = tuple(
        replace(s, state=StageState.DONE, finding=finding) if s.name is StageName.ENVIRONMENT else s
        for s in record.stages
    )
    return replace(record, stages=stages)


def test_a_run_gets_one_comment_that_is_edited_as_it_goes_on() -> None:
    world = World()
    world.refresh(going_on())
    world.clock.pass_s(5)

    world.refresh(further(going_on()))

    (body,) = world.bodies
    assert "pytest, 23 tests" in body
    assert marker("run-7f3a") in body
    assert world.forge.calls.count("comment") == 1


def test_nothing_is_written_when_nothing_changed() -> None:
    world = World()
    world.refresh(going_on())
    world.clock.pass_s(60)
    before = list(world.forge.calls)

    assert world.refresh(going_on()) is None

    assert world.forge.calls == before


def test_an_edit_that_comes_too_early_is_told_how_long_to_wait() -> None:
    world = World()
    world.refresh(going_on())
    world.clock.pass_s(1)

    wait_s = world.refresh(further(going_on()))

    assert wait_s == pytest.approx(2.0)
    assert world.forge.edits == []


def test_the_last_state_can_be_written_at_once() -> None:
    world = World()
    world.refresh(going_on())
    world.clock.pass_s(1)

    assert world.refresh(ENDED, at_once=True) is None

    assert "Which call goes wrong" in world.bodies[0]


def test_a_clock_that_was_set_back_does_not_silence_a_run() -> None:
    world = World()
    world.refresh(going_on())
    world.clock.at -= timedelta(hours=1)

    assert world.refresh(further(going_on())) is None

    assert "pytest, 23 tests" in world.bodies[0]


def test_a_comment_of_a_worker_that_died_before_it_could_remember_it_is_found_again() -> None:
    world = World()
    world.refresh(going_on())
    asyncio.run(world.store.remember("run-7f3a", "comment", ""))
    world.clock.pass_s(5)

    world.refresh(further(going_on()))

    (body,) = world.bodies
    assert "pytest, 23 tests" in body


def test_a_comment_that_somebody_deleted_is_not_fought_over_while_the_run_goes_on() -> None:
    world = World()
    world.refresh(going_on())
    world.forge.comments.clear()
    for n in range(3):
        world.clock.pass_s(5)
        world.refresh(further(going_on(), f"{n} tests"))

    assert world.bodies == []
    assert world.forge.calls.count("edit_comment") == 1


def test_a_deleted_comment_is_written_once_more_at_the_end_and_then_never_again() -> None:
    world = World()
    world.refresh(going_on())
    world.forge.comments.clear()
    world.clock.pass_s(5)
    world.refresh(further(going_on()))
    world.clock.pass_s(5)
    world.refresh(ENDED)
    assert "Which call goes wrong" in world.bodies[0]
    world.forge.comments.clear()

    for n in range(3):
        world.clock.pass_s(5)
        world.refresh(further(ENDED, f"{n} tests"))

    assert world.bodies == []
    assert world.forge.calls.count("comment") == 2


def test_a_pull_request_has_a_check_on_the_commit_it_was_asked_for_from_the_start() -> None:
    world = World()

    world.refresh(going_on(PULL))

    ((sha, report),) = world.forge.checks.values()
    assert (sha, report.state, report.external_id) == (SHA, CheckState.IN_PROGRESS, "run-7f3a")


def test_an_issue_has_no_check_before_there_is_a_commit_of_ours() -> None:
    world = World()

    world.refresh(going_on(ISSUE))

    assert world.forge.checks == {}


def test_a_failing_check_of_no_pull_request_has_a_check_only() -> None:
    world = World()

    world.refresh(going_on(Origin(PLACE, None, head_sha=SHA, branch="main")))

    assert world.bodies == []
    assert [sha for sha, _ in world.forge.checks.values()] == [SHA]


def test_a_check_is_one_and_the_same_to_the_end() -> None:
    world = World()
    world.refresh(going_on(PULL))
    world.clock.pass_s(5)

    world.refresh(replace(ENDED, run=replace(ENDED.run, origin=PULL)))

    ((_, report),) = world.forge.checks.values()
    assert report.state.ended


def test_a_check_of_a_worker_that_died_before_it_could_remember_it_is_found_again() -> None:
    world = World()
    world.refresh(going_on(PULL))
    asyncio.run(world.store.remember("run-7f3a", f"check:{SHA}", ""))
    world.clock.pass_s(5)

    world.refresh(further(going_on(PULL)))

    assert len(world.forge.checks) == 1


@pytest.mark.parametrize(
    ("verdict", "findings", "state"),
    [(Verdict.VALIDATED, (), CheckState.SUCCESS), (Verdict.NOT_VALIDATED, ("Nothing fails.",), CheckState.FAILURE)],
)
def test_the_verdict_stands_on_the_commit_that_was_judged_and_on_no_other(
    verdict: Verdict, findings: tuple[str, ...], state: CheckState
) -> None:
    head = Commit("9" * 40, "Add totals", "Ada", builders.START)  # the branch moved on before the run began
    dossier = replace(builders.dossier(), commit=head)
    judgement = Judgement(builders.dossier().commit, head, (), (), (), (), None, None, (), (), findings)
    record = asked(replace(builders.fixed_record(), verdict=verdict), PULL)
    record = replace(record, run=replace(record.run, goal=Goal.VALIDATE), artifacts=(dossier, judgement))
    world = World()

    world.publish(record)

    shown = dict(world.forge.checks.values())
    assert {sha: report.state for sha, report in shown.items()} == {SHA: CheckState.NEUTRAL, head.sha: state}
    assert shown[SHA].title == "This commit was not looked at: the branch had moved on to 9999999"
    assert world.forge.commits == {}


@pytest.mark.parametrize(
    "error", [Forbidden("The thread is locked."), Absent("The issue is gone."), Conflict("Too long.")]
)
def test_what_the_forge_will_not_have_stops_nothing(error: Exception) -> None:
    world = World()
    world.forge.faults["comment"] = [error]

    assert world.refresh(going_on(PULL)) is None

    assert world.bodies == []
    assert len(world.forge.checks) == 1


def test_a_key_that_nobody_takes_keeps_the_notice_for_later() -> None:
    world = World()
    world.forge.faults["comment"] = [Unauthorized("Who?")]
    with pytest.raises(Transient, match=r"Who\?"):
        world.refresh(going_on())
    world.clock.pass_s(5)

    world.refresh(going_on())

    assert len(world.bodies) == 1


def test_a_thread_that_was_unlocked_gets_its_comment() -> None:
    world = World()
    world.forge.faults["comment"] = [Forbidden("The thread is locked.")]
    world.refresh(going_on())
    world.clock.pass_s(5)

    world.refresh(going_on())

    assert len(world.bodies) == 1


def test_a_missing_permission_for_checks_leaves_the_comment() -> None:
    world = World()
    world.forge.faults["put_check"] = [Forbidden("The App may not write checks.")]

    world.refresh(going_on(PULL))

    assert len(world.bodies) == 1


def test_a_repository_that_is_gone_stops_nothing() -> None:
    world = World()
    world.forge.faults["repository"] = [Absent("It is gone.")]

    assert world.refresh(going_on()) is None


def test_a_forge_that_does_not_answer_is_told_to_the_caller_once_the_check_was_written_too() -> None:
    world = World()
    world.forge.faults["comment"] = [Transient("It timed out.", 7.0)]

    with pytest.raises(Transient) as caught:
        world.refresh(going_on(PULL))

    assert caught.value.retry_after_s == 7.0
    assert len(world.forge.checks) == 1


def test_a_run_of_the_command_line_has_no_notice() -> None:
    world = World()
    record = builders.fixed_record()

    assert world.refresh(record) is None

    assert world.forge.calls == []


def test_a_run_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(Permanent):
        asyncio.run(World().notices.refresh("nobody"))


def test_many_refreshes_at_once_write_one_comment() -> None:
    world = World()

    async def crowd() -> None:
        await world.store.hold(going_on(PULL))
        await asyncio.gather(*(world.notices.refresh("run-7f3a") for _ in range(10)))

    asyncio.run(crowd())

    assert len(world.bodies) == 1
    assert len(world.forge.checks) == 1


def test_a_worker_so_slow_that_its_turn_ran_out_does_not_leave_its_older_text() -> None:
    class Slow(FakeForge):
        """Its first edit takes longer than a turn: another worker writes meanwhile."""

        slow = True

        async def edit_comment(self, *args, **kwargs):  # type: ignore[no-untyped-def] # passes on whatever it is given
            if self.slow:
                self.slow = False
                world.clock.pass_s(60)
                await world.store.hold(further(going_on(), "the newest"))
                await other.refresh("run-7f3a")
            await super().edit_comment(*args, **kwargs)

    calm = small_forge()
    world = World(Slow(branches=calm.branches, threads=calm.threads))
    other = Notices(world.forge, world.store, world.register, world.clock)
    world.refresh(going_on())
    world.clock.pass_s(5)

    async def story() -> float | None:
        await world.store.hold(further(going_on(), "older"))
        return await world.notices.refresh("run-7f3a")

    wait_s = asyncio.run(story())
    assert wait_s is not None
    world.clock.pass_s(wait_s)
    asyncio.run(world.notices.refresh("run-7f3a"))

    assert "the newest" in world.bodies[0]


def test_a_waiting_run_says_how_many_are_before_it() -> None:
    world = World()
    record = replace(going_on(), started_at=None, artifacts=())
    record = replace(record, stages=tuple(StageRecord(s.name) for s in record.stages))
    world.register.waiting = ["a", "b", record.run.id]

    world.refresh(record)

    assert "2 runs" in world.bodies[0]


def test_a_fix_whose_publication_failed_for_good_reaches_people_as_a_patch() -> None:
    world = World()
    world.forge.faults["move_branch"] = [Transient("GitHub did not answer.")]
    record = asked(builders.fixed_record())
    with pytest.raises(Transient):
        world.publish(record)
    stages = tuple(
        replace(s, state=StageState.FAILED, error="GitHub did not answer.") if s.name is StageName.PUBLICATION else s
        for s in record.stages
    )
    world.clock.pass_s(5)

    world.refresh(replace(record, stages=stages))

    (body,) = world.bodies
    assert (
        "Writing the pull request failed. GitHub did not answer. Pull request 100 holds the failing test only" in body
    )
    assert "git apply" in body
