"""Held: what reviews and instructions on a pull request of ours do, and the buttons of our checks."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis
from desk_world import ADA, BOT, HEAD, MALLORY, DeskWorld, checks_failed, labelled, reviewed, says, wait

from bot.core.commands import Ask, Button, Pressed
from bot.core.forge import Actor, Origin, Place, Reaction, Role, Target
from bot.core.run import Goal, TriggerKind, Verdict
from bot.render.github import answers
from fake_forge import PLACE, pull


@pytest.fixture
def world(redis_client: redis.Redis) -> DeskWorld:
    """Run after run ended with our pull request #100."""
    world = DeskWorld(redis_client)
    world.tell(labelled())
    run_id = world.only_run().run.id
    wait(world.register.set_pull(run_id, PLACE, 100))
    world.end(run_id)
    world.forge.threads[100] = pull(100, head="fixbugs/issue-12-total-is-wrong")
    return world


def pressed(run_id: str, button: Button, *, actor: Actor = ADA, place: Place = PLACE) -> Pressed:
    return Pressed(place, actor, run_id, button)


def test_a_review_becomes_the_guidance_of_a_revision(world: DeskWorld) -> None:
    world.tell(reviewed("Use sum()."))
    run = world.only_run().run
    assert (run.goal, run.ref, run.guidance) == (Goal.FIX, "refs/pull/100/head", "Use sum().")
    assert run.origin == Origin(PLACE, 100, True, HEAD)
    assert run.trigger.kind is TriggerKind.REVIEW


def test_a_comment_on_a_line_names_the_line_and_gets_eyes(world: DeskWorld) -> None:
    world.tell(reviewed("Use sum().", comment_id=77))
    assert world.only_run().run.guidance == "shop/cart.py:7: Use sum()."
    assert world.forge.reactions[-1] == (Target.REVIEW_COMMENT, 77, Reaction.EYES)


def test_all_pieces_of_one_review_are_one_revision(world: DeskWorld) -> None:
    world.tell(reviewed("In general, no."))
    world.begin(world.only_run().run.id)
    world.tell(reviewed("Use sum().", comment_id=77), reviewed("And here.", comment_id=78))
    assert [text.text for text in world.only_run().handed_in] == [
        "shop/cart.py:7: Use sum().",
        "shop/cart.py:7: And here.",
    ]
    world.end(world.only_run().run.id)
    world.tell(reviewed("A late piece.", comment_id=79))
    assert world.runs() == []
    world.tell(reviewed("Another review.", review_id=901))
    assert len(world.runs()) == 1


def test_reviews_of_other_pull_requests_are_nobodys_business(world: DeskWorld) -> None:
    world.forge.threads[34] = pull(34)
    world.forge.calls.clear()
    world.tell(reviewed(number=34))
    assert (world.runs(), world.forge.calls) == ([], [])


@pytest.mark.parametrize("actor", [MALLORY, BOT])
def test_reviews_by_people_who_may_not_ask_are_ignored_silently(world: DeskWorld, actor: Actor) -> None:
    world.tell(reviewed(actor=actor))
    assert (world.runs(), world.said) == ([], [])


def test_a_review_after_the_end_is_ignored(world: DeskWorld) -> None:
    world.forge.threads[100] = replace(world.forge.threads[100], open=False)
    world.tell(reviewed())
    assert (world.runs(), world.said) == ([], [])


def test_an_instruction_on_our_pull_request_revises_it(world: DeskWorld) -> None:
    world.tell(says(guidance="Use sum().", number=100, pull=True))
    run = world.only_run().run
    assert (run.origin, run.guidance) == (Origin(PLACE, 100, True, HEAD, 501), "Use sum().")


def test_a_failed_check_does_not_disturb_a_revision(world: DeskWorld) -> None:
    world.settings("failed_checks: always")
    world.tell(reviewed())
    world.tell(checks_failed(100))
    assert world.only_run().run.trigger.kind is TriggerKind.REVIEW


# ---------------------------------------------------------------- buttons


def test_the_stop_button_stops_the_run_of_its_check(world: DeskWorld) -> None:
    world.tell(reviewed())
    run_id = world.only_run().run.id
    world.tell(pressed(run_id, Button.STOP))
    assert world.record(run_id).verdict is Verdict.STOPPED


def test_the_retry_button_does_the_same_again_at_the_head_of_now(world: DeskWorld) -> None:
    world.tell(reviewed("Use sum()."))
    first = world.only_run().run
    world.end(first.id)
    moved = world.forge.threads[100]
    assert moved.pull is not None
    world.forge.threads[100] = replace(moved, pull=replace(moved.pull, head_sha="e" * 40))
    world.tell(pressed(first.id, Button.RETRY))
    again = world.only_run().run
    assert (again.goal, again.guidance, again.trigger.kind) == (Goal.FIX, "Use sum().", TriggerKind.BUTTON)
    assert again.origin == Origin(PLACE, 100, True, "e" * 40)


def test_a_button_pressed_twice_opens_one_run(world: DeskWorld) -> None:
    world.tell(reviewed())
    first = world.only_run().run.id
    world.end(first)
    world.tell(pressed(first, Button.RETRY), pressed(first, Button.RETRY))
    assert len(world.runs()) == 1


def test_retrying_a_judgement_judges_again(world: DeskWorld) -> None:
    world.tell(says(Ask.VALIDATE, number=100, pull=True))
    first = world.only_run().run.id
    world.end(first)
    world.tell(pressed(first, Button.RETRY))
    assert (world.only_run().run.goal, world.only_run().run.base) == (Goal.VALIDATE, "main")


def test_retrying_a_run_on_a_branch_takes_the_branch_as_it_is_now(world: DeskWorld) -> None:
    world.settings("failed_checks: always")
    world.forge.branches["main"] = "d" * 40
    world.tell(checks_failed(sha="d" * 40, branch="main"))
    first = world.only_run().run
    world.end(first.id)
    world.forge.branches["main"] = "e" * 40
    world.tell(pressed(first.id, Button.RETRY))
    run = world.only_run().run
    assert (run.origin, run.ref) == (Origin(PLACE, head_sha="e" * 40, branch="main"), "e" * 40)


@pytest.mark.parametrize("button", list(Button))
def test_who_may_not_ask_may_not_press(world: DeskWorld, button: Button) -> None:
    world.tell(reviewed())
    run_id = world.only_run().run.id
    world.tell(pressed(run_id, button, actor=MALLORY))
    assert world.only_run().verdict is None
    assert world.said == [answers.refused("mallory", Role.WRITE)]


@pytest.mark.parametrize("button", list(Button))
def test_a_button_of_another_repository_or_a_forgotten_run_does_nothing(world: DeskWorld, button: Button) -> None:
    world.tell(reviewed())
    run_id = world.only_run().run.id
    world.tell(pressed(run_id, button, place=Place(7, "acme/other")), pressed("20250101-000000-abcdef", button))
    assert world.only_run().verdict is None
    assert world.said == []
