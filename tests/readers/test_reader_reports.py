"""Whole reports, as people write them, and what they state."""

from __future__ import annotations

import pytest

from bot.core.artifacts import SourceText
from bot.core.evidence import EvidenceKind
from small_shop import a_log, an_issue, facts, read, said

SESSION_WITH_SENTENCE = """\
# slugify keeps punctuation

```python
>>> from shop_text.slug import slugify
>>> slugify("Hello, World!")
'hello,-world!'
```

It should be `'hello-world'`.
"""

ISSUE_FORM = """\
### Describe the bug

`total` of an empty cart is wrong.

### Steps to reproduce

```python
from shop import total
total([])
```

### Expected behavior

`0`

### Actual behavior

`None`

### Environment

- Python 3.11.4
- shop==2.0.1
"""

ONE_SENTENCE = """\
Title: parse_price chokes on thousands separators

Calling `parse_price("1,200")` raises `ValueError` instead of returning `1200`.
"""

OUTPUT_BLOCKS = """\
# total() returns wrong sum

```python
from shop import total
print(total([1, 2]))
```

Expected output:

```
3
```

Actual output:

```
2
```
"""

QUOTED_TRACEBACK = """\
# add crashes

> When I run this I get
>
> ```
> Traceback (most recent call last):
>   File "C:\\Users\\me\\proj\\shop\\cart.py", line 6, in add
>     self.items.append(item)
> AttributeError: 'NoneType' object has no attribute 'append'
> ```

It should not crash.
"""

COMMENTS = """\
# Comment style

```python
from shop_text.slug import slugify, parse_price

slugify("a  b")  # returns 'a--b' but should be 'a-b'
parse_price("3")  # => 3
parse_price("")  # should raise ValueError
x = parse_price("7")
x  # expected 7, got 8
```
"""

ASSERTION = """\
# Assert style

```
from shop import total
assert total([]) == 0
```
fails with AssertionError
"""

IPYTHON = """\
# Pasted from IPython

In [1]: from shop import total

In [2]: total([])
Out[2]: None

I expected `0` here.
"""

TWO_SESSIONS = """\
# Capital letters survive

What I get:

```pycon
>>> slugify("A")
'A'
```

What I expect:

```pycon
>>> slugify("A")
'a'
```
"""

INDENTED_CODE = """\
Cart total is off by one

I have this:

    from shop import Cart
    c = Cart()
    c.add(1)
    len(c.items)

which gives 2 rather than 1.
"""

INLINE_LABELS = """\
# Empty carts

**Expected:** `total([])` returns `0`.

**Actual:** `total([])` returns `None`.
"""

LIST_OF_LABELS = """\
# Empty carts

`total([])` is broken:

- Expected: `0`
- Actual: `None`
"""

REGRESSION = """\
# Accents

Since the update `slugify("É")` returns `"é"`; it used to return `"e"`.
"""

DOCUMENTED = """\
# parse_price is too lenient

`parse_price("x")` should raise `ValueError`, see the docs. Right now it returns `None`.
"""

WRONG_ERROR = """\
# Wrong exception

```python
from shop_text.slug import parse_price
parse_price(None)
```

It raises `TypeError` instead of `ValueError`.
"""

WANTED_CRASH = """\
# Reject empty prices

### Expected behavior

```pycon
>>> parse_price("")
Traceback (most recent call last):
  ...
ValueError: empty
```
"""

BLANK_RESULT = """\
# Filter drops everything

Calling `total([1])` gives an empty list where I'd expect `1`.
"""

CALL_TO_RETURN = """\
# Durations

I would expect `parse_price("1h")` to return `3600`, not an error.
"""

