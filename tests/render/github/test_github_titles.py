"""Titles and commit messages read as if the repository's own people had written them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.artifacts import CandidatePatch, Reproduction, SourceText, Validation
from bot.core.outcomes import RunRecord
from bot.core.run import TriggerKind
from bot.render.github import pull_request
from bot.render.github.comment import run_comment
from bot.render.github.view import DeliveryKind
from builders import analysis, dossier, fixed_record, reproduction, with_artifacts
from forge_records import asked, branch, delivered, pull, view

IMPERATIVE = ("Add totals", "Import paperboy 1.4.2", "Merge pull request #3", "Handle leap years (#7)")
CONVENTIONAL = ("fix(dates): handle leap years", "feat(web): add a page", "chore: bump", "docs(dates): say more")
UNSCOPED = ("fix: handle leap years", "feat: add a page", "chore: bump x")
BRACKETED = ("[dates] Handle leap years", "[web] Add a page", "[web] Say more")
AREAS = ("dates: handle leap years", "web: add a page", "all: say more")
PAST = ("Added totals.", "Fixed leap years.", "Changed the page.")
LOWER = ("handle leap years", "add a page", "say more")


def titled(title: str, said: str = "") -> RunRecord:
    record = with_artifacts(asked(fixed_record()), replace(analysis(), title=title))
    return with_artifacts(record, replace(dossier(), texts=(SourceText("issue #12", "issue", said),)))


@pytest.mark.parametrize(
    ("subjects", "title", "test_subject"),
    [
        ((), "Fix total is wrong", "Add a failing test for #12"),
        (IMPERATIVE, "Fix total is wrong", "Add a failing test for #12"),
        (CONVENTIONAL, "fix(dates): total is wrong", "test(dates): add a failing test for #12"),
        (UNSCOPED, "fix: total is wrong", "test: add a failing test for #12"),
        (BRACKETED, "[dates] Fix total is wrong", "[dates] Add a failing test for #12"),
        (AREAS, "dates: fix total is wrong", "dates: add a failing test for #12"),
        (PAST, "Fixed total is wrong.", "Added a failing test for #12."),
        (LOWER, "fix total is wrong", "add a failing test for #12"),
        (("Merge a", "Merge b", "Bump c", "v1.2.3"), "Fix total is wrong", "Add a failing test for #12"),
    ],
)
def test_subjects_follow_the_history(subjects: tuple[str, ...], title: str, test_subject: str) -> None:
    record = titled("Total is wrong")
    assert pull_request.pull_title(record, subjects) == title
    assert pull_request.fix_commit_message(record, subjects).split("\n")[0] == title
    assert pull_request.test_commit_message(record, subjects).split("\n")[0] == test_subject


@pytest.mark.parametrize(
    ("title", "said", "subject"),
    [
        ("[Bug] Total is wrong.", "", "Fix total is wrong"),
        ("Bug report: total is wrong", "", "Fix total is wrong"),
        ("JSON is wrong", "", "Fix JSON is wrong"),
        ("Python crashes", "It is what Python does.", "Fix Python crashes"),
        ("Python crashes", "", "Fix python crashes"),
        ("", "", "Use `target` instead of `start` in dates.py"),
        ("Closes #9 for @ada", "", "Fix closes # 9 for @ ada"),
        ("See https://evil.example/x", "", "Fix see evil.example/x"),
        ("word " * 40, "", "Fix " + "word " * 18 + "word…"),
    ],
)
def test_a_title_says_the_bug_and_nothing_else(title: str, said: str, subject: str) -> None:
    assert pull_request.pull_title(titled(title, said), ()) == subject


def test_a_subject_ends_between_words_within_72_characters() -> None:
    first = pull_request.fix_commit_message(titled("word " * 40), CONVENTIONAL).split("\n")[0]
    assert first == "fix(dates): " + "word " * 10 + "word…"


@pytest.mark.parametrize("origin", [pull(), branch()])
def test_a_fix_for_checks_is_titled_by_what_it_does(origin: object) -> None:
    record = asked(fixed_record(), origin, TriggerKind.FAILED_CHECK)  # type: ignore[arg-type] # both are origins
    assert pull_request.pull_title(record, IMPERATIVE) == "Use `target` instead of `start` in dates.py"
    assert pull_request.pull_title(record, CONVENTIONAL) == "fix(dates): use `target` instead of `start` in dates.py"


def test_the_commit_of_the_test_says_how_it_fails() -> None:
    assert pull_request.test_commit_message(titled("Total is wrong"), ()) == (
        "Add a failing test for #12\n\n"
        "The report's snippet and what it expects.\n\n"
        "At 4f0c2a9 the test fails: ValueError: day is out of range for month.\n\n"
        "Refs #12\nFixBugs run run-7f3a\n"
    )


def test_the_commit_of_the_fix_says_what_was_proved() -> None:
    assert pull_request.fix_commit_message(titled("Total is wrong"), ()) == (
        "Fix total is wrong\n\n"
        "In paperboy/dates.py:16, use `target` instead of `start`.\n\n"
        "add_months in paperboy/dates.py:16 counts the days of the month it\n"
        "starts in, not of the one it returns.\n\n"
        "Proof: before: red 3 of 3; after: green 3 of 3; everything else:\n"
        "unchanged; nothing spare: 1 hunk, needed.\n\n"
        "Refs #12\nFixBugs run run-7f3a\n"
    )


@pytest.mark.parametrize(
    ("prefix", "title", "name"),
    [
        ("fixbugs/", "Total is wrong!", "fixbugs/issue-12-total-is-wrong"),
        ("bot-", "Ünïcode isn't §", "bot-issue-12-unicode-isnt"),
        ("fixbugs/", "日本", "fixbugs/issue-12"),
        ("a..b/.x.lock/", "x", "a.b/x-lock/issue-12-x"),
        ("fixbugs/", "word " * 40, "fixbugs/issue-12-word-word-word-word-word-word-word-word-wor"),
    ],
)
def test_a_branch_is_named_after_the_issue(prefix: str, title: str, name: str) -> None:
    assert pull_request.branch_name(asked(fixed_record()), prefix, title) == name


def test_a_branch_for_checks_is_named_after_their_commit() -> None:
    record = asked(fixed_record(), branch())
    assert pull_request.branch_name(record, "fixbugs/", "CI fails") == "fixbugs/check-9e8d7c6-ci-fails"
    assert pull_request.branch_name(asked(fixed_record(), pull()), "fixbugs/", "") == "fixbugs/pull-34"


def test_git_applies_the_patch_that_a_comment_shows(tmp_path: Path) -> None:
    record = asked(fixed_record())
    shown = run_comment(record, view(delivered(DeliveryKind.PATCH)))
    copied = shown.split("```diff\n", 1)[1].split("\n```", 1)[0]  # without its last line end, as a browser copies it
    for edit in (*patches_of(record, Reproduction), *patches_of(record, Validation)):
        (tmp_path / edit[0]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / edit[0]).write_text(edit[1])
    (tmp_path / "fixbugs.patch").write_text(copied)
    subprocess.run(["git", "apply", "fixbugs.patch"], cwd=tmp_path, check=True, timeout=30)
    for edit in (*patches_of(record, Reproduction), *patches_of(record, Validation)):
        assert (tmp_path / edit[0]).read_text() == edit[2]


def patches_of(record: RunRecord, kind: type[Reproduction] | type[Validation]) -> list[tuple[str, str, str]]:
    """Path, text before, text after."""
    made = record.artifact(kind)
    patch = made.fix if isinstance(made, Validation) else made.test.patch if made else None
    return [(edit.path, edit.before or "", edit.after or "") for edit in (patch.edits if patch else ())]


def test_a_model_s_words_become_no_second_paragraph() -> None:
    record = titled("Total is wrong")
    found = record.artifact(Validation)
    assert found is not None
    chosen: CandidatePatch = replace(found.chosen, description="use x\n\nFixes #9\nSigned-off-by: @eve")
    message = pull_request.fix_commit_message(with_artifacts(record, replace(found, chosen=chosen)), ())
    assert "\nFixes" not in message
    assert "In paperboy/dates.py:16, use x Fixes # 9 Signed-off-by: @ eve." in message


def test_a_test_without_a_thread_is_named_after_the_place() -> None:
    record = with_artifacts(asked(fixed_record(), branch()), reproduction())
    assert pull_request.test_commit_message(record, ()).startswith("Add a failing test for add_months\n")
