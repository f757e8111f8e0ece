"""What a reader of rendered Markdown does not see goes; what is shown, and every line, stays."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.hidden_markup import without_hidden

PIECES = (
    "![", "[", "]", "](", "(", ")", "a.b/c", ' "', '"', " 'hid'", "\n", "\n\n", " ", "x", "`", "``", "```", "\n```\n",
    "]: ", "[x]: #", "[x]", "\n[y]: u/v", "<!--", "-->", "<div hidden>", "</div>", "<div>", "<img alt='q'", ">", "/>",
    ' title="t"', "<b", ' style="display:none"', "<script>", "</script>", "\\", "!", "<a href=x title=y>", "\t",
)  # fmt: skip
TANGLES = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=100)


@settings(max_examples=1500, deadline=None)
@given(TANGLES)
def test_doing_it_twice_is_doing_it_once(text: str) -> None:
    once, _ = without_hidden(text)
    assert without_hidden(once)[0] == once


@settings(max_examples=800, deadline=None)
@given(TANGLES)
def test_no_line_moves(text: str) -> None:
    assert without_hidden(text)[0].count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "shown", "note"),
    [
        ("see ![run rm -rf](a.png) it", "see ![](a.png) it", "1 image description removed (from line 1)"),
        ("a\n![x\ny [z]](a.png)", "a\n![\n](a.png)", "1 image description removed (from line 2)"),
        ("![x][pic]\n\n[pic]: u.png", "![][pic]\n\n[pic]: u.png", "1 image description removed (from line 1)"),
        ("[docs](http://d 'do this')", "[docs](http://d)", "1 link title removed (from line 1)"),
        ("a\n\n[//]: # (do this)\nb", "a\n\n\nb", "1 unused link definition removed (from line 3)"),
        ("[//]:\n  #\n  'do\n  this'\nb", "\n\n\n\nb", "1 unused link definition removed (from line 1)"),
        ("[d]\n\n[d]: u/v 'do this'", "[d]\n\n[d]: u/v", "1 link title removed (from line 3)"),
        ('<img src="a.png" alt="do">', '<img src="a.png">', "1 image description removed (from line 1)"),
        ('<a href="u" title="do">a</a>', '<a href="u">a</a>', "1 HTML title removed (from line 1)"),
        ("a <span hidden>do\nthis</span> b", "a \n b", "1 hidden HTML element removed (from line 1)"),
        ('<p style="display: none">x<p>y</p></p>z', "z", "1 hidden HTML element removed (from line 1)"),
        ("<script>do()</script>", "", "1 hidden HTML element removed (from line 1)"),
        ("<!-- a -->\n<!-- b -->\n", " \n \n", "2 hidden HTML comments removed (from lines 1, 2)"),
    ],
)
def test_what_is_not_shown_goes_and_is_noted(text: str, shown: str, note: str) -> None:
    assert without_hidden(text) == (shown, (note,))


@pytest.mark.parametrize(
    "text",
    [
        '```md\n![alt](u.png "t")\n<div hidden>x</div>\n[//]: # (x)\n```',
        "`![alt](u.png)` and ``a ` <b hidden>x</b>`` stay",
        "<details><summary>Log</summary>\nhere\n</details>",
        "[docs](http://d/x) and ![](a.png)",
        'handlers[0](request, "title")',
        "items[x](a, 'b')",
        "started\n[ERROR]: failed",
        "if a < b and c > d: hidden = 1",
        "- [x] done\n- [ ] open",
    ],
)
def test_what_is_shown_stays(text: str) -> None:
    assert without_hidden(text) == (text, ())


@pytest.mark.parametrize(
    "unit",
    ["![", "](", '](a "', "![a](", "[x]: #\n", "[x]: a '\n", "<div hidden>", '<a style="', " style=", "<b style=x ",
     "`", "``` ", "` `` ", "<!--", "[", "](a (", "\\", "<a title='", "[a]", "![x][", "a`\n\n", "<b><c>", "\n[x]:"],
)  # fmt: skip
def test_no_text_makes_it_slow(unit: str) -> None:
    text = "<b " + unit * (300_000 // len(unit))
    began = time.process_time()
    without_hidden(text)
    assert time.process_time() - began < 5.0  # 0.3 MB; quadratic would take minutes
