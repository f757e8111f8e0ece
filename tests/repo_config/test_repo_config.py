"""Held: a repository's settings are read as written, and whatever is wrong is told by line, to a stranger."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.forge import Role
from bot.core.policy import Budget, OnFailedChecks, Policy, Wishes
from bot.repo_config import PolicyError, PolicyErrors, read_policy
from bot.repo_config.reading import MAX_CHARS, schema, seconds

ROOT = Path(__file__).parents[2]

EVERYTHING = """\
label: Fix it
who:
  role: triage
  also: [ada, grace-h]
failed_checks: always
setup: pip install -e .[dev]
test: |
  pytest -q
report: build/reports/*.xml
folder: services/shop/
image: python:3.12-slim
protected:
  - src/api
  - "*.sql"
budget:
  time: 1h30m
  cost: 2.50
models:
  root_cause: large
  fix: small
pull_request:
  draft: false
  branch_prefix: bot/fix-
"""


def errors_of(text: str) -> tuple[PolicyError, ...]:
    found = read_policy(text)
    assert isinstance(found, PolicyErrors), found
    return found.errors


def only_error(text: str) -> PolicyError:
    found = errors_of(text)
    assert len(found) == 1, found
    return found[0]


def test_every_setting_is_read() -> None:
    assert read_policy(EVERYTHING) == Policy(
        label="Fix it",
        min_role=Role.TRIAGE,
        allowed=("ada", "grace-h"),
        failed_checks=OnFailedChecks.ALWAYS,
        wishes=Wishes("pip install -e .[dev]", "pytest -q", "build/reports/*.xml", "python:3.12-slim", "services/shop"),
        protected_paths=("src/api", "*.sql"),
        budget=Budget(5400.0, 2.5),
        models=(("fix", "small"), ("root_cause", "large")),
        draft=False,
        branch_prefix="bot/fix-",
    )


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing yet\n", "{}", "---\n", "~", "\ufeff", "budget:\n  # time: 30m\n"]
)
def test_what_is_not_written_has_its_default(text: str) -> None:
    assert read_policy(text) == Policy()


@pytest.mark.parametrize("text", ["failed_checks: off", "failed_checks: 'off'", "failed_checks: false"])
def test_off_is_understood_however_yaml_reads_it(text: str) -> None:
    found = read_policy(text)
    assert isinstance(found, Policy)
    assert found.failed_checks is OnFailedChecks.OFF


def test_windows_line_ends_and_a_byte_order_mark_are_fine() -> None:
    found = read_policy("\ufefflabel: bug\r\nwho:\r\n  role: admin\r\n")
    assert isinstance(found, Policy)
    assert (found.label, found.min_role) == ("bug", Role.ADMIN)


def test_all_errors_are_told_at_once_each_with_its_line() -> None:
    found = errors_of("labl: x\nwho:\n  role: wirte\nbudget:\n  time: 30\n")
    assert found == (
        PolicyError(1, 1, "labl: x", "`labl` is not a setting. Did you mean `label`?"),
        PolicyError(
            3,
            9,
            "  role: wirte",
            "`who.role` must be one of `read`, `triage`, `write`, `maintain`, `admin`, not `wirte`. "
            "Did you mean `write`?",
        ),
        PolicyError(
            5,
            9,
            "  time: 30",
            "`budget.time` must be a time with its unit, like `30m`, `90s` or `1h30m`, not `30`.",
        ),
    )


# What is written, the line and column that are named, and what is said.
MISTAKES = [
    ("label: 12", 1, 8, "`label` must be a label's name: text on one line (in quotes, if it is a number), not `12`."),
    ("label: ''", 1, 8, "`label` is empty: give a value, or remove the line."),
    (
        "models:\n  gather: x",
        2,
        3,
        "`gather` is not a setting of `models`. The settings there are `analysis`, `reproduction`, `root_cause`, "
        "`fix`, `validation`.",
    ),
    ("who: write", 1, 6, "`who` must be a group of settings, each on an indented line of its own, not `write`."),
    (
        "who:\n  also: ada",
        2,
        9,
        "`who.also` must be a list, each item on a line of its own that begins with `-`, not `ada`.",
    ),
    ("who:\n  also:\n  - '@ada'", 3, 5, "`who.also[1]` must be a login, without the `@`, not `@ada`."),
    (
        "failed_checks: labelled",
        1,
        16,
        "`failed_checks` must be one of `off`, `labeled`, `always`, not `labelled`. Did you mean `labeled`?",
    ),
    ("setup: [make]", 1, 8, "`setup` must be text, not a list."),
    (
        "report: ../r.xml",
        1,
        9,
        r"`report` must be a path inside the repository like `build/report.xml` or `reports/*.xml` (no `..`, no `\`, "
        "no `/` at either end), not `../r.xml`.",
    ),
    (
        "folder: a/*",
        1,
        9,
        r"`folder` must be a folder inside the repository like `services/shop` (no `..`, no `\`, no `*`), not `a/*`.",
    ),
    ("setup: 12", 1, 8, "`setup` must be text, not `12`. Put it in quotes."),
    ("budget: {cost: $5}", 1, 16, "`budget.cost` must be a number of US dollars like `5` or `0.50`, not `$5`."),
    ("budget: {cost: 0}", 1, 16, "`budget.cost` must be more than 0, not `0`."),
    ("budget: {cost: 99999}", 1, 16, "`budget.cost` must be at most 10000, not `99999`."),
    ("budget: {time: 10h}", 1, 16, "`budget.time` must be between `1m` and `6h`."),
    ("budget: {time: 5s}", 1, 16, "`budget.time` must be between `1m` and `6h`."),
    ("pull_request: {draft: yes}", 1, 23, "`pull_request.draft` must be `true` or `false`, not `yes`."),
    (
        "pull_request: {branch_prefix: fix}",
        1,
        31,
        "`pull_request.branch_prefix` must be the beginning of a branch's name that ends in `/`, `-` or `_`, like "
        "`fixbugs/`, not `fix`.",
    ),
    (
        "protected: ['../up']",
        1,
        13,
        r"`protected[1]` must be a path inside the repository like `src/api/*` (no `!`, no `..`, no `\`), not `../up`.",
    ),
    ("- label", 1, 1, "The file must hold settings, such as `label: fixbugs`, each on a line of its own."),
    ("label: a\nlabel: b", 2, 1, "`label` is set twice: it was set on line 1 already."),
    ("label: a\n---\nlabel: b", 2, 1, "Only one document is read: remove this `---` and what follows."),
    ("label: &a x", 1, 8, "Anchors and aliases (`&name`, `*name`) are not taken here: write the value out."),
    ("label: *a", 1, 8, "Anchors and aliases (`&name`, `*name`) are not taken here: write the value out."),
    (
        "label: !!python/none x",
        1,
        8,
        "Tags (`!name`) are not taken here: write the plain value, in quotes if it is text.",
    ),
    ("? [a]\n: b", 1, 3, "A setting's name must be a plain word."),
    (
        "who:\n\trole: write",
        2,
        1,
        "This line is indented with a tab. YAML takes spaces only: replace the tab with spaces.",
    ),
    (
        "test: a: b",
        1,
        8,
        "This line cannot have a `:` here. Put the value in quotes if the `:` is part of it, or check that the line is "
        "indented like its neighbours.",
    ),
    ("label: @ada", 1, 8, "A value cannot begin with `@`: put it in quotes."),
    ("label: 'fix\n", 1, 8, "The quotes opened here are never closed."),
    ("label: \x01", 1, 8, "This character cannot be part of a YAML file: remove it."),
    ("label: ok\nimage: caf\ufffd", 2, 11, "The file is not in UTF-8: save it in that encoding."),
    (f"setup: {'x' * 5000}", 1, 8, "This value is longer than 4,000 characters."),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), MISTAKES, ids=[m[0][:24] for m in MISTAKES])
def test_a_mistake_is_told_where_it_stands(text: str, line: int, column: int, message: str) -> None:
    found = only_error(text)
    assert (found.line, found.column, found.message) == (line, column, message)


def test_a_file_that_is_too_long_is_not_read() -> None:
    assert only_error("#" * (MAX_CHARS + 1)).message.startswith("The file has 32,769 characters; at most 32,768")


@pytest.mark.parametrize(
    "text", ["[" * 30_000, "{a: " * 8_000, "- " * 15_000, "? " * 15_000, "protected: ['" + "a" * 3999 + "\\']"]
)
def test_a_hostile_file_is_refused_quickly(text: str) -> None:
    began = time.process_time()
    errors_of(text)
    assert time.process_time() - began < 2.0


def test_the_quoted_line_is_short_and_has_nothing_that_is_not_seen() -> None:
    found = only_error("who:\n\t\u202e" + "x" * 900)
    assert found.excerpt == "→" + "x" * 199


def test_at_most_twenty_errors_are_told() -> None:
    assert len(errors_of("".join(f"k{number}: 1\n" for number in range(50)))) == 20


@given(st.text(max_size=300))
def test_any_text_gives_a_policy_or_errors_that_quote_a_line(text: str) -> None:
    found = read_policy(text)
    for error in found.errors if isinstance(found, PolicyErrors) else ():
        assert 1 <= error.line <= text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + 2
        assert error.message.endswith((".", "?"))


KEYS = st.sampled_from(["label", "who", "role", "also", "budget", "time", "protected", "models", "pull_request", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab1 :-#'\"\n", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_any_settings_give_a_policy_or_errors(value: object) -> None:
    import json

    assert isinstance(read_policy(json.dumps(value)), Policy | PolicyErrors)


@pytest.mark.parametrize(("text", "time_s"), [("90s", 90), ("30m", 1800), ("1h", 3600), ("1h1m1s", 3661)])
def test_times_have_units(text: str, time_s: int) -> None:
    assert seconds(text) == time_s


def test_the_published_schema_is_the_one_that_is_used() -> None:
    ours = (ROOT / "bot/repo_config/schema.json").read_text(encoding="utf-8")
    assert (ROOT / "docs/fixbugs.schema.json").read_text(encoding="utf-8") == ours


def test_every_setting_of_the_schema_is_described() -> None:
    def undescribed(node: object, at: str) -> list[str]:
        if not isinstance(node, dict):
            return []
        properties = node.get("properties", {})
        lacking = [f"{at}.{name}" for name, inner in properties.items() if not ({"description", "$ref"} & set(inner))]
        return lacking + [found for name, inner in properties.items() for found in undescribed(inner, f"{at}.{name}")]

    assert undescribed(schema(), "") == []


def test_the_schemas_defaults_are_the_policys() -> None:
    default = Policy()
    properties = schema()["properties"]
    assert isinstance(properties, dict)
    assert properties["label"]["default"] == default.label
    assert properties["who"]["properties"]["role"]["default"] == default.min_role.value
    assert properties["failed_checks"]["default"] == default.failed_checks.value
    assert seconds(properties["budget"]["properties"]["time"]["default"]) == default.budget.time_limit_s
    assert properties["pull_request"]["properties"]["draft"]["default"] is default.draft
    assert properties["pull_request"]["properties"]["branch_prefix"]["default"] == default.branch_prefix


def test_the_guides_example_is_read_and_names_every_setting() -> None:
    guide = (ROOT / "docs/repository-settings.md").read_text(encoding="utf-8")
    example = guide.split("```yaml\n", 1)[1].split("```", 1)[0]
    assert isinstance(read_policy(example), Policy)
    properties = schema()["properties"]
    assert isinstance(properties, dict)
    assert all(f"\n{name}:" in f"\n{example}" for name in properties)
