"""A fix of an issue, or of a check on a branch, becomes a pull request of ours: two commits, red first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from publishing_world import BRANCH, ISSUE, SHA, TREE, World, asked

import builders
from bench.instant import InstantCode
from bot.core.artifacts import Rebased
from bot.core.errors import Conflict, Forbidden, Transient
from bot.core.forge import Origin
from bot.core.outcomes import RunRecord
from bot.core.patch import FileEdit, Patch
from bot.core.policy import Policy
from bot.core.run import Commit, Verdict
from bot.core.tree import Tree, TreeFile
from fake_forge import PLACE, WEB, FakeForge


def fixed(origin: Origin = ISSUE, *, draft: bool = True) -> RunRecord:
    return asked(builders.fixed_record(), origin, draft=draft)


def test_a_fix_becomes_a_draft_pull_request_with_the_failing_test_first_and_the_fix_second() -> None:
    world = World()

    publication = world.publish(fixed())

    (branch, base, _, body, opened) = world.forge.pulls[100]
    test, fix = world.history(branch)
    assert (branch, base, opened.draft, opened.open) == (BRANCH, "main", True, True)
    assert test[2] == {"tests/test_dates.py": builders.TEST_AFTER.encode()}
    assert fix[2] == {"paperboy/dates.py": builders.AFTER.encode()}
    assert world.forge.commits[test[0]][0] == SHA
    assert "Fixes #12" in body
    assert publication.places == (
        ("pull_request", f"{WEB}/pull/100"),
        ("comment", f"{WEB}/issues/12#issuecomment-9000"),
    )


def test_the_pull_request_is_opened_on_the_failing_test_so_that_its_checks_run_red_before_the_fix_arrives() -> None:
    class Watching(FakeForge):
        opened_at = ""

        async def open_pull(self, *args, **kwargs):  # type: ignore[no-untyped-def] # passes on whatever it is given
            made = await super().open_pull(*args, **kwargs)
            self.opened_at = made.head_sha
            return made

    watching = Watching(branches={"main": SHA})
    world = World(watching)

    world.publish(fixed())

    test, fix = world.history(BRANCH)
    assert watching.opened_at == test[0]
    assert watching.branches[BRANCH] == fix[0]


def test_the_register_knows_the_pull_request_as_ours() -> None:
    world = World()
    record = fixed()

    world.publish(record)

    assert world.register.pulls == {("acme/shop", 100): record.run.id}


def test_the_comment_and_the_checks_show_what_was_delivered() -> None:
    world = World()

    world.publish(fixed())

    (body,) = world.bodies
    fix = world.forge.branches[BRANCH]
    assert f"[#100]({WEB}/pull/100)" in body
    assert [sha for sha, _ in world.forge.checks.values()] == [fix]


def test_a_repository_that_wants_no_drafts_gets_the_pull_request_ready_once_the_fix_is_on_it() -> None:
    world = World()

    world.publish(fixed(draft=False))

    assert world.forge.pulls[100][4].draft is False
    assert world.forge.calls.index("move_branch") < world.forge.calls.index("mark_ready")


def test_a_pull_request_that_cannot_be_marked_ready_is_delivered_with_a_note() -> None:
    world = World()
    world.forge.faults["mark_ready"] = [Forbidden("It may not be marked ready.")]

    world.publish(fixed(draft=False))

    assert "It is still a draft: It may not be marked ready." in world.bodies[0]


def test_a_test_that_was_in_the_tree_already_needs_one_commit_only() -> None:
    world = World()
    record = asked(builders.with_artifacts(builders.fixed_record(), builders.reproduction(in_tree=True)))

    world.publish(record)

    assert [files for _, _, files in world.history(BRANCH)] == [{"paperboy/dates.py": builders.AFTER.encode()}]
    assert "move_branch" not in world.forge.calls


def test_a_fix_that_was_proved_again_on_a_newer_commit_is_committed_there() -> None:
    newer = Commit("d" * 40, "Tidy up", "Ada", builders.START)
    header = "# moved\n"
    before, after = header + builders.BEFORE, header + builders.AFTER
    tree = Tree({**TREE.files, "paperboy/dates.py": TreeFile(before.encode())})
    kept = builders.validation()
    rebased = Rebased(
        newer,
        builders.reproduction().test.patch,
        Patch((FileEdit("paperboy/dates.py", before, after),)),
        kept.green,
        kept.green,
        None,
        (),
    )
    world = World(code=InstantCode(((newer, tree),)))
    world.forge.branches["main"] = newer.sha
    record = asked(builders.with_artifacts(builders.fixed_record(), replace(kept, rebased=rebased)))

    world.publish(record)

    test, fix = world.history(BRANCH)
    assert world.forge.commits[test[0]][0] == newer.sha
    assert fix[2] == {"paperboy/dates.py": after.encode()}


def test_files_keep_their_encoding_and_their_mode() -> None:
    coded = "# -*- coding: latin-1 -*-\nname = 'Zoë'\n"
    files = {**TREE.files, "run.py": TreeFile(coded.encode("latin-1"), executable=True)}
    edit = FileEdit("run.py", coded, coded.replace("Zoë", "Noël"))
    first = Commit(SHA, "Import", "Ada", builders.START)
    world = World(code=InstantCode(((first, Tree(files)),)))
    validation = replace(builders.validation(), fix=Patch((edit,)))

    world.publish(asked(builders.with_artifacts(builders.fixed_record(), validation)))

    change = world.forge.commits[world.forge.branches[BRANCH]][2][0]
    assert (change.path, change.content, change.executable) == (
        "run.py",
        coded.replace("Zoë", "Noël").encode("latin-1"),
        True,
    )


def test_a_branch_name_that_somebody_else_took_gets_a_number() -> None:
    world = World()
    world.forge.branches |= {BRANCH: "e" * 40, f"{BRANCH}-2": "f" * 40}

    world.publish(fixed())

    assert world.forge.pulls[100][0] == f"{BRANCH}-3"
    assert world.forge.branches[BRANCH] == "e" * 40


def test_an_old_closed_pull_request_of_the_same_branch_name_is_not_taken_for_the_new_one() -> None:
    world = World()
    world.publish(fixed())
    branch, base, title, body, first = world.forge.pulls[100]
    world.forge.pulls[100] = (branch, base, title, body, replace(first, open=False, head_sha="e" * 40))
    del world.forge.branches[BRANCH]
    second = fixed()
    second = replace(second, run=replace(second.run, id="run-2"))
    world.forge.faults["open_pull"] = [Transient("It timed out.")]

    with pytest.raises(Transient):
        world.publish(second)
    world.publish(second)

    assert sorted(world.forge.pulls) == [100, 101]


def test_a_check_that_failed_on_a_branch_is_fixed_by_a_pull_request_onto_that_branch() -> None:
    world = World()
    world.forge.branches["release"] = SHA

    publication = world.publish(fixed(Origin(PLACE, None, head_sha=SHA, branch="release")))

    assert world.forge.pulls[100][1] == "release"
    assert world.bodies == []
    assert [place for place, _ in publication.places] == ["pull_request"]
    assert [sha for sha, _ in world.forge.checks.values()] == [SHA, world.forge.branches[world.forge.pulls[100][0]]]


def test_the_prefix_of_the_repositorys_settings_begins_the_branch() -> None:
    world = World()
    record = fixed()
    record = replace(record, run=replace(record.run, policy=Policy(branch_prefix="bots/")))

    world.publish(record)

    assert world.forge.pulls[100][0].startswith("bots/")


@pytest.mark.parametrize("call", ["commit", "create_branch", "open_pull", "move_branch"])
@pytest.mark.parametrize("error", [Forbidden("A rule refuses it."), Conflict("A rule refuses it.")])
def test_whatever_the_forge_refuses_the_comment_carries_the_patch_and_says_why(call: str, error: Exception) -> None:
    world = World()
    world.forge.faults[call] = [error]

    world.publish(fixed())

    (body,) = world.bodies
    assert "here it is as a patch" in body
    assert "A rule refuses it." in body
    assert "-    return target.replace(day=min(start.day, days_in_month(start)))" in body


def test_a_pull_request_whose_fix_was_refused_is_named_as_having_the_failing_test_only() -> None:
    world = World()
    world.forge.faults["move_branch"] = [Conflict("A rule refuses it.")]

    world.publish(fixed())

    assert "Pull request 100 holds the failing test only" in world.bodies[0]
    (_, _, _, body, _) = world.forge.pulls[100]
    assert body == (
        "<!-- fixbugs run run-7f3a -->\n\n**This pull request holds a failing test and not the fix, so it closes "
        "nothing.** Close it, or add the fix. A rule refuses it.\n\nThe comment of run `run-7f3a` has the patch."
    )


def test_a_patch_that_does_not_fit_the_repository_is_told_and_not_pushed() -> None:
    first = Commit(SHA, "Import", "Ada", builders.START)
    world = World(code=InstantCode(((first, Tree({"paperboy/dates.py": TreeFile(b"pass\n")})),)))

    world.publish(fixed())

    assert world.forge.pulls == {}
    assert "The patch does not fit" in world.bodies[0]


def test_a_refusal_is_remembered_so_that_publishing_again_changes_nothing() -> None:
    world = World()
    world.forge.faults["create_branch"] = [Forbidden("A rule refuses it.")]
    record = fixed()
    world.publish(record)
    before = dict(world.forge.comments)

    world.publish(record)

    assert world.forge.pulls == {}
    assert world.forge.comments == before


@pytest.mark.parametrize(
    "call", ["repository", "thread", "commit", "create_branch", "open_pull", "branch_head", "move_branch", "comment"]
)
def test_a_forge_that_does_not_answer_is_asked_again_later_and_then_all_is_done_once(call: str) -> None:
    world = World()
    world.forge.faults[call] = [Transient("It timed out.")]
    record = fixed()

    with pytest.raises(Transient):
        world.publish(record)
    world.publish(record)

    assert len(world.forge.pulls) == 1
    assert len(world.history(BRANCH)) == 2
    assert len(world.bodies) == 1


def test_a_draft_that_a_person_made_again_stays_one() -> None:
    world = World()
    record = fixed(draft=False)
    world.forge.faults["comment"] = [Transient("It timed out.")]
    with pytest.raises(Transient):
        world.publish(record)
    branch, base, title, body, opened = world.forge.pulls[100]
    world.forge.pulls[100] = (branch, base, title, body, replace(opened, draft=True))

    world.publish(record)

    assert world.forge.pulls[100][4].draft is True


def test_a_run_that_proved_nothing_opens_nothing_and_says_what_it_learned() -> None:
    world = World()

    world.publish(asked(builders.no_fix_record(Verdict.NEEDS_INFORMATION)))

    assert world.forge.pulls == {}
    assert world.forge.commits == {}
    assert "Which call goes wrong, with which arguments?" in world.bodies[0]


def test_a_failing_test_alone_goes_into_the_comment_and_on_no_branch() -> None:
    world = World()

    world.publish(asked(builders.reproduced_record()))

    assert sorted(world.forge.branches) == ["main", "totals"]
    assert "test_issue_renewal_on_the_31st" in world.bodies[0]
