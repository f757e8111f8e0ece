"""Turns a case into the body of a test: set-up as the report has it, and the assertion in its place. Pure.

Where the test goes and what it imports does not belong here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.reproducers.claims import How, Lines, Style, comparison, output_check, raising, wanted_value
from bot.reproducers.pairing import Case, Claim, Demand, printed_alone
from bot.reproducers.script import has_call, is_sound, print_call, same


@dataclass(frozen=True, slots=True)
class Draft:
    """A test's body, and what it needs besides the report's own imports."""

    body: str
    modules: tuple[str, ...]
    fixtures: tuple[str, ...]


def draft(case: Case, style: Style, only_prints: Callable[[ast.expr], bool]) -> Draft | None:
    """The body that checks this case, or None when one of its claims cannot be checked without guessing.

    `only_prints` tells of an expression whether it prints and gives no value.
    """
    placed: dict[int, list[tuple[ast.stmt, Lines]]] = {}
    trailing: list[Lines] = []
    for claim in case.claims:
        lines = _check(case, claim, style, only_prints)
        if lines is None:
            return None
        if claim.holder is None:
            trailing.append(lines)
        else:
            placed.setdefault(claim.index, []).append((claim.holder, lines))
    parts: list[str] = []
    if case.script is not None:
        last = _last_needed(case, case.script.statements)
        for index, top in enumerate(case.script.statements[: last + 1]):
            if isinstance(top, ast.Import | ast.ImportFrom):
                continue
            if index in placed:
                distinct = {id(holder): (holder, lines.text) for holder, lines in placed[index]}
                parts.append(case.script.segment(top, tuple(distinct.values())))
            elif text := _set_up(case, top):
                parts.append(text)
    parts += [lines.text for lines in trailing]
    used = [*trailing, *(lines for pairs in placed.values() for _, lines in pairs)]
    if not parts or not is_sound("\n".join(parts)):
        return None
    modules = tuple(dict.fromkeys(module for lines in used for module in lines.modules))
    return Draft("\n".join(parts), modules, tuple(dict.fromkeys(f for lines in used for f in lines.fixtures)))


def _last_needed(case: Case, statements: Sequence[ast.stmt]) -> int:
    """What comes after the last claim is left out, unless the claim lies in a definition that is used later."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    last = max(claim.index for claim in case.claims)
    inside = any(isinstance(statements[c.index], definitions) for c in case.claims if c.index < len(statements))
    return len(statements) - 1 if inside else last


def _set_up(case: Case, top: ast.stmt) -> str:
    """A statement before the one that matters. Only looking at a value, or printing it, is left out."""
    assert case.script is not None  # noqa: S101 - the statement comes out of it
    if isinstance(top, ast.Expr):
        if isinstance(top.value, ast.Name | ast.Constant | ast.JoinedStr):
            return ""
        if call := print_call(top):
            if not any(has_call(arg) for arg in call.args):
                return ""
            alone = printed_alone(call)
            return case.script.segment(alone) if alone is not None else case.script.segment(top)
    return case.script.segment(top)


def _check(case: Case, claim: Claim, style: Style, only_prints: Callable[[ast.expr], bool]) -> Lines | None:
    if claim.demand is Demand.RUNS:
        return _running(case, claim)
    if claim.demand is Demand.RAISES:
        return _raising(case, claim, style)
    assert claim.expression is not None  # noqa: S101 - a demand for a value has an expression
    if only_prints(claim.expression) and isinstance(claim.holder, ast.Expr | None):
        said = wanted_value(claim.expectation, printed=True, several=True, session=False)
        return output_check(_source(case, claim, claim.expression), said, style) if said else None
    return _valued(case, claim, style)


def _running(case: Case, claim: Claim) -> Lines:
    if case.script is not None and claim.holder is not None:
        return Lines(case.script.segment(claim.holder))
    assert claim.expression is not None  # noqa: S101 - a claim without a holder has an expression
    return Lines(ast.unparse(claim.expression))


def _raising(case: Case, claim: Claim, style: Style) -> Lines | None:
    holder = claim.holder
    if case.script is None or holder is None:
        return raising(claim.expectation.expression, claim.expectation.raises, style)
    if isinstance(holder, ast.Import | ast.ImportFrom | ast.Assert | ast.Return | ast.FunctionDef | ast.ClassDef):
        return None
    alone = printed_alone(holder.value) if isinstance(holder, ast.Expr) else None
    return raising(case.script.segment(alone or holder), claim.expectation.raises, style)


def _valued(case: Case, claim: Claim, style: Style) -> Lines | None:
    """The check of a value in the place of the statement that shows it."""
    assert claim.expression is not None  # noqa: S101 - a demand for a value has an expression
    holder, script = claim.holder, case.script
    if script is not None and isinstance(holder, ast.Assert):
        return Lines(script.segment(holder))
    alone = printed_alone(claim.expression)
    whole_print = print_call(claim.expression) is not None and alone is None
    expression = alone if alone is not None else claim.expression
    printed = alone is not None or _prints(holder, expression)
    wanted = wanted_value(claim.expectation, printed=printed, several=whole_print, session=case.session)
    if wanted is None:
        return None
    source = _source(case, claim, expression)
    if wanted.how is How.PRINTED:
        if not whole_print and not printed:
            return None
        statement = script.segment(holder) if script is not None and holder is not None else f"print({source})"
        return output_check(statement if whole_print or printed else source, wanted, style)
    if holder is None or script is None:
        return comparison(source, wanted, style)
    if isinstance(holder, ast.Expr):
        return comparison(source, wanted, style)
    if (target := _assigned(holder, expression)) is not None:
        check = comparison(target, wanted, style)
        return Lines(f"{script.segment(holder)}\n{check.text}", check.modules)
    return None


def _assigned(holder: ast.stmt, expression: ast.expr) -> str | None:
    """The variable that a statement gives just this expression's value to."""
    targets = holder.targets if isinstance(holder, ast.Assign) else [getattr(holder, "target", None)]
    if not isinstance(holder, ast.Assign | ast.AnnAssign) or holder.value is None or not same(holder.value, expression):
        return None
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None


def _prints(holder: ast.stmt | None, expression: ast.expr) -> bool:
    """Whether the statement prints just this expression."""
    if not isinstance(holder, ast.Expr):
        return False
    alone = printed_alone(holder.value)
    return alone is not None and same(alone, expression)


def _source(case: Case, claim: Claim, expression: ast.expr) -> str:
    """The expression as the report writes it."""
    if case.script is not None and claim.holder is not None:
        for node in ast.walk(claim.holder):
            if isinstance(node, ast.expr) and same(node, expression):
                return case.script.segment(node)
    text = claim.expectation.expression.strip()
    return text if expression is claim.expression and text and "\n" not in text else ast.unparse(expression)
