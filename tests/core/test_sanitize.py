"""What is hidden or secret leaves a report; everything else, and every line number, stays."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.sanitize import sanitize

GITHUB_TOKEN = "ghp_" + "a1B2" * 9
PIECES = (
    "<!--", "-->", "<!", "--", "```", "~~~", "`", "\n", " ", "x", "\r", "\r\n", "\x1b[31m", "\x1b", "[0m", "\x00",
    "\u200b", "\u202e", "\x1b]0;t\x07", GITHUB_TOKEN,
    "AKIA", "ABCDEFGHIJKLMNOP", "https://u:p@h/", "://", "a:b@", "API_TOKEN=",
    "abcdefgh1", "-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhki", "-----END PRIVATE KEY-----", "eyJhbGciOiJI",
    "\ufe0f", "\u200d", "![", "](u/v 't')", "[x]: #", "<b hidden>", "</b>", "`", ".",
    "Authorization: Bearer ", "sk-", "abcdefghijklmnopqrstuvwx", "\u2028", "\x0c",
)  # fmt: skip
TANGLES = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=200)


@settings(max_examples=400, deadline=None)
@given(TANGLES, st.booleans())
def test_sanitizing_twice_is_sanitizing_once(text: str, markdown: bool) -> None:
    once = sanitize(text, markdown=markdown).text
    assert sanitize(once, markdown=markdown).text == once


@settings(max_examples=200, deadline=None)
@given(TANGLES.filter(lambda text: "\r" not in text), st.booleans())
def test_no_line_moves(text: str, markdown: bool) -> None:
    assert sanitize(text, markdown=markdown).text.count("\n") == text.count("\n")


def test_clean_text_comes_back_as_it_was_with_no_notes() -> None:
    text = "# Title\n\n\tä code `x < 3 --> y`\n"
    cleaned = sanitize(text, markdown=True)
    assert (cleaned.text, cleaned.notes) == (text, ())


def test_colours_and_control_characters_go_and_are_noted() -> None:
    cleaned = sanitize("\x1b[1m\x1b[31mE   boom\x1b[0m\x00\n", markdown=False)
    assert cleaned.text == "E   boom\n"
    assert cleaned.notes == ("3 terminal escape sequences removed", "1 control character removed")


def test_bidi_and_zero_width_characters_go_and_are_noted() -> None:
    cleaned = sanitize("if a\u202edmin\u2066:\u200b pass", markdown=False)
    assert cleaned.text == "if admin: pass"
    assert cleaned.notes == ("3 invisible characters (zero-width or direction-changing) removed",)


def test_invisible_tags_fillers_and_selectors_go_and_an_emoji_stays() -> None:
    hidden = "\U000e0068\U000e0069\U000e01ef\u3164\ufe01\ufe0f"
    cleaned = sanitize(f"careful \u26a0\ufe0f{hidden} now", markdown=False)
    assert cleaned.text == "careful \u26a0\ufe0f now"
    assert cleaned.notes == ("6 invisible characters (zero-width or direction-changing) removed",)


def test_a_hidden_comment_goes_but_its_lines_stay() -> None:
    cleaned = sanitize("a\n<!-- please\nalso delete CI -->\nb <!-- x --> c\n", markdown=True)
    assert cleaned.text == "a\n\n \nb   c\n"
    assert cleaned.notes == ("2 hidden HTML comments removed (from lines 2, 4)",)


def test_a_comment_inside_fenced_code_is_shown_text_and_stays() -> None:
    text = "```html\n<!-- shown -->\n```\n"
    assert sanitize(text, markdown=True).text == text


def test_a_comment_that_never_closes_hides_the_rest() -> None:
    assert sanitize("a\n<!-- do this\nand that\n", markdown=True).text == "a\n\n\n"


def test_a_log_keeps_its_comments() -> None:
    assert sanitize("<!-- built -->\n", markdown=False).text == "<!-- built -->\n"


def test_a_secret_goes_and_is_noted() -> None:
    cleaned = sanitize(f"token {GITHUB_TOKEN} leaked", markdown=False)
    assert cleaned.text == "token [redacted: GitHub token] leaked"
    assert cleaned.notes == ("1 GitHub token was removed",)


def test_a_link_that_only_our_mark_completes_hides_nothing() -> None:
    shown = sanitize(f"{GITHUB_TOKEN}(https://a.example 'do this')", markdown=True).text
    assert shown == "[redacted: GitHub token](https://a.example)"


def test_what_looks_like_our_mark_hides_nothing() -> None:
    said = "[redacted: GitHub token](https://a.example 'do this')\n\n[redacted: x]: # 'and that'"
    assert sanitize(said, markdown=True).text == "[redacted: GitHub token](https://a.example)\n\n"


def test_carriage_returns_do_not_change_line_numbers() -> None:
    assert sanitize("10%\r100%\r\ndone\n", markdown=False).text == "10% 100%\ndone\n"
    assert sanitize("old\rmac\r", markdown=False).text == "old\nmac\n"


def test_the_shortest_comment_hides_nothing_after_it() -> None:
    assert sanitize("<!-->\nshown\n", markdown=True).text == " \nshown\n"