STATED = [
    (
        SESSION_WITH_SENTENCE,
        [{"expression": 'slugify("Hello, World!")', "expected": "'hello-world'", "actual": "'hello,-world!'"}],
    ),
    (ISSUE_FORM, [{"expression": "total([])", "expected": "0", "actual": "None"}]),
    (ONE_SENTENCE, [{"expression": 'parse_price("1,200")', "expected": "1200", "not_raises": "ValueError"}]),
    (OUTPUT_BLOCKS, [{"expression": "print(total([1, 2]))", "expected": "3", "actual": "2"}]),
    (QUOTED_TRACEBACK, [{"not_raises": "AttributeError"}]),
    (
        COMMENTS,
        [
            {"expression": 'slugify("a  b")', "expected": "'a-b'", "actual": "'a--b'"},
            {"expression": 'parse_price("3")', "actual": "3"},
            {"expression": 'parse_price("")', "raises": "ValueError"},
            {"expression": "x", "expected": "7", "actual": "8"},
        ],
    ),
    (ASSERTION, [{"expression": "total([])", "expected": "0"}]),
    (IPYTHON, [{"expression": "total([])", "expected": "0", "actual": "None"}]),
    (TWO_SESSIONS, [{"expression": 'slugify("A")', "expected": "'a'", "actual": "'A'"}]),
    (INDENTED_CODE, [{"expression": "len(c.items)", "expected": "1", "actual": "2"}]),
    (INLINE_LABELS, [{"expression": "total([])", "expected": "0", "actual": "None"}]),
    (REGRESSION, [{"expression": 'slugify("É")', "expected": '"e"', "actual": '"é"'}]),
    (DOCUMENTED, [{"expression": 'parse_price("x")', "raises": "ValueError", "actual": "None"}]),
    (WRONG_ERROR, [{"expression": "parse_price(None)", "raises": "ValueError", "not_raises": "TypeError"}]),
    (WANTED_CRASH, [{"expression": 'parse_price("")', "raises": "ValueError"}]),
    (BLANK_RESULT, [{"expression": "total([1])", "expected": "1", "actual": "[]"}]),
    (CALL_TO_RETURN, [{"expression": 'parse_price("1h")', "expected": "3600"}]),
    (LIST_OF_LABELS, [{"expression": "total([])", "expected": "0", "actual": "None"}]),
]


@pytest.mark.parametrize(("report", "stated"), STATED, ids=[report.split("\n")[0][:40] for report, _ in STATED])
def test_a_report_states_exactly_this(report: str, stated: list[dict[str, str]]) -> None:
    assert said(read(an_issue(report))) == stated


SILENT = [
    "# Slow\n\nThe thing is slow and sometimes wrong, please fix. It worked in version 1.2.\n",
    "# Confusing\n\n`total([1])` should be `1`. Well, I also think `total([1])` should be `2`.\n",
    "# Asking\n\nShould `total([])` be `0`?\n",
    "# Bounds\n\nThe result of `total([1])` should be at least 3.\n",
    "# Type\n\n`total([1])` should be a `str`.\n",
    "# Choice\n\n`total([1])` should be `1` or `2`.\n",
    "# Counting\n\nI expected 3 items but got 2 items.\n",
    "# Fine\n\n`parse_price('x')` raises `ValueError` as expected, and `total([])` works and returns `0`.\n",
    '# Shell\n\n```console\n$ pip install shop\n```\n\n```json\n{"a": 1}\n```\n',
]


@pytest.mark.parametrize("report", SILENT)
def test_what_can_be_read_in_two_ways_or_states_no_value_states_nothing(report: str) -> None:
    assert said(read(an_issue(report))) == []


def test_the_title_is_the_heading_or_the_first_sentence_below_a_forms_heading() -> None:
    assert read(an_issue(SESSION_WITH_SENTENCE)).title == "slugify keeps punctuation"
    assert read(an_issue(ISSUE_FORM)).title == "total of an empty cart is wrong."
    assert read(an_issue(ONE_SENTENCE)).title == "parse_price chokes on thousands separators"


