"""What a run did outside is remembered as text and read back the same."""

from __future__ import annotations

import asyncio

import pytest
from publishing_world import World, going_on

from bot.core.errors import Permanent
from bot.core.forge import PullRequest
from bot.publishing.memory import Memory, delivered_from, delivered_text, digest, pull_from, pull_text
from bot.render.github.view import Delivered, DeliveryKind

PULL = PullRequest(34, "https://github.example/acme/shop/pull/34", True, "c" * 40, "PR_1", draft=True)


@pytest.mark.parametrize("kind", DeliveryKind)
@pytest.mark.parametrize("pull", [None, PULL])
def test_a_delivery_is_read_back_as_it_was(kind: DeliveryKind, pull: PullRequest | None) -> None:
    delivered = Delivered(kind, pull, "fixbugs/issue-12", "a" * 40, "b" * 40, "Größe “\ud800” 'quoted'")

    assert delivered_from(delivered_text(delivered)) == delivered


def test_a_pull_request_is_read_back_as_it_was() -> None:
    assert pull_from(pull_text(PULL)) == PULL


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "7", '{"kind": "teleported"}', '{"number": "x"}'])
def test_what_another_version_wrote_is_said_to_be_unreadable(text: str) -> None:
    with pytest.raises(Permanent, match="another version of FixBugs"):
        delivered_from(text)
    with pytest.raises(Permanent, match="another version of FixBugs"):
        pull_from(text)


def test_texts_have_names_that_tell_them_apart() -> None:
    assert digest("one") == digest("one") != digest("one ")
    assert digest("\ud800")


def test_a_thing_is_made_once() -> None:
    async def story() -> list[str]:
        world = World()
        await world.store.hold(going_on())
        memory = Memory(world.store, "run-7f3a")
        made = iter("ab")

        async def make() -> str:
            return next(made)

        return [await memory.once("thing", make), await memory.once("thing", make)]

    assert asyncio.run(story()) == ["a", "a"]
