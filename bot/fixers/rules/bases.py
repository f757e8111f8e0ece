"""Results: a wrong or missing base case, and the value a function returns. Guards by exception are in `guards.py`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.fixers.kinds import CONTAINERS, Kind
from bot.fixers.precedence import comparand, summand
from bot.fixers.site import Proposal, Rule, Site
from bot.fixers.source import FUNCTIONS, first_statement

_LITERALS = ("[]", "0", "1", "None", "True", "False", "''", "[[]]", "{}", "()", "set()", "-1")
# For a literal result: what it is likeliest to be confused with.
_INSTEAD: dict[str, tuple[str, ...]] = {
    "[]": ("[[]]", "None", "[{name}]", "{name}", "0", "''", "()", "{}", "set()"),
    "[[]]": ("[]",),
    "0": ("1", "-1", "None", "{name}", "len({name})", "[]", "False", "''", "0.0"),
    "1": ("0", "{name}", "-1", "None", "True"),
    "-1": ("0", "None", "len({name})", "{name}", "False"),
    "None": ("False", "0", "[]", "''", "{name}", "True", "{{}}", "-1", "set()"),
    "True": ("False", "None"),
    "False": ("True", "None"),
    "''": ("None", "{name}", "'0'", "[]", "' '"),
    "{}": ("None", "[]", "set()"),
}


def returned_literal(site: Site) -> Iterator[Proposal]:
    stmt = site.stmt
    if not isinstance(stmt, ast.Return):
        return
    if stmt.value is None:
        for value in (*site.scope.parameters[:3], *_LITERALS):
            yield site.rewrite(stmt, f"return {value}", 0.35)
        return
    code = site.code(stmt.value).replace('"', "'")
    names = [n for n in site.scope.names_before(stmt) if n not in ("self", "cls")]
    for rank, form in enumerate(_INSTEAD.get(code, ())):
        prior = (0.7 if len(form) < 7 and "name" not in form else 0.5) - 0.03 * rank
        if "{name}" in form:
            for near, name in enumerate(names[:8]):
                yield site.replace(stmt.value, form.format(name=name), (prior + 0.08) / (1 + 0.1 * near))
        else:
            yield site.replace(stmt.value, form.replace("{{}}", "{}"), prior)


def returned_test(site: Site) -> Iterator[Proposal]:
    """A constant verdict where something was still to be checked: `return True` for `return depth == 0`."""
    stmt = site.stmt
    if not isinstance(stmt, ast.Return) or not isinstance(stmt.value, ast.Constant):
        return
    if not isinstance(stmt.value.value, bool):
        return
    for rank, name in enumerate(n for n in site.scope.names_before(stmt) if n not in ("self", "cls")):
        kinds, near = site.scope.kind_of(ast.Name(name)), 1 / (1 + 0.1 * rank)
        if not kinds or Kind.NUMBER in kinds:
            for operator, prior in (("== 0", 0.55), ("> 0", 0.35), ("!= 0", 0.3)):
                yield site.replace(stmt.value, f"{name} {operator}", prior * near)
        yield site.replace(stmt.value, f"not {name}", 0.4 * near)
        yield site.replace(stmt.value, f"bool({name})", 0.25 * near)
        if Kind.TRUTH in kinds:
            yield site.replace(stmt.value, name, 0.5 * near)


def returned_more(site: Site) -> Iterator[Proposal]:
    """Part of the result is forgotten: what has been computed before must be added to it."""
    stmt = site.stmt
    if not isinstance(stmt, ast.Return) or stmt.value is None or isinstance(stmt.value, ast.Constant):
        return
    code = site.code(stmt.value)
    wanted = site.scope.kind_of(stmt.value)
    for rank, name in enumerate(site.scope.names_before(stmt)[:8]):
        fit = site.scope.fit(wanted, name) / (1 + 0.08 * rank)
        if name != code and name not in ("self", "cls"):
            yield site.replace(stmt.value, f"{name} + {summand(code)}", 0.33 * fit)
            yield site.replace(stmt.value, f"{summand(code)} + {name}", 0.3 * fit)
            yield site.replace(stmt.value, f"{code} or {name}", 0.1 * fit)
            if Kind.LIST in wanted:
                yield site.replace(stmt.value, f"{summand(code)} + [{name}]", 0.25 / (1 + 0.08 * rank))
    for literal, prior in (("[]", 0.2), ("None", 0.15), ("0", 0.15), ("''", 0.12)):
        yield site.replace(stmt.value, f"{code} or {literal}", prior)


def base_case(site: Site) -> Iterator[Proposal]:
    """The empty, zero or None argument is not dealt with at a function's start."""
    function = site.source.parents.get(site.stmt)
    if not isinstance(function, FUNCTIONS) or site.stmt is not first_statement(function):
        return
    recursive = _calls_itself(function)
    base = 0.6 if recursive or site.clues.hangs else 0.35
    for rank, name in enumerate(site.scope.parameters[:4]):
        kinds = site.scope.kind_of(ast.Name(name))
        near = base / (1 + 0.25 * rank)
        conditions = [(f"not {name}", 1.0), (f"{name} is None", 0.6)]
        if Kind.NUMBER in kinds:
            conditions += [(f"{name} <= 0", 0.9), (f"{name} == 1", 0.6), (f"{name} <= 1", 0.8)]
        elif not kinds or kinds & CONTAINERS:
            conditions += [(f"len({name}) <= 1", 0.6)]
        for condition, weight in conditions:
            for order, value in enumerate(_values(site, name, kinds)):
                said = f"return `{value}` when `{condition}`"
                lines = [f"if {condition}:", f"\treturn {value}"]
                yield from site.before(site.stmt, lines, near * weight * 0.93**order, said)


