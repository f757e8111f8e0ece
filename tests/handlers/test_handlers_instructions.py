"""What counts as an instruction in a comment, and what does not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.commands import Ask
from handlers.instructions import LINE, Instruction, _plain_text, _surely_plain, first_instruction, newly_instructed

LINES = ["/fixbugs", "  /fixbugs fix `a", "/FIXBUGS a](b) *c", "", "", " \t", "text", "> quote", "- item", "  - [x"]
LINES += ["-     code", "10. ten", "1. one", "---", "===", "# head", "    code", "\tcode", "| a | b |", "[a]: b"]
LINES += ["[a", "*em", "\\", "a  ", "<!--", "```", "~~~"]
HOSTILE = ["[", "![", "`", "*a ", "> ", "- ", "<!--", "](", "a\n", "&", "/fixbugs x\n", "`a\n/fixbugs "]


@pytest.mark.parametrize(
    ("text", "ask", "guidance"),
    [
        ("/fixbugs", Ask.FIX, ""),
        ("/fixbugs fix", Ask.FIX, ""),
        ("/FixBugs  EXPLAIN", Ask.EXPLAIN, ""),
        ("   /fixbugs reproduce", Ask.REPRODUCE, ""),
        ("/fixbugs validate\r\n", Ask.VALIDATE, ""),
        ("/fixbugs stop.", Ask.STOP, ""),
        ("/fixbugs: retry", Ask.RETRY, ""),
        ("/fixbugs, please look at the totals", Ask.FIX, "please look at the totals"),
        ("/fixbugs status\n", Ask.STATUS, ""),
        ("/fixbugs help", Ask.HELP, ""),
        ("/fixbugs\tfix\tthe rounding", Ask.FIX, "the rounding"),
        ("/fixbugs fix: the rounding", Ask.FIX, "the rounding"),
        (
            "Hello.\n\n/fixbugs fix the rounding\nnot the sum\n\n> quoted",
            Ask.FIX,
            "the rounding\nnot the sum\n\n> quoted",
        ),
        ("Hello,\n/fixbugs fix\nthanks", Ask.FIX, "thanks"),
        ("- one\n- two\n\n/fixbugs explain", Ask.EXPLAIN, ""),
        ("<details>\n\n/fixbugs explain\n\n</details>", Ask.EXPLAIN, "</details>"),
        ("/fixbugs fix\n---\nAda", Ask.FIX, "---\nAda"),
        ("/fixbugs ~", Ask.FIX, "~"),
        ("/fixbugs six items are lost", Ask.FIX, "six items are lost"),
        ("/fixbugs step 3 fails", Ask.FIX, "step 3 fails"),
    ],
)
def test_an_instruction_is_read_with_its_guidance(text: str, ask: Ask, guidance: str) -> None:
    assert first_instruction(text) == Instruction(ask, guidance)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fixbugs fix",
        "Please /fixbugs fix",
        "/fixbugsfix",
        "/fixbugs-bot fix",
        "/fixbugs/fix",
        "see /fixbugs",
        "    /fixbugs fix",
        "\t/fixbugs fix",
        "> /fixbugs fix",
        ">/fixbugs fix",
        "> a quote\n/fixbugs belongs to it still",
        "- > /fixbugs fix",
        "- /fixbugs fix",
        "# /fixbugs fix",
        "`/fixbugs fix`",
        "``` \n/fixbugs fix\n```",
        "~~~sh\n/fixbugs fix",
        "`some code\n/fixbugs fix` goes on",
        "<!-- /fixbugs fix -->",
        "<!--\n/fixbugs fix\n-->",
        "text <!-- hidden\n/fixbugs fix\n--> text",
        "<pre>\n/fixbugs fix\n</pre>",
        "[a link\n/fixbugs fix](http://example.com)",
        "![an image\n/fixbugs fix](http://example.com)",
        "\\/fixbugs fix",
        "&#47;fixbugs fix",
        "**/fixbugs fix**",
    ],
)
def test_quotes_code_comments_and_mentions_are_no_instructions(text: str) -> None:
    assert first_instruction(text) is None


def test_the_first_instruction_counts_and_its_guidance_ends_at_the_next() -> None:
    text = "/fixbugs explain\nthe sum\n\n/fixbugs fix\nthe rounding"

    assert first_instruction(text) == Instruction(Ask.EXPLAIN, "the sum")


def test_an_instruction_after_code_that_runs_over_lines_is_found_where_it_stands() -> None:
    text = "It says `one\n/fixbugs stop\ntwo` here\n/fixbugs explain this"

    assert first_instruction(text) == Instruction(Ask.EXPLAIN, "this")


def test_a_quoted_instruction_stays_in_the_guidance() -> None:
    assert first_instruction("/fixbugs fix\n\n> /fixbugs stop") == Instruction(Ask.FIX, "> /fixbugs stop")


@pytest.mark.parametrize(
    "word", ["stpo", "sotp", "stopp", "stp", "hlep", "fxi", "fixx", "expalin", "explian", "repro", "retyr"]
)
def test_a_mistyped_word_asks_for_help_instead_of_a_run(word: str) -> None:
    assert first_instruction(f"/fixbugs {word} now") == Instruction(Ask.HELP, "now", unknown=word)


@pytest.mark.parametrize("word", ["the", "please", "totals", "when", "it", "a", "off-by-one", "Rounding"])
def test_a_word_of_its_own_begins_guidance(word: str) -> None:
    assert first_instruction(f"/fixbugs {word} is wrong") == Instruction(Ask.FIX, f"{word} is wrong")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("It fails.", "It fails.\n\n/fixbugs fix", Instruction(Ask.FIX)),
        ("/fixbugs fix", "/fixbugs explain", Instruction(Ask.EXPLAIN)),
        ("/fixbugs stpo", "/fixbugs stop", Instruction(Ask.STOP)),
        ("/fixbugs hepl", "/fixbugs help", Instruction(Ask.HELP)),
        ("/fixbugs fix", "/fixbugs fix\nthe sum", None),
        ("/fixbugs fix", "never mind", None),
        ("one", "two", None),
        (None, "/fixbugs fix", None),
    ],
)
def test_an_edit_asks_only_for_what_it_added(before: str | None, after: str, expected: Instruction | None) -> None:
    assert newly_instructed(after, before) == expected


@given(st.text(st.sampled_from("/fixbugs `>~<!-\n\r []()*\\ stop&#x\t\x0b\u2028"), max_size=120))
def test_no_text_is_an_error_and_guidance_never_holds_the_line_itself(text: str) -> None:
    found = first_instruction(f"{text}\n\n/fixbugs stop\n")

    assert found is None or found.guidance == found.guidance.strip()


@pytest.mark.parametrize("unit", HOSTILE)
def test_the_longest_hostile_comment_is_read_within_the_time_that_a_webhook_has(unit: str) -> None:
    started = time.process_time()

    first_instruction("/fixbugs fix\n\n" + unit * (70_000 // len(unit)))

    assert time.process_time() - started < 5


@settings(max_examples=500)
@given(st.lists(st.sampled_from(LINES), max_size=7))
def test_what_the_lines_alone_decide_is_what_commonmark_says(parts: list[str]) -> None:
    lines = "\n".join(parts).split("\n")
    looking = tuple(number for number, line in enumerate(lines) if LINE.fullmatch(line))

    assert not looking or not _surely_plain(lines, looking) or _plain_text(lines, looking) == looking


def test_an_instruction_is_found_behind_a_long_paragraph_and_not_within_one_without_end() -> None:
    """Reading a paragraph takes time that grows with its square, and anybody may write a comment."""
    assert first_instruction("![" * 30_000 + "\n\n/fixbugs stop") == Instruction(Ask.STOP)
    assert first_instruction("word " * 1_000 + "\n/fixbugs stop") == Instruction(Ask.STOP)
    assert first_instruction("![" * 30_000 + "\n/fixbugs stop") is None
