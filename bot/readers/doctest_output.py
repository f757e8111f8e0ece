"""Failed doctests as `doctest` and pytest print them: the example, what it should print, and what it did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.artifacts import Expectation
from bot.core.python_source import parse_expression
from bot.readers.source_lines import SourceLines
from bot.readers.tree_index import TreeIndex

MAX_FAILURES = 50
MAX_BLOCK_LINES = 60
_PLACE = re.compile(r'File "([^"\n]{1,400})", line \d+, in (\S.{0,200})$')
_PYTEST_PLACE = re.compile(r"(\S[^:\n]{0,400}\.py):(\d+): DocTestFailure$")
_NUMBERED = re.compile(r"\d{3,} +>>> (.*)$")
_PARTS = ("Expected:", "Expected nothing", "Got:", "Got nothing")


@dataclass(frozen=True, slots=True)
class FailedExample:
    """One failed example. `path` is the tree's file that holds it ("" when it lies outside); lines are the source's."""

    expectation: Expectation
    path: str
    line_start: int
    line_end: int


def read_doctest_output(lines: SourceLines, index: TreeIndex) -> tuple[FailedExample, ...]:
    """Every failed example whose input is one expression, in order."""
    found: list[FailedExample] = []
    for number, raw in enumerate(lines.raw, 1):
        if "Expected" not in raw or lines.bare(number).strip() not in _PARTS[:2]:
            continue
        if (failed := _read(lines, number, index)) is not None:
            found.append(failed)
        if len(found) == MAX_FAILURES:
            break
    return tuple(found)


def _read(lines: SourceLines, expected_at: int, index: TreeIndex) -> FailedExample | None:
    example, first, path = _example_above(lines, expected_at, index)
    if not example or parse_expression(example) is None:
        return None
    wanted, got_at = _block(lines, expected_at)
    if got_at > len(lines) or not lines.bare(got_at).strip().startswith("Got"):
        return None
    got, after = _block(lines, got_at)
    for number in range(after, min(len(lines), after + 3) + 1):
        place = _PYTEST_PLACE.match(lines.bare(number).strip())
        path = path or (index.place(place[1]) if place else "") or ""
    last = max(got_at, after - 1)
    provenance, quote = lines.provenance(first, last), lines.quote(first, last)
    return FailedExample(Expectation(provenance, example, wanted, got, quote=quote), path, first, last)


def _example_above(lines: SourceLines, expected_at: int, index: TreeIndex) -> tuple[str, int, str]:
    """(input, its first line, the tree's path) of the example that an "Expected:" line closes."""
    numbered = _NUMBERED.match(lines.bare(expected_at - 1).strip()) if expected_at > 1 else None
    if numbered:
        return numbered[1].strip(), expected_at - 1, ""
    code: list[str] = []
    for number in range(expected_at - 1, max(0, expected_at - MAX_BLOCK_LINES), -1):
        text = lines.bare(number).strip()
        if text == "Failed example:":
            place = _PLACE.match(lines.bare(number - 1).strip()) if number > 1 else None
            path = index.place(place[1], place[2]) if place else None
            return "\n".join(reversed(code)), number, path or ""
        code.append(text)
    return "", 0, ""


def _block(lines: SourceLines, header: int) -> tuple[str, int]:
    """The indented block below a header, and the line after it."""
    shown = list(_indented(lines, header))
    margin = min((len(text) - len(text.lstrip()) for text in shown if text.strip()), default=0)
    return "\n".join(text[margin:] for text in shown).strip(), header + len(shown) + 1


def _indented(lines: SourceLines, header: int) -> Iterator[str]:
    margin = len(lines.bare(header)) - len(lines.bare(header).lstrip())
    for number in range(header + 1, min(len(lines), header + MAX_BLOCK_LINES) + 1):
        text = lines.bare(number)
        if not text[: margin + 1].isspace():
            return
        yield text[margin:]