def _values(site: Site, name: str, kinds: frozenset[Kind]) -> list[str]:
    own = [
        site.code(s.value)
        for s in site.scope.statements
        if isinstance(s, ast.Return) and isinstance(s.value, ast.Constant | ast.List | ast.Tuple | ast.Dict)
    ]
    if Kind.NUMBER in kinds:
        first = ["0", "1", name, "[]", "None"]
    elif Kind.TEXT in kinds:
        first = ["''", name, "[]", "None", "False", "0"]
    else:
        first = ["[]", "None", name, "0", "''", "[[]]", "False"]
    return [v for v in dict.fromkeys((*own, *first, "True", "1")) if "\n" not in v][:10]


def base_bounds(site: Site) -> Iterator[Proposal]:
    """A base case that covers one case too few: `if not x` beside a single element, `n == 0` beside `n < 0`."""
    stmt = site.stmt
    if not isinstance(stmt, ast.If) or not any(isinstance(s, ast.Return) for s in stmt.body):
        return
    test = stmt.test
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        code = site.code(test.operand)
        yield site.replace(test, f"len({code}) <= 1", 0.45)
        yield site.replace(test, f"{code} is None", 0.3)
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return
    if isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value in (0, 1):
        code = comparand(site.code(test.left))
        for text, prior in ((f"{code} <= 0", 0.4), (f"{code} <= 1", 0.4), (f"{code} in (0, 1)", 0.2)):
            yield site.replace(test, text, prior)


def _calls_itself(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(n, ast.Call) and function.name in (getattr(n.func, "id", ""), getattr(n.func, "attr", ""))
        for n in ast.walk(function)
    )


RULES = (
    Rule("base.literal", "the wrong literal is returned", 0.7, returned_literal),
    Rule("base.verdict", "a constant is returned where something is still to be checked", 0.55, returned_test),
    Rule("base.partial", "part of the result is left out", 0.33, returned_more),
    Rule("base.missing", "the base case is missing", 0.6, base_case),
    Rule("base.bounds", "the base case covers too few cases", 0.45, base_bounds),
)
