"""Which settings of a repository's a run on the command line follows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.core.errors import InputError
from bot.core.policy import Policy, Wishes
from bot.core.run import Goal, Report, Run, Trigger, TriggerKind
from bot.git import GitCode
from bot.local.base_policy import base_policy
from bot.local.clock import SystemClock
from command_line import SHOP, commit, git

FILE = ".github/fixbugs.yml"


def policy_of(shop: Path, *, ref: str = "HEAD", base: str = "") -> Policy:
    trigger = Trigger(TriggerKind.COMMAND_LINE, "ada", SystemClock().now())
    goal = Goal.VALIDATE if base else Goal.FIX
    run = Run("a-run", trigger, str(shop), ref, Report(), goal, 60.0, base=base)
    return asyncio.run(base_policy(GitCode(shop.parent / "cache", {}), run))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    commit(tmp_path / "shop", SHOP)
    return tmp_path / "shop"


def test_a_repository_that_says_nothing_gets_the_default(shop: Path) -> None:
    assert policy_of(shop) == Policy()


def test_what_is_committed_at_the_ref_holds_and_not_what_lies_beside_it(shop: Path) -> None:
    commit(shop, {FILE: "test: make test\nreport: out.xml\nprotected: [legal/**]\n"})
    (shop / FILE).write_text("test: rm -rf /\nreport: out.xml\n")

    policy = policy_of(shop)

    assert policy.wishes == Wishes(test="make test", report="out.xml")
    assert policy.protected_paths == ("legal/**",)


def test_a_change_under_judgement_does_not_say_how_it_is_judged(shop: Path) -> None:
    base = commit(shop, {FILE: "setup: make setup\n"})
    git(shop, "switch", "--quiet", "--create", "change")
    commit(shop, {FILE: "setup: rm -rf /\n"})

    assert policy_of(shop, ref="change", base=base).wishes == Wishes(setup="make setup")


def test_a_file_that_is_wrong_names_its_line(shop: Path) -> None:
    commit(shop, {FILE: "label: fix\nimgae: x\nsetpu: y\n"})

    with pytest.raises(InputError) as caught:
        policy_of(shop)
    assert str(caught.value).startswith(f"{FILE} cannot be used as it is committed. Line 2: `imgae` is not a setting.")
    assert str(caught.value).endswith(" (and 1 more) Correct and commit it.")


def test_a_commit_that_cannot_be_read_is_left_to_the_run_to_complain_of(shop: Path) -> None:
    assert policy_of(shop, ref="nowhere") == Policy()
