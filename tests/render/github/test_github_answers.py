"""The short answers, each whole."""

from __future__ import annotations

from dataclasses import dataclass

from poison import ALIVE, Rendered

from bot.core.forge import Role
from bot.render.github import answers
from builders import fixed_record
from forge_records import asked, running_record, waiting_record

PAGE = "https://github.com/acme/paperboy/blob/main/.github/fixbugs.yml"


@dataclass(frozen=True)
class Problem:
    line: int
    column: int
    excerpt: str
    message: str


def test_a_refusal_is_polite_and_says_what_is_needed() -> None:
    assert answers.refused("eve", Role.WRITE) == (
        "Sorry @eve, FixBugs takes requests only from people with the **write** role or a higher one in this "
        "repository. One of them can ask for you."
    )


def test_a_name_that_is_no_login_is_not_mentioned() -> None:
    assert not ALIVE.search(Rendered(answers.refused("eve @ada", Role.READ)).bare)


def test_help_names_every_instruction() -> None:
    assert answers.help_text("fixbugs") == (
        "Write one of these on a line of its own:\n\n"
        "- `/fixbugs`: fix the bug that this issue describes, or this pull request’s failing checks\n"
        "- `/fixbugs explain`: name the most suspect places, change nothing\n"
        "- `/fixbugs reproduce`: write a failing test, no fix\n"
        "- `/fixbugs validate`: judge this pull request: red at its base, green at its head, every hunk needed\n"
        "- `/fixbugs stop`: stop the run that is going on here\n"
        "- `/fixbugs retry`: run the last one again, with all that was said since\n"
        "- `/fixbugs status`: say how far the run is\n\n"
        "What you write after the command, on its line or below it, is taken as guidance. "
        "The label `fixbugs` on an issue does the same as `/fixbugs`."
    )


def test_help_names_the_word_that_was_mistyped() -> None:
    assert answers.help_text("fixbugs", "stpo").startswith("FixBugs does not know `/fixbugs stpo`.\n\nWrite one")


def test_the_status_follows_the_run() -> None:
    assert answers.status(None, None) == "No run was asked for here yet. `/fixbugs help` says how to."
    assert answers.status(waiting_record(), 2) == "Run `run-7f3a` waits for its turn; 2 runs are ahead of it."
    assert answers.status(waiting_record(), 0) == "Run `run-7f3a` waits for its turn; it starts next."
    assert answers.status(running_record(), None) == (
        "Run `run-7f3a` is going on, 4 of 8 stages done; now: reproduce the bug. "
        "Last finding: paperboy/dates.py:16 in add_months"
    )
    assert answers.status(asked(fixed_record()), None) == (
        "Run `run-7f3a` has ended. **Fixed:** In paperboy/dates.py:16, use `target` instead of `start`."
    )


def test_a_repeated_request_leads_to_its_answer() -> None:
    url = "https://github.com/acme/paperboy/issues/12#issuecomment-1"
    assert answers.repeated(asked(fixed_record()), url) == (
        f"The same [was answered before]({url}), and neither the text nor the code has changed since. "
        "**Fixed:** In paperboy/dates.py:16, use `target` instead of `start`.\n\n`/fixbugs retry` runs it all the same."
    )


def test_a_mistake_in_the_settings_is_quoted_with_its_place() -> None:
    problem = Problem(3, 3, "  lable: x", "`lable` is not a setting. Did you mean `label`?")
    assert answers.policy_errors([problem], ".github/fixbugs.yml", PAGE, "https://bot.example/schema.json") == (
        f"No run was started: [`.github/fixbugs.yml`]({PAGE}) on the default branch has 1 mistake.\n\n"
        f"[Line 3]({PAGE}#L3): `lable` is not a setting. Did you mean `label`?\n\n"
        "```text\n  lable: x\n  ^\n```\n\n"
        "What may stand there: [its JSON Schema](https://bot.example/schema.json). Once it is corrected, ask again."
    )


def test_many_mistakes_are_counted_and_the_first_ten_shown() -> None:
    problems = [Problem(n, 1, f"x{n}: 1", "No.") for n in range(1, 14)]
    said = answers.policy_errors(problems, ".github/fixbugs.yml", PAGE)
    assert "has 13 mistakes." in said
    assert said.count("[Line ") == 10
    assert said.endswith("And 3 more.\n\nOnce they are corrected, ask again.")


def test_a_hostile_settings_file_stays_text() -> None:
    problem = Problem(1, 999, "```\n@ada Fixes #9 <img src=x>" * 50, "`@ada` <img src=x> Fixes #9")
    page = Rendered(answers.policy_errors([problem], ".github/fixbugs.yml", PAGE))
    assert page.complete
    assert "img" not in page.tags
    assert not ALIVE.search(page.bare)


def test_the_rest_says_what_is_and_what_to_do() -> None:
    assert [
        answers.nothing_to_stop(),
        answers.joined(asked(fixed_record())),
        answers.archived(),
        answers.empty_repository(),
        answers.nothing_failed(),
        answers.closed_thread(),
        answers.not_a_pull_request(),
    ] == [
        "There is nothing to stop: no run is going on here.",
        "Run `run-7f3a` is going on here already; `/fixbugs stop` ends it.",
        "This repository is archived, so FixBugs can change nothing in it.",
        "This repository is empty: there is no code to look at yet.",
        "No check fails on this pull request. To have something else changed, say what: `/fixbugs` and your words.",
        "This is closed, so FixBugs leaves it alone. Reopen it and ask again.",
        "`/fixbugs validate` judges a pull request, and this is an issue. `/fixbugs` looks for a fix of it.",
    ]
