"""The report as a word query: which words, and how much each counts. Asking the index belongs to `words`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.core.artifacts import Analysis

MAX_TERMS = 60
MAX_PROSE_CHARS = 8_000  # of each text: the rest of a long log says nothing new
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_CAMEL = re.compile(r"[A-Z](?:(?<=[a-z0-9].)|(?<=[A-Z].)(?=[a-z]))")  # starts with what is rare: searched for fast
_IDENTIFIER = re.compile(r"[A-Za-z_]\w{2,}")
_FENCE = re.compile(r"^\s*(?:```|~~~).*$", re.MULTILINE)
_STOP_WORDS = """
a about above after again all also always am an and any are aren as at be because been before being below between
both but by call called calling calls can case class code could def did do does doesn done down during each else
error errors example except exception expected false few file files first following for found from function get gets
getting give given gives got had has have having he her here how however i if import in instead int into is issue it
its itself just last less like line lines list log long make may me method mode module more most my name need new no
none nor not note now object of off on once one only or other our out output over own pass please print problem py
python raise raises recent report result results return returned returns run runs same see self set should show
simple since so some steps still str string such test tests than that the their them then there these they thing
this those through time to too traceback true try two type under up us use used using value values version very want
was way we well were what when where which while who why will with without work works would wrong yes you your bug
actual actually behavior behaviour describe description reproduce environment main src lib com org http https www
"""
_STOP = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, slots=True)
class Term:
    """A lower-case word and how often it is asked for (1 or more)."""

    text: str
    weight: float


def terms_of(analysis: Analysis, texts: Sequence[str]) -> tuple[Term, ...]:
    """The query, heaviest words first. Where a word is said counts: a symbol or the title more than plain prose."""
    weights: dict[str, float] = {}
    sources: Iterator[tuple[float, Iterable[str]]] = iter(
        (
            (3.0, analysis.named_symbols),
            (3.0, [analysis.title]),
            (2.0, [expectation.expression for expectation in analysis.expectations]),
            (2.0, _frame_words(analysis)),
            (1.5, [_last_lines(snippet.code) for snippet in analysis.snippets]),
            (1.5, [traceback.message[:300] for traceback in analysis.tracebacks[:5]]),
            (1.0, [_FENCE.sub("", text[:MAX_PROSE_CHARS]) for text in texts[:3]]),
        )
    )
    for weight, stretches in sources:
        for word in {word for stretch in stretches for word in words_of(stretch)}:
            weights[word] = min(6.0, weights.get(word, 0.0) + weight)
    heaviest = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:MAX_TERMS]
    return tuple(Term(word, weight) for word, weight in heaviest)


def words_of(text: str) -> Iterator[str]:
    """Lower-case words of a text, identifiers split, without stop words and one- or two-letter ones."""
    for match in _WORD.finditer(split_camel(text.replace("_", " "))):
        word = match[0].lower()
        if len(word) > 2 and word not in _STOP:
            yield word


def split_camel(text: str) -> str:
    """`parseDate` as `parse Date`; underscores are separators to the index already."""
    return _CAMEL.sub(r" \g<0>", text)


def _frame_words(analysis: Analysis) -> list[str]:
    """The innermost frames' functions and source lines, of the first few tracebacks."""
    return [
        f"{frame.function} {frame.code}" for traceback in analysis.tracebacks[:5] for frame in traceback.frames[-3:]
    ]


def _last_lines(code: str) -> str:
    """Identifiers of a snippet; the bug is mostly in what its end calls, so a long one is cut at its start."""
    return " ".join(_IDENTIFIER.findall("\n".join(code.split("\n")[-40:])))
