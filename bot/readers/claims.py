"""Brings together what sentences, comments, sessions and output blocks state into expectations about expressions.

Two statements that want different things of the same expression cancel out: a wrong expectation costs more than none.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.artifacts import Expectation
from bot.core.python_source import parse_expression
from bot.readers.report_text import Block, BlockKind, ReportText, Role
from bot.readers.snippets import ReadSnippet, unprinted
from bot.readers.source_lines import SourceLines
from bot.readers.stack_frames import HEADER
from bot.readers.statements import Claim, read_statements
from bot.readers.values import Sentence, ValueKind, is_usable, sentences

MAX_OUTPUT_LINES = 40
_FAILING = "AssertionError"  # how a check fails, not what is wrong with the code
_ALONE = re.compile(r"[\s*:>-]*\ue000(\d+)\ue001[\s.*]*")
_NOW = re.compile(r"\b(?:but|instead|currently|now|actual|however|wrong)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shown:
    """A code block, and the Python it holds when it is Python."""

    block: Block
    snippet: ReadSnippet | None


def read_claims(report: ReportText, shown: Sequence[Shown]) -> tuple[Claim, ...]:
    """Every claim of a report in order, tied to an expression where one can be told."""
    by_line = {entry.block.line_start: entry for entry in shown}
    valued = [entry.snippet for entry in shown if entry.snippet and entry.snippet.expression]
    only = valued[0] if len({snippet.expression for snippet in valued}) == 1 else None
    called = "" if valued else _only_call(report)
    recent: ReadSnippet | None = None
    found: list[Claim] = []
    for block in report.blocks:
        if block.kind is not BlockKind.CODE:
            found.extend(_tied(claim, recent or only, called) for claim in _prose_claims(block))
            continue
        entry = by_line[block.line_start]
        if entry.snippet:
            found.extend(entry.snippet.claims)
            recent = entry.snippet if entry.snippet.expression else recent
        elif (claim := _output_claim(block)) is not None and (printer := recent or only):
            found.append(replace(claim, expression=printer.expression))
    return tuple(found)


def expectations_from(claims: Sequence[Claim], lines: SourceLines, main_error: str) -> tuple[Expectation, ...]:
    """One expectation per expression, in order of first mention. `main_error` is the exception that the report's main
    traceback ends in: it is what "should not crash" is about."""
    groups: dict[str, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(_normal(claim.expression), []).append(claim)
    united = (_expectation(group, lines, main_error) for group in groups.values())
    return tuple(expectation for expectation in united if expectation is not None)


def _prose_claims(block: Block) -> Iterator[Claim]:
    read = list(sentences(block.pieces))
    claims = list(read_statements(read))
    calm = not any(_NOW.search(sentence.encoded) for sentence in read)
    if block.role is Role.EXPECTED and calm and not any(claim.wants and not claim.not_raises for claim in claims):
        claims = [_as_wanted(claim) for claim in claims]
    yield from claims
    if len(read) == 1 and not claims and block.kind is BlockKind.PROSE:
        yield from _value_alone(read[0], block.role)


def _as_wanted(claim: Claim) -> Claim:
    """In a section on what is expected, "it returns 3" says what should happen."""
    if claim.no_crash:
        return claim
    return replace(claim, expected=claim.actual, actual="", raises=claim.not_raises, not_raises="")


def _value_alone(sentence: Sentence, role: Role) -> Iterator[Claim]:
    match = _ALONE.fullmatch(sentence.encoded)
    if match is None or role is Role.NONE or not is_usable(sentence.values[int(match[1])]):
        return
    text = sentence.values[int(match[1])].text
    claim = Claim(line_start=sentence.line_start, line_end=sentence.line_end)
    yield replace(claim, expected=text) if role is Role.EXPECTED else replace(claim, actual=text)


def _tied(claim: Claim, snippet: ReadSnippet | None, called: str) -> Claim:
    """An untied claim is about the last expression of the snippet above it (or of the only one), and in a report
    without snippets about the only call that it names."""
    if claim.expression:
        return claim
    return replace(claim, expression=unprinted(snippet.expression) if snippet else called)


def _only_call(report: ReportText) -> str:
    prose = (block for block in report.blocks if block.kind is not BlockKind.CODE)
    values = (value for block in prose for sentence in sentences(block.pieces) for value in sentence.values)
    calls = {value.text for value in values if value.kind is ValueKind.CALL}
    return calls.pop() if len(calls) == 1 else ""


def _output_claim(block: Block) -> Claim | None:
    """A block of plain output below "I get:" or "Expected:"."""
    text = block.text.strip()
    if block.role is Role.NONE or not text or text.count("\n") >= MAX_OUTPUT_LINES or HEADER in text:
        return None
    claim = Claim(line_start=block.line_start, line_end=block.line_end)
    return replace(claim, expected=text) if block.role is Role.EXPECTED else replace(claim, actual=text)


def _expectation(group: Sequence[Claim], lines: SourceLines, main_error: str) -> Expectation | None:
    wanting = [claim for claim in group if claim.wants]
    expected = _distinct(claim.expected for claim in wanting)
    raises = _distinct(claim.raises for claim in wanting)
    unwanted = [error for error in _distinct(claim.not_raises for claim in wanting) if error not in (*raises, _FAILING)]
    actual = [value for value in _distinct(claim.actual for claim in group) if _key(value) not in map(_key, expected)]
    if len(expected) + len(raises) > 1:
        return None
    if not unwanted and any(claim.no_crash for claim in wanting):
        unwanted = ["Exception" if main_error in ("", _FAILING) else main_error]
    if not (expected or raises or unwanted) and not (actual and group[0].expression):
        return None
    said = (wanting or list(group))[0]
    return Expectation(
        provenance=lines.provenance(said.line_start, said.line_end),
        expression=group[0].expression,
        expected=expected[0] if expected else "",
        actual=actual[0] if len(actual) == 1 else "",
        raises=raises[0] if raises else "",
        not_raises=unwanted[0] if len(unwanted) == 1 else "",
        quote=lines.quote(said.line_start, said.line_end),
    )


def _distinct(values: Iterator[str]) -> list[str]:
    """The stated values without repeats; `[1,2]` and `[1, 2]` are one value."""
    return list({_key(value): value for value in values if value}.values())


def _key(value: str) -> str:
    tree = parse_expression(value)
    return value.strip() if tree is None else ast.dump(tree)


def _normal(expression: str) -> str:
    return _key(unprinted(expression)) if expression else ""
