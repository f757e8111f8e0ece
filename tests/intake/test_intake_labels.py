"""Held: what putting a label on, taking it away and closing a thread do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis
from desk_world import HEAD, MALLORY, DeskWorld, labelled, says, wait

from bot.core.commands import Ask, ThreadClosed, Unlabelled
from bot.core.forge import Actor, Origin, Reaction, Role, Target
from bot.core.run import Goal, StageName, TriggerKind, Verdict
from bot.intake.labels import FRESH_S
from bot.render.github import answers
from fake_forge import PLACE, pull


@pytest.fixture
def world(redis_client: redis.Redis) -> DeskWorld:
    return DeskWorld(redis_client)


def unlabelled(label: str = "fixbugs", actor: Actor = MALLORY) -> Unlabelled:
    return Unlabelled(PLACE, 12, False, actor, label)


def closed(number: int = 12, *, is_pull: bool = False, merged: bool = False) -> ThreadClosed:
    return ThreadClosed(PLACE, number, is_pull, MALLORY, merged, "fixbugs/issue-12" if is_pull else "")


def test_the_label_asks_for_a_fix_of_the_issue(world: DeskWorld) -> None:
    world.tell(labelled())
    run = world.only_run().run
    assert (run.goal, run.ref, run.trigger.kind, run.trigger.actor) == (Goal.FIX, "main", TriggerKind.LABEL, "ada")
    assert run.origin == Origin(PLACE, 12)
    assert world.forge.reactions == [(Target.THREAD, 12, Reaction.EYES)]
    assert world.bell.stages == [(run.id, StageName.GATHER)]


@pytest.mark.parametrize(("label", "runs"), [("bug", 1), ("BUG", 1), ("fixbugs", 0), ("bugs", 0)])
def test_the_settings_name_the_label(world: DeskWorld, label: str, runs: int) -> None:
    world.settings("label: Bug")
    world.tell(labelled(label=label))
    assert len(world.runs()) == runs


def test_another_label_costs_no_look_at_the_person(world: DeskWorld) -> None:
    world.tell(labelled(label="question", actor=MALLORY))
    assert world.forge.calls == ["file"]


def test_who_may_label_but_not_ask_is_refused(world: DeskWorld) -> None:
    world.tell(labelled(actor=world.stranger("grace", Role.TRIAGE)))
    assert (world.runs(), world.said) == ([], [answers.refused("grace", Role.WRITE)])


def test_ten_deliveries_of_one_label_open_one_run(world: DeskWorld) -> None:
    world.tell(*[labelled() for _ in range(5)])
    world.tell_at_once(*[labelled() for _ in range(5)])
    assert len(world.runs()) == 1
    assert world.said == []


def test_the_label_and_a_comment_at_once_open_one_run(world: DeskWorld) -> None:
    world.tell_at_once(labelled(), says(), labelled(), says(comment_id=502))
    assert len(world.runs()) == 1


def test_the_same_label_on_the_same_words_and_code_points_to_the_answer(world: DeskWorld) -> None:
    world.tell(labelled())
    run_id = world.only_run().run.id
    wait(world.store.remember(run_id, "comment", "9100"))
    world.end(run_id)
    world.clock.seconds += FRESH_S
    world.tell(labelled(), labelled())
    assert world.runs() == []
    assert world.said == [
        answers.repeated(world.record(run_id), "https://github.example/acme/shop/issues/12#issuecomment-9100")
    ]


@pytest.mark.parametrize("verdict", [Verdict.STOPPED, Verdict.FAILED])
def test_the_label_is_worth_another_run_when_the_last_one_answered_nothing(world: DeskWorld, verdict: Verdict) -> None:
    for _ in range(3):
        world.tell(labelled())
        world.end(world.only_run().run.id, verdict)
    world.tell(labelled())
    world.tell(labelled())
    assert len(world.runs()) == 1
    world.end(world.only_run().run.id)
    world.clock.seconds += FRESH_S
    world.tell(labelled())
    assert (world.runs(), len(world.said)) == ([], 1)


def test_a_label_that_is_carried_out_again_right_after_its_run_ended_says_nothing(world: DeskWorld) -> None:
    world.tell(labelled())
    world.end(world.only_run().run.id)
    world.tell(labelled())
    assert (world.runs(), world.said) == ([], [])


def test_the_label_is_worth_another_run_when_the_issue_or_the_code_changed(world: DeskWorld) -> None:
    world.tell(labelled())
    world.end(world.only_run().run.id)
    world.forge.threads[12] = replace(world.forge.threads[12], body="It should be 6.")
    world.tell(labelled())
    world.end(world.only_run().run.id)
    world.forge.branches["main"] = "d" * 40
    world.tell(labelled())
    assert len(world.runs()) == 1


# ------------------------------------------------------------ pull requests


def test_the_label_on_a_pull_request_fixes_what_fails_now(world: DeskWorld) -> None:
    world.forge.threads[34] = pull(34)
    world.fails()
    world.tell(labelled(34, pull=True))
    assert world.only_run().run.origin == Origin(PLACE, 34, True, HEAD)


def test_the_label_on_a_pull_request_waits_for_a_check_to_fail(world: DeskWorld) -> None:
    world.forge.threads[34] = pull(34)
    world.tell(labelled(34, pull=True))
    assert (world.runs(), world.said) == ([], [])
    assert world.forge.reactions == [(Target.THREAD, 34, Reaction.EYES)]


def test_where_failed_checks_start_nothing_that_is_said(world: DeskWorld) -> None:
    world.settings("failed_checks: off")
    world.forge.threads[34] = pull(34)
    world.tell(labelled(34, pull=True))
    assert (world.runs(), world.said) == ([], [answers.nothing_failed()])


# ---------------------------------------------------------------- the end


def test_taking_the_label_away_stops_the_run(world: DeskWorld) -> None:
    world.tell(labelled())
    run_id = world.only_run().run.id
    world.tell(unlabelled("bug"))
    assert world.record(run_id).verdict is None
    world.tell(unlabelled("FixBugs"))
    record = world.record(run_id)
    assert record.verdict is Verdict.STOPPED
    assert record.give_up is not None
    assert record.give_up.detail == "@mallory took the label away."
    assert world.bell.stages[-1] == (run_id, StageName.PUBLICATION)


def test_closing_the_issue_stops_the_run(world: DeskWorld) -> None:
    world.tell(labelled())
    run_id = world.only_run().run.id
    world.tell(closed())
    record = world.record(run_id)
    assert record.verdict is Verdict.STOPPED
    assert record.give_up is not None
    assert record.give_up.detail == "@mallory closed the issue."


def test_news_of_a_closing_that_comes_after_the_reopening_stops_nothing(world: DeskWorld) -> None:
    world.tell(labelled())
    world.hear(closed())
    assert world.only_run().verdict is None


def test_news_of_a_closing_that_comes_after_the_issue_was_moved_or_deleted_stops_its_run(world: DeskWorld) -> None:
    issue = world.forge.threads[12]
    world.tell(labelled())
    first = world.only_run().run.id
    world.forge.threads[12] = replace(issue, web_url="https://github.example/acme/warehouse/issues/3")
    world.hear(closed())
    assert world.record(first).verdict is Verdict.STOPPED

    world.forge.threads[12] = issue
    world.end(first)
    world.tell(labelled())
    second = world.only_run().run.id
    del world.forge.threads[12]
    world.hear(closed())
    assert world.record(second).verdict is Verdict.STOPPED


def test_news_that_the_label_was_taken_away_stops_nothing_once_it_is_there_again(world: DeskWorld) -> None:
    world.tell(labelled())
    world.forge.threads[12] = replace(world.forge.threads[12], labels=("bug", "FixBugs"))
    world.hear(unlabelled())
    assert world.only_run().verdict is None


def test_a_run_that_has_its_verdict_keeps_it(world: DeskWorld) -> None:
    world.tell(labelled())
    run_id = world.only_run().run.id
    world.end(run_id)
    world.tell(closed(), unlabelled(), says(Ask.STOP))
    assert world.record(run_id).verdict is Verdict.NOT_REPRODUCIBLE


def test_closing_and_unlabelling_where_nothing_goes_on_do_nothing(world: DeskWorld) -> None:
    world.tell(closed(), unlabelled(), closed(34, is_pull=True, merged=True))
    assert (world.said, world.bell.stages) == ([], [])


@pytest.mark.parametrize("merged", [True, False])
def test_how_a_pull_request_of_ours_ended_is_remembered(world: DeskWorld, merged: bool) -> None:
    outcomes: list[tuple[int, bool]] = []
    kept = world.register.set_outcome

    async def listening(place: object, number: int, *, accepted: bool) -> None:
        outcomes.append((number, accepted))
        await kept(PLACE, number, accepted=accepted)

    world.register.set_outcome = listening  # type: ignore[method-assign] # the port has no way to ask for it
    world.tell(labelled())
    wait(world.register.set_pull(world.only_run().run.id, PLACE, 100))
    world.tell(closed(100, is_pull=True, merged=merged), closed(101, is_pull=True, merged=merged))
    assert outcomes == [(100, merged)]


def test_merging_a_pull_request_stops_its_run(world: DeskWorld) -> None:
    world.forge.threads[34] = pull(34)
    world.tell(says(Ask.FIX, "Round it.", number=34, pull=True))
    run_id = world.only_run().run.id
    world.tell(closed(34, is_pull=True, merged=True))
    give_up = world.record(run_id).give_up
    assert give_up is not None
    assert give_up.detail == "@mallory merged the pull request."
