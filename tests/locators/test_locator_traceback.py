"""Frames name functions: the innermost most, tests hardly, foreign code not at all."""

from __future__ import annotations

from bot.core.artifacts import Analysis, Suspect
from bot.core.tree import Tree
from bot.locators.traceback import TracebackLocator
from bot.ports import LocateQuestion
from small_shop import SHOP, a_log, read, tree_of

LOG = """\
Traceback (most recent call last):
  File "/w/tests/test_cart.py", line 5, in test_total
    assert total([]) == 0
  File "/w/shop/cart.py", line 6, in add
    self.items.append(item)
  File "/w/shop/cart.py", line 10, in total
    return sum(item.price for item in items)
  File "/usr/lib/python3.11/json/decoder.py", line 3, in decode
    x
KeyError: 'price'
"""


def locate(analysis: Analysis, tree: Tree = SHOP) -> list[Suspect]:
    return list(TracebackLocator().locate(LocateQuestion(tree, analysis, ())))


def test_the_innermost_in_tree_function_is_most_suspect_and_the_test_least() -> None:
    suspects = locate(read(a_log(LOG)))
    assert [(s.path, s.symbol, s.line_start, s.line_end) for s in suspects] == [
        ("shop/cart.py", "total", 9, 10),
        ("shop/cart.py", "Cart.add", 5, 6),
        ("tests/test_cart.py", "test_total", 4, 5),
    ]


def test_a_reason_says_which_error_where_in_the_report_and_on_which_line() -> None:
    assert locate(read(a_log(LOG)))[0].reasons == ("KeyError in build.log:1-10: raised here, line 10.",)


def test_the_functions_name_decides_where_the_file_has_moved_on() -> None:
    moved = tree_of({"shop/cart.py": "import os\n\n\ndef other():\n    pass\n\n\ndef total(items):\n    return 1\n"})
    shown = read(a_log(LOG.replace("line 10, in total", "line 5, in total")), tree=moved)
    assert locate(shown, moved)[0].symbol == "total"


def test_a_frame_at_module_level_names_its_line() -> None:
    frame = '  File "/w/shop/__init__.py", line 1, in <module>\n    x\n'
    text = f"Traceback (most recent call last):\n{frame}ImportError: no\n"
    (suspect,) = locate(read(a_log(text)))
    assert (suspect.path, suspect.line_start, suspect.line_end) == ("shop/__init__.py", 1, 1)


def test_a_function_in_two_tracebacks_adds_up() -> None:
    other = LOG.replace("KeyError: 'price'", "TypeError: x")
    once, twice = locate(read(a_log(LOG)))[0], locate(read(a_log(LOG + other)))[0]
    assert twice.score == 2 * once.score
    assert len(twice.reasons) == 2


def test_without_tracebacks_there_is_nothing_to_say() -> None:
    assert locate(Analysis("x")) == []
