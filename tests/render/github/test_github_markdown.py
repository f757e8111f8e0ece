"""Escaping, one construct each: what a reader sees is what was written, and nothing more happens."""

from __future__ import annotations

import pytest
from poison import Rendered

from bot.render.github.markdown import (
    Block,
    bullets,
    code,
    details,
    fence,
    fitted,
    link,
    permalink,
    prose,
    table,
    text,
    verbatim,
)
from bot.render.github.markers import answer_marker, marker

GAP = "\u200b"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain words", "plain words"),
        ("add_months and __init__", "add_months and \\_\\_init\\_\\_"),
        ("a * b", "a \\* b"),
        ("<b> & [x](y)", "&lt;b&gt; &amp; \\[x\\](y)"),
        ("a | b", "a &#124; b"),
        ("ask @ada", "ask @&#8203;ada"),
        ("Fixes #9, not # 9", "Fixes \\#&#8203;9, not \\# 9"),
        ("GH-9", "GH&#8203;-9"),
        ("https://x.example", "https:&#8203;//x.example"),
        ("www.x.example", "www&#8203;.x.example"),
        ("1. first", "1\\. first"),
        ("- dash", "\\- dash"),
        ("costs $5", "costs \\$5"),
        ("two\nlines", "two lines"),
        ("zero\u200bwidth", "zerowidth"),
        ("wow!", "wow\\!"),
        ("a != b, wow! yes", "a \\!= b, wow! yes"),
    ],
)
def test_text_shows_as_it_is(said: str, shown: str) -> None:
    assert text(said) == shown


def test_what_stands_between_backticks_is_code() -> None:
    assert prose("use `a_b` not `@c`.") == "use `a_b` not `@c`."
    assert prose("an odd ` tick") == "an odd \\` tick"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a.py:1", "`a.py:1`"),
        ("a`b", "``a`b``"),
        ("`a`", "`` `a` ``"),
        ("a|b", "<code>a&#124;b</code>"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_code_stays_code(said: str, shown: str) -> None:
    assert code(said) == shown


def test_a_fence_is_longer_than_any_inside() -> None:
    assert fence("a\n````\nb", "py") == "`````py\na\n````\nb\n`````"


def test_long_output_is_cut_in_its_middle() -> None:
    assert fence("a" * 10 + "b" * 10, most=10) == "```\naaaaa\n… 10 characters left out …\nbbbbb\n```"


def test_lines_to_copy_keep_their_last_line_end() -> None:
    assert verbatim("-a\n+b\n", "diff") == "```diff\n-a\n+b\n\n```"


def test_a_place_is_a_link_to_its_lines() -> None:
    web = "https://github.com/acme/shop"
    assert permalink(web, "abc", "a b/(c).py", 3, 5) == f"[`a b/(c).py:3-5`]({web}/blob/abc/a%20b/%28c%29.py#L3-L5)"
    assert permalink(web, "abc", "a.py", 3, 3) == f"[`a.py:3`]({web}/blob/abc/a.py#L3)"
    assert permalink("", "abc", "a.py", 3) == permalink(web, "", "a.py", 3) == "`a.py:3`"


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "https://x.example/)[y](z", "https://x.example/ y", "//x"])
def test_only_plain_web_addresses_are_linked(url: str) -> None:
    assert link("here", url) == "here"


def test_a_summary_is_not_markup() -> None:
    shown = Rendered(details("<b> @ada & #9", "body"))
    assert "b" not in shown.tags
    assert f"<b> @{GAP}ada & #{GAP}9" in shown.bare


def test_a_table_holds_cells_with_bars() -> None:
    shown = Rendered(table(("A", "B"), [(code("a|b"), prose("c|d \\| e"))], right=(1,)))
    assert shown.tags.count("td") == 2
    assert "c|d \\| e" in shown.bare


def test_parts_are_left_out_from_the_end_and_named() -> None:
    blocks = (Block("first"), Block("b" * 100, "the b"), Block(""), Block("c" * 100, "the c"), Block("last"))
    told = "*Left out, because GitHub takes no longer text: "
    assert fitted(blocks, 1_000) == f"first\n\n{'b' * 100}\n\n{'c' * 100}\n\nlast"
    assert fitted(blocks, 200) == f"first\n\n{'b' * 100}\n\nlast\n\n{told}the c.*"
    assert fitted(blocks, 90) == f"first\n\nlast\n\n{told}the b, the c.*"


def test_no_run_has_the_mark_of_another() -> None:
    assert marker("run-1") == "<!-- fixbugs run run-1 -->"
    assert marker("run-1") not in marker("run-12")
    assert marker("a --> b") == "<!-- fixbugs run a-b -->"
    assert answer_marker("run-1") != marker("run-1")


def test_a_list_has_one_line_for_each() -> None:
    assert bullets(["a", "b"]) == "- a\n- b"
