"""Whatever text comes in: readers do not raise, and every fact's quote stands verbatim on the lines it names."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.artifacts import SourceText
from bot.core.evidence import Evidence
from bot.core.sanitize import sanitize
from bot.readers import read_report
from small_shop import SHOP

PIECES = (
    "# Title\n", "```python\n", "```\n", "    ", "> ", "- ", "\n", "\n\n", ">>> f(1)\n", "2\n",
    "Traceback (most recent call last):\n", "  File \"/a/shop/cart.py\", line 10, in total\n", "    code\n",
    "KeyError: 'x'\n", "Expected: ", "Actual:\n", "`f(1)` ", "should be ", "`3`", " but got ", "2.",
    "raises `ValueError` ", "instead of ", "E   assert 1 == 2\n", "_____ test_x _____\n",
    "tests/test_cart.py:5: AssertionError\n", "FAILED tests/test_cart.py::test_total - x\n",
    "FAIL: test_a (tests.test_cart.A)\n", "In [1]: f(2)\n", "Out[1]: 3\n", "shop.cart.Cart.add ", "shop==1.2 ", "(",
    "[", "'", "\"", "\\", "x = f(1)  # expected 2\n", "assert f(1) == 2\n", "2024-05-01T10:00:00.1Z ", "##[error]",
    "* ", "\t", "|", "\x0c", "\u2028", "é", "[1, 2]", "Failed example:\n",
    "Expected:\n", "Got:\n", "010 >>> f(1)\n",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=300)


@settings(max_examples=250, deadline=None)
@given(TEXTS, st.sampled_from(["issue", "log", "attachment"]), st.sampled_from(["a.md", "a.log", "a.py"]))
def test_no_text_breaks_a_reader_and_quotes_are_verbatim(text: str, kind: str, name: str) -> None:
    for shown in (text, sanitize(text, markdown=True).text):
        analysis, found = read_report([SourceText(name, kind, shown)], SHOP)
        for fact in found:
            check_quote(fact, shown)
        for expectation in analysis.expectations:
            assert expectation.quote in "\n".join(shown.split("\n"))


def check_quote(fact: Evidence, text: str) -> None:
    lines = text.split("\n")
    first, last = fact.provenance.line_start, fact.provenance.line_end
    assert first is not None
    assert last is not None
    assert 1 <= first <= last <= len(lines)
    assert fact.quote in "\n".join(lines[first - 1 : last])
