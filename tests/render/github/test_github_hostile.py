"""Whatever people and programs wrote: no text of ours can be made to mention, link, close, hide or break anything."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from poison import ALIVE, TAGS, Rendered, poisoned

from bot.core.artifacts import SourceText, Validation
from bot.core.outcomes import RunRecord
from bot.core.patch import FileEdit, Patch
from bot.core.run import Verdict
from bot.render.github import pull_request
from bot.render.github.check import check_report
from bot.render.github.comment import run_comment
from bot.render.github.view import DeliveryKind, View
from builders import NO_FIX, explained_record, fixed_record, no_fix_record, reproduced_record, with_artifacts
from forge_records import (
    WEB,
    asked,
    branch,
    delivered,
    judged_record,
    judgement,
    late,
    publishing_record,
    pull,
    rebased_record,
    running_record,
    view,
    waiting_record,
)

GITHUB_CHARS = 65_536
RECORDS: dict[str, tuple[RunRecord, View]] = {
    "waiting": (waiting_record(), view(ahead=3)),
    "running": (running_record(), view()),
    "publishing": (publishing_record(), view()),
    "fixed": (late(asked(fixed_record())), view(delivered(note="x"))),
    "pushed": (asked(fixed_record(), pull()), view(delivered(DeliveryKind.PUSHED))),
    "stacked": (asked(fixed_record(), pull()), view(delivered(DeliveryKind.STACKED))),
    "patch": (rebased_record(), view(delivered(DeliveryKind.PATCH, note="x"))),
    "not pushed": (asked(fixed_record(), branch()), view(delivered(DeliveryKind.NONE, note="x"))),
    "reproduced": (asked(reproduced_record()), view()),
    "explained": (asked(explained_record()), view()),
    "judged": (judged_record(judgement("x", "y", unneeded=True)), view()),
    **{v.value: (asked(no_fix_record(v)), view()) for v in NO_FIX},
}
PIECES = [
    "@ada", "@acme/team", "Fixes #9", "closes: acme/shop#9", "GH-9", "https://evil.example/x", "www.evil.example",
    "a@evil.example", "fixes https://github.com/acme/shop/issues/9", "<img src=x onerror=alert(1)>", "<!--", "-->",
    "</details>", "</summary>", "<details>", "<script>", "[a](https://evil.example)", "![i](//evil.example/p.png)",
    "[a]: https://evil.example", "|", "\\|", "\\", "`", "```", "````", "~~~", "# x", "- x", "1. x", "> x", "---", "***",
    "*", "_", "__", "~~", "$x$", "&#64;ada", "&lt;b&gt;", "&", ";", "\n", "\n\n", "\r\n", "\t", "    ", "\u202e",
    "\u200b",
    "\x1b[31m", "\x00", "\ud800", "\ue000", "a.py:1", "é", "日本", "😀", "{{ x }}", ":tada:", "[^1]", "--flag", ". ",
    "<https://evil.example>", "mailto:a@evil.example", "`@ada`", "``", "/fixbugs fix",
]  # fmt: skip
PREFIXES = ["a..b/", "/x//", ".x/", "x.lock/", "~^:?*[\\", "@{", "-x/", ".", "fixbugs/", "a/b-"]
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=12).map("".join)


def texts(name: str, hostile: str) -> tuple[str, ...]:
    """All that people would see of this record, every text of whose is hostile."""
    record, shown = RECORDS[name]
    record = poisoned(record, hostile)
    seen = replace(shown, delivered=poisoned(shown.delivered, hostile)) if shown.delivered else shown
    check = check_report(record, seen)
    found = [run_comment(record, seen), check.summary]
    if record.verdict is Verdict.FIXED:
        found += [pull_request.pull_body(record, seen), pull_request.revision_note(record, seen)]
    return tuple(found)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(RECORDS)), HOSTILE)
@example("fixed", "Fixes #9 @ada <!-- </details> ``` | [a](https://evil.example) www.evil.example")
@example("fixed", "<!--a.py:1")
@example("fixed", "wow!")
@example("judged", "|`|\\|`@ada`|")
@example("patch", "````\n@ada\n~~~~~\n```")
@example("not reproducible", "\n\n# x\n\n- [ ] @ada\n\n| a |\n| --- |\n")
def test_hostile_text_stays_text(name: str, hostile: str) -> None:
    for text in texts(name, hostile):
        page = Rendered(text)
        assert set(page.tags) <= TAGS
        assert page.attributes <= {"href", "class", "open", "style", "start"}
        assert all(link.startswith(f"{WEB}/") for link in page.links)
        assert page.complete
        assert all(comment.startswith(" fixbugs run ") for comment in page.comments)
        assert len(page.comments) <= 1
        bare = page.bare.replace("Fixes #12.", "").replace("For #34.", "")
        assert not ALIVE.search(bare), ALIVE.search(bare)


@pytest.mark.parametrize("name", ["fixed", "patch", "judged", "no fix found", "cannot run"])
@pytest.mark.parametrize("piece", ["x" * 9, "😀", "@", "|`", "line\n", "<b>", "`" * 40])
def test_no_text_is_longer_than_github_takes(name: str, piece: str) -> None:
    hostile = (piece * 40_000)[:40_000]
    for text in texts(name, hostile):
        assert len(text.encode("utf-16-le", "surrogatepass")) // 2 <= GITHUB_CHARS
        assert len(text.encode()) <= GITHUB_CHARS
        assert Rendered(text).complete


@pytest.mark.parametrize("lines", [1_000, 30_000])
def test_a_patch_is_whole_or_said_to_be_too_long(lines: int) -> None:
    record, shown = RECORDS["patch"]
    fix = Patch((FileEdit("a.txt", None, "".join(f"line {n} of many\n" for n in range(lines))),))
    proved = record.artifact(Validation)
    assert proved is not None
    text = run_comment(with_artifacts(record, replace(proved, fix=fix, rebased=None)), shown)
    assert len(text) <= GITHUB_CHARS
    assert (fix.diff in text) is (lines == 1_000)
    assert ("more than a comment can carry" in text) is (lines == 30_000)


def test_many_parts_that_are_long_each_are_left_out_from_the_end_and_named() -> None:
    record, shown = RECORDS["fixed"]
    assert "*Left out, because GitHub takes no longer text:" in run_comment(poisoned(record, "😀@|" * 5_000), shown)


@settings(max_examples=60, deadline=None)
@given(HOSTILE, st.lists(HOSTILE, max_size=6))
def test_titles_and_commit_messages_mention_and_close_nothing(hostile: str, subjects: list[str]) -> None:
    record = poisoned(asked(fixed_record()), hostile)
    title = pull_request.pull_title(record, subjects)
    messages = (pull_request.test_commit_message(record, subjects), pull_request.fix_commit_message(record, subjects))
    assert 0 < len(title) <= 100
    assert "\n" not in title
    assert not ALIVE.search(title)
    for message in messages:
        first, rest = message.split("\n", 1)
        assert 0 < len(first) <= 72
        assert rest.startswith("\n")
        assert not ALIVE.search(rest.replace("Refs #12\n", "").replace("\u2026", ""))


@pytest.mark.parametrize(
    "said",
    [
        "[skip ci]",
        "[ci skip]",
        "[no ci]",
        "[skip actions]",
        "[Actions Skip]",
        "[skip-ci]",
        "***NO_CI***",
        "[[skip ci]]",
    ],
)
def test_no_title_keeps_the_repositorys_checks_from_running(said: str) -> None:
    record = poisoned(asked(fixed_record()), f"Total is wrong {said}")
    texts = (
        pull_request.pull_title(record, ()),
        pull_request.test_commit_message(record, ()),
        pull_request.fix_commit_message(record, ()),
    )
    skips = re.compile(r"\[(skip[ -]ci|ci skip|no ci|skip actions|actions skip)\]|NO_CI\*", re.IGNORECASE)
    assert not any(skips.search(text) for text in texts)
    assert said.strip("[]*") in texts[0]


@given(
    st.text(max_size=20) | st.sampled_from(["a..b/", "/x//", ".x/", "x.lock/", "~^:?*[\\", "@{", "-x/", "."]), HOSTILE
)
@settings(max_examples=80, deadline=None)
def test_branch_names_are_what_git_takes(prefix: str, title: str) -> None:
    name = pull_request.branch_name(asked(fixed_record()), prefix, title)
    assert 0 < len(name) <= 60
    assert name.isascii()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-")
    assert ".." not in name
    assert "//" not in name
    assert not name.startswith(("-", "/", "."))
    assert not name.endswith(("/", ".", ".lock"))
    assert not any(part.startswith(".") or part.endswith((".", ".lock")) for part in name.split("/"))


def test_a_late_text_is_linked_only_where_its_address_is_one() -> None:
    record = late(asked(fixed_record()))
    odd = SourceText("comment", "comment", "x", address="javascript:alert(1)")
    assert "javascript" not in run_comment(replace(record, handed_in=(odd,)), view())