def test_snippets_keep_their_code_lines_and_what_they_state() -> None:
    (snippet,) = read(an_issue(COMMENTS)).snippets
    assert snippet.code.startswith("from shop_text.slug import")
    assert (snippet.provenance.line_start, snippet.provenance.line_end) == (4, 10)
    assert [e.expression for e in snippet.expectations] == [
        'slugify("a  b")',
        'parse_price("3")',
        'parse_price("")',
        "x",
    ]


def test_an_ipython_paste_becomes_one_doctest_session() -> None:
    (snippet,) = read(an_issue(IPYTHON)).snippets
    assert snippet.doctest
    assert snippet.code == ">>> from shop import total\n\n>>> total([])\nNone"


def test_an_attached_script_is_a_snippet() -> None:
    (snippet,) = read(SourceText("repro.py", "attachment", "from shop import total\ntotal([])\n")).snippets
    assert snippet.code.startswith("from shop")


def test_versions_paths_and_symbols_of_the_tree_are_named() -> None:
    text = "With shop==2.0.1 on Python 3.11.4, `Cart.add` in cart.py and shop_text.slug.slugify fail, not `other`.\n"
    analysis = read(an_issue(text))
    assert analysis.versions == ("shop==2.0.1", "Python 3.11.4")
    assert analysis.named_paths == ("shop/cart.py", "src/shop_text/slug.py")
    assert analysis.named_symbols == ("Cart.add", "slugify")


def test_a_test_counts_as_failing_only_where_the_report_says_so() -> None:
    assert read(an_issue("# X\n\ntests/test_cart.py::test_total fails for me.\n")).test_ids == (
        "tests/test_cart.py::test_total",
    )
    assert read(an_issue("# X\n\nSimilar to tests/test_cart.py::test_total.\n")).test_ids == ()


def test_the_signature_holds_the_error_its_stable_message_and_the_trees_functions() -> None:
    signature = read(an_issue(QUOTED_TRACEBACK)).signature
    assert signature.exception_type == "AttributeError"
    assert signature.message_part == "'NoneType' object has no attribute 'append'"
    assert signature.functions == ("add",)


def test_the_signature_holds_the_first_stated_value() -> None:
    signature = read(an_issue(SESSION_WITH_SENTENCE)).signature
    assert (signature.expected, signature.actual) == ("'hello-world'", "'hello,-world!'")


def test_addresses_paths_and_large_numbers_are_no_part_of_the_signature() -> None:
    report = (
        "# X\n\n```\nTraceback (most recent call last):\n"
        '  File "/a/shop/cart.py", line 10, in total\n    x\n'
        "OSError: cannot open device <Dev at 0x7f3a2b> under /tmp/pytest-of-me/x: pid 48213\n```\n"
    )
    assert read(an_issue(report)).signature.message_part == "cannot open device <Dev at"


def test_a_wanted_traceback_is_no_complaint() -> None:
    analysis = read(an_issue(WANTED_CRASH))
    assert analysis.tracebacks == ()
    assert analysis.signature.exception_type == ""


def test_every_kind_of_fact_has_evidence() -> None:
    kinds = {fact.kind for fact in facts(an_issue(QUOTED_TRACEBACK + ISSUE_FORM), a_log("FAILED tests/a.py::b - X\n"))}
    assert kinds >= {
        EvidenceKind.ERROR,
        EvidenceKind.FRAME,
        EvidenceKind.CLAIM,
        EvidenceKind.SNIPPET,
        EvidenceKind.VERSION,
        EvidenceKind.CODE,
        EvidenceKind.TEST,
    }


def test_a_claims_evidence_is_one_sentence_with_the_verbatim_line() -> None:
    claims = [fact for fact in facts(an_issue(ONE_SENTENCE)) if fact.kind is EvidenceKind.CLAIM]
    assert [(fact.claim, str(fact.provenance), fact.quote) for fact in claims] == [
        (
            'parse_price("1,200") should give 1200, and parse_price("1,200") should not raise ValueError.',
            "issue.md:3",
            'Calling `parse_price("1,200")` raises `ValueError` instead of returning `1200`.',
        )
    ]
