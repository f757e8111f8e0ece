"""Tracebacks are found in whatever they are wrapped in, with their lines, and their paths are mapped to the tree."""

from __future__ import annotations

from bot.core.artifacts import SourceText
from bot.core.testing import Frame
from bot.readers.source_lines import SourceLines
from bot.readers.stack_frames import MAX_FRAMES, MAX_TRACEBACKS, ReadTraceback, read_tracebacks
from bot.readers.tree_index import TreeIndex
from small_shop import SHOP, a_log, an_issue, lines_of


def read(text: str | SourceText) -> tuple[ReadTraceback, ...]:
    lines = lines_of(text) if isinstance(text, str) else SourceLines(text)
    return read_tracebacks(lines, TreeIndex(SHOP))


def only(text: str | SourceText) -> ReadTraceback:
    (found,) = read(text)
    return found


PLAIN = """\
start
Traceback (most recent call last):
  File "/srv/app/run.py", line 3, in <module>
    main()
  File "/srv/app/shop/cart.py", line 10, in total
    return sum(item.price for item in items)
               ^^^^^^^^^^
KeyError: 'price'
done
"""


def test_frames_run_outermost_first_with_their_code_and_markers_are_no_code() -> None:
    found = only(PLAIN)
    assert found.traceback.frames == (
        Frame("/srv/app/run.py", 3, "<module>", "main()"),
        Frame("shop/cart.py", 10, "total", "return sum(item.price for item in items)"),
    )
    assert (found.traceback.exception_type, found.traceback.message) == ("KeyError", "'price'")
    assert (found.line_start, found.line_end) == (2, 8)


def test_ci_columns_and_error_marks_are_no_part_of_it() -> None:
    stamped = "".join(f"2024-05-01T10:00:00.{n:03}Z {line}\n" for n, line in enumerate(PLAIN.splitlines()))
    assert only(stamped).traceback.frames == only(PLAIN).traceback.frames
    marked = PLAIN.replace("Traceback", "##[error]Traceback")
    assert only(marked).traceback.exception_type == "KeyError"


def test_a_fixed_width_prefix_that_only_differs_in_digits_is_a_margin() -> None:
    prefixed = "".join(f"[12:30:{n:02}] app-1 | {line}\n" for n, line in enumerate(PLAIN.splitlines()))
    assert only(prefixed).traceback.frames == only(PLAIN).traceback.frames


def test_a_log_prefix_on_the_first_line_only_is_no_margin() -> None:
    assert only(PLAIN.replace("Traceback", "ERROR root: Traceback")).traceback.frames == only(PLAIN).traceback.frames


def test_a_quoted_and_a_nested_traceback_lose_their_margins() -> None:
    for margin in ("> ", "    ", "> > ", "  | "):
        wrapped = "".join(f"{margin}{line}\n" for line in PLAIN.splitlines())
        assert only(an_issue(wrapped)).traceback.frames == only(PLAIN).traceback.frames


def test_a_chain_is_linked_and_its_last_link_comes_last() -> None:
    link = "\nDuring handling of the above exception, another exception occurred:\n\n"
    first, second = read(PLAIN.removesuffix("done\n") + link + PLAIN.replace("KeyError: 'price'", "shop.Bad: no price"))
    assert (first.chained, second.chained) == (False, True)
    assert (second.traceback.exception_type, second.traceback.message) == ("Bad", "no price")


def test_unrelated_tracebacks_are_not_linked() -> None:
    assert [found.chained for found in read(PLAIN + PLAIN.replace("price", "cost"))] == [False, False]


def test_an_exception_group_gives_its_parts() -> None:
    group = """\
  + Exception Group Traceback (most recent call last):
  |   File "/x/run.py", line 1, in <module>
  |     go()
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/x/shop/cart.py", line 6, in add
    |     self.items.append(item)
    | ValueError: one
    +---------------- 2 ----------------
    | TypeError: two
    +------------------------------------
"""
    assert [found.traceback.exception_type for found in read(group)] == ["ExceptionGroup", "ValueError"]


def test_a_syntax_error_has_a_place_without_a_function_with_or_without_a_header() -> None:
    shown = "  File \"/x/shop/cart.py\", line 6\n    def broken(\n              ^\nSyntaxError: '(' was never closed\n"
    for text in (shown, "Traceback (most recent call last):\n" + shown):
        found = only(text)
        assert found.traceback.frames[-1] == Frame("shop/cart.py", 6, "", "def broken(")
        assert (found.traceback.exception_type, found.traceback.message) == ("SyntaxError", "'(' was never closed")


def test_recursion_is_capped_at_both_ends() -> None:
    frames = "".join(f'  File "/x/shop/cart.py", line {n}, in total\n    total()\n' for n in range(1, 1001))
    text = (
        f"Traceback (most recent call last):\n{frames}  [Previous line repeated 970 more times]\nRecursionError: deep\n"
    )
    found = only(text).traceback
    assert len(found.frames) == MAX_FRAMES
    assert (found.frames[0].line, found.frames[-1].line) == (1, 1000)
    assert found.exception_type == "RecursionError"


def test_a_message_may_span_lines_in_prose_but_the_log_goes_on() -> None:
    long = PLAIN.replace("KeyError: 'price'\ndone", "ValueError: bad\n  first: 1\nINFO next")
    assert only(a_log(long)).traceback.message == "bad\nfirst: 1"
    issue = PLAIN.replace("KeyError: 'price'\ndone", "ValueError: bad\nsecond line\n\nOther words.")
    assert only(an_issue(issue)).traceback.message == "bad\nsecond line"


def test_ipython_tracebacks_are_read() -> None:
    text = """\
---------------------------------------------------------------------------
KeyError                                  Traceback (most recent call last)
Cell In[3], line 1
----> 1 total([{}])

File ~/proj/shop/cart.py:10, in total(items)
      9 def total(items):
---> 10     return sum(item.price for item in items)

KeyError: 'price'
"""
    found = only(text).traceback
    assert found.frames[-1] == Frame("shop/cart.py", 10, "total", "return sum(item.price for item in items)")
    assert (found.exception_type, found.message) == ("KeyError", "'price'")


def test_an_elided_traceback_keeps_its_error() -> None:
    found = only("Traceback (most recent call last):\n  ...\nValueError: no\n").traceback
    assert (found.exception_type, found.frames) == ("ValueError", ())


def test_the_same_traceback_twice_is_one_and_of_very_many_both_ends_stay() -> None:
    assert len(read(PLAIN * 3)) == 1
    many = read("".join(PLAIN.replace("price'", f"price{n}'") for n in range(200)))
    assert len(many) == MAX_TRACEBACKS
    assert (many[0].traceback.message, many[-1].traceback.message) == ("'price0'", "'price199'")


def test_the_word_traceback_alone_is_nothing() -> None:
    assert read("The Traceback (most recent call last) is below.\n\nNothing.\n") == ()
