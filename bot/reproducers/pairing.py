"""Ties what a report expects to the code it shows: a statement of a snippet, or an expression alone. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from bot.core.artifacts import Analysis, Expectation, Snippet
from bot.core.evidence import Provenance
from bot.core.python_source import parse_expression
from bot.reproducers.script import Script, holders, names_of, parse_script, print_call


class Demand(Enum):
    VALUE = "a value"
    RAISES = "an exception"
    RUNS = "no exception"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing the report demands. `index` is that of the top-level statement that `holder` lies in; without a holder
    the expression comes after all statements. `expression` is None when a whole statement is meant."""

    demand: Demand
    expectation: Expectation
    expression: ast.expr | None
    index: int
    holder: ast.stmt | None


@dataclass(frozen=True, slots=True)
class Case:
    """Claims about one snippet, to be checked in one test. `script` is None for an expression out of a sentence."""

    script: Script | None
    claims: tuple[Claim, ...]
    provenance: Provenance
    session: bool = False


def cases_in(analysis: Analysis) -> tuple[Case, ...]:
    """What can be checked, most faithful first: all that one snippet states together, then each thing alone, then that
    a snippet runs at all."""
    shown = [(snippet, script) for snippet in analysis.snippets if (script := parse_script(snippet.code))]
    together: dict[int, list[Claim]] = {}
    alone: list[Case] = []
    for snippet, expectation in _stated(analysis):
        number, claim = _tied(expectation, snippet, shown)
        if claim is None:
            continue
        script = shown[number][1] if number >= 0 else None
        session = number >= 0 and shown[number][0].doctest
        alone.append(Case(script, (claim,), expectation.provenance, session))
        if script is not None and claim.demand is Demand.VALUE:
            together.setdefault(number, []).append(claim)
    combined = [
        Case(shown[n][1], tuple(claims), shown[n][0].provenance, shown[n][0].doctest)
        for n, claims in together.items()
        if len(claims) > 1
    ]
    order = [Demand.VALUE, Demand.RAISES, Demand.RUNS]
    alone.sort(key=lambda case: (order.index(case.claims[0].demand), case.script is None))
    return (*combined, *alone, *_asserting(shown), *_crashing(analysis, shown))


def _stated(analysis: Analysis) -> Iterator[tuple[Snippet | None, Expectation]]:
    """Each distinct expectation once, with the snippet that states it itself, if one does."""
    seen: set[tuple[str, ...]] = set()
    pairs: list[tuple[Snippet | None, Expectation]] = [(s, e) for s in analysis.snippets for e in s.expectations]
    for snippet, expectation in [*pairs, *((None, e) for e in analysis.expectations)]:
        tree = parse_expression(expectation.expression)
        said = ast.dump(tree) if tree else expectation.expression
        key = (said, expectation.expected, expectation.raises, expectation.not_raises)
        if key not in seen and any(key[1:]):
            seen.add(key)
            yield snippet, expectation


def _tied(
    expectation: Expectation, own: Snippet | None, shown: Sequence[tuple[Snippet, Script]]
) -> tuple[int, Claim | None]:
    """The number of the snippet that an expectation is about (-1 for none) and the claim, if it can be checked."""
    demand = Demand.RUNS
    if expectation.expected:
        demand = Demand.VALUE
    elif expectation.raises:
        demand = Demand.RAISES
    expression = parse_expression(expectation.expression) if expectation.expression else None
    if expectation.expression and expression is None:
        return -1, None
    numbers = [n for n, (snippet, _) in enumerate(shown) if own is None or snippet is own]
    if expression is None:
        return _about_the_whole(demand, expectation, numbers, shown)
    for number in reversed(numbers):
        found = holders(shown[number][1].statements, expression)
        if found:
            return number, Claim(demand, expectation, expression, *found[-1])
    free = names_of(ast.unparse(expression)).free
    for number in reversed(numbers):
        script = shown[number][1]
        imports = [s for s in script.statements if isinstance(s, ast.Import | ast.ImportFrom)]
        if free & names_of("\n".join(ast.unparse(s) for s in script.statements if s not in imports)).bound:
            return number, Claim(demand, expectation, expression, len(script.statements), None)
    if demand is Demand.VALUE and any(
        isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(expression)
    ):
        return -1, None  # `f(...)` in a sentence names a function, it is no call
    return -1, Claim(demand, expectation, expression, 0, None)


def _about_the_whole(
    demand: Demand, expectation: Expectation, numbers: Sequence[int], shown: Sequence[tuple[Snippet, Script]]
) -> tuple[int, Claim | None]:
    """An expectation without an expression is about the end of the nearest snippet before it."""
    number = _nearest(expectation.provenance, numbers, shown)
    if number < 0:
        return -1, None
    statements = shown[number][1].statements
    last = statements[-1]
    index = len(statements) - 1
    if demand is not Demand.VALUE:
        return number, Claim(demand, expectation, None, index, last)
    if isinstance(last, ast.Expr):
        return number, Claim(demand, expectation, last.value, index, last)
    if isinstance(last, ast.Assign) and len(last.targets) == 1 and isinstance(last.targets[0], ast.Name):
        return number, Claim(demand, expectation, last.value, index, last)
    return -1, None


def _nearest(said: Provenance, numbers: Sequence[int], shown: Sequence[tuple[Snippet, Script]]) -> int:
    same = [n for n in numbers if shown[n][0].provenance.source == said.source]
    before = [n for n in same if (shown[n][0].provenance.line_start or 0) <= (said.line_start or 0)]
    if before:
        return max(before, key=lambda n: shown[n][0].provenance.line_start or 0)
    return numbers[0] if len(numbers) == 1 else -1


def _asserting(shown: Sequence[tuple[Snippet, Script]]) -> Iterator[Case]:
    """Snippets that check themselves."""
    for snippet, script in shown:
        asserts = [n for n, stmt in enumerate(script.statements) if isinstance(stmt, ast.Assert)]
        if asserts:
            said = Expectation(snippet.provenance, quote=script.segment(script.statements[asserts[-1]]))
            claim = Claim(Demand.RUNS, said, None, asserts[-1], script.statements[asserts[-1]])
            yield Case(script, (claim,), snippet.provenance, snippet.doctest)


def _crashing(analysis: Analysis, shown: Sequence[tuple[Snippet, Script]]) -> Iterator[Case]:
    """Snippets that may end in the reported exception: those whose lines its traceback shows, else all of them."""
    error = analysis.signature.exception_type or (analysis.tracebacks[-1].exception_type if analysis.tracebacks else "")
    wanted = any(e.raises.rpartition(".")[2] == error for e in (*analysis.expectations, *_own(analysis)))
    if not error or error == "AssertionError" or wanted:
        return
    lines = {frame.code.strip() for trace in analysis.tracebacks for frame in trace.frames if frame.code}
    matching = [pair for pair in shown if any(line in pair[1].source for line in lines)]
    for snippet, script in matching or shown:
        if all(isinstance(stmt, ast.Import | ast.ImportFrom) for stmt in script.statements):
            continue
        index = len(script.statements) - 1
        said = Expectation(snippet.provenance, not_raises=error)
        claim = Claim(Demand.RUNS, said, None, index, script.statements[index])
        yield Case(script, (claim,), snippet.provenance, snippet.doctest)


def _own(analysis: Analysis) -> Iterator[Expectation]:
    for snippet in analysis.snippets:
        yield from snippet.expectations


def printed_alone(expression: ast.expr) -> ast.expr | None:
    """The one thing that a `print(...)` prints, or None when it is no print or prints several."""
    call = print_call(expression)
    if call is None or len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
        return None
    return call.args[0]
