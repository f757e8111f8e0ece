"""Guards against the exception that was raised: missing keys, indices, None, zero, unset names. Nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.fixers.kinds import Kind
from bot.fixers.precedence import comparand, operand
from bot.fixers.site import Proposal, Rule, Site
from bot.fixers.source import first_statement

_NONE_SIGNS = ("'NoneType'", "NoneType object", "None")


def missing_key(site: Site) -> Iterator[Proposal]:
    crashed = "KeyError" in site.crash
    if not crashed and "KeyError" not in site.clues.exceptions:
        return
    weight = 1.0 if crashed else 0.4
    for node in site.nodes:
        if not isinstance(node, ast.Subscript) or isinstance(node.slice, ast.Slice):
            continue
        base, key = site.code(node.value), site.code(node.slice)
        if isinstance(node.ctx, ast.Load):
            for default, prior in _defaults(site, node):
                text = f"{base}.get({key}, {default})" if default else f"{base}.get({key})"
                yield site.replace(node, text, prior * weight, f"do not fail when `{base}` has no `{key}`")
            yield from site.guard(site.stmt, f"{comparand(key)} in {base}", 0.7 * weight)
            yield from _leave(site, f"{comparand(key)} not in {base}", 0.6 * weight)
        elif isinstance(site.stmt, ast.AugAssign | ast.Delete):
            yield from site.guard(site.stmt, f"{comparand(key)} in {base}", 0.6 * weight)
            if isinstance(site.stmt, ast.AugAssign):
                for default in ("0", "[]", "''"):
                    lines = [f"{base}.setdefault({key}, {default})"]
                    yield from site.before(site.stmt, lines, 0.7 * weight, f"start `{base}[{key}]` at `{default}`")
    for node in site.expressions:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
            base, key = site.code(node.func.value), site.code(node.args[0])
            if node.func.attr == "remove":
                yield site.replace(node.func, f"{base}.discard", 0.85 * weight)
            if node.func.attr == "pop":
                yield site.replace(node, f"{base}.pop({key}, None)", 0.9 * weight)


def _defaults(site: Site, node: ast.Subscript) -> list[tuple[str, float]]:
    parent = site.parent(node)
    number, empty = ("0", 0.8), ("[]", 0.8)
    if isinstance(parent, ast.BinOp | ast.AugAssign | ast.Compare):
        return [number, ("''", 0.6), ("[]", 0.5), ("", 0.5)]
    if isinstance(parent, ast.For | ast.comprehension | ast.Attribute):
        return [empty, ("()", 0.5), ("{}", 0.6), ("''", 0.5), ("", 0.4)]
    if isinstance(parent, ast.Subscript):
        return [("{}", 0.8), ("[]", 0.5)]
    key = site.code(node.slice)
    return [("", 0.9), ("0", 0.55), ("''", 0.5), ("[]", 0.5), ("{}", 0.4), ("False", 0.4), (key, 0.5)]


def missing_index(site: Site) -> Iterator[Proposal]:
    crashed = "IndexError" in site.crash
    if not crashed and "IndexError" not in site.clues.exceptions:
        return
    weight = 1.0 if crashed else 0.4
    for node in site.nodes:
        if not isinstance(node, ast.Subscript) or isinstance(node.slice, ast.Slice):
            continue
        base, index = site.code(node.value), site.code(node.slice)
        number = index.lstrip("-").isdigit()
        need = {"0": base, "-1": base}.get(index) or (
            f"len({base}) > {int(index)}" if number and index.isdigit() else f"{comparand(index)} < len({base})"
        )
        against = (
            f"not {base}"
            if need == base
            else f"len({base}) <= {index}"
            if number
            else f"{comparand(index)} >= len({base})"
        )
        yield from site.guard(site.stmt, need, 0.8 * weight)
        yield from _leave(site, against, 0.8 * weight)
        for test in _tests(site):
            if node in ast.walk(test):
                said = f"check `{need}` before `{site.code(node)}`"
                yield site.replace(test, f"{need} and {operand(site.code(test), 4)}", 0.95 * weight, said)
        if isinstance(node.ctx, ast.Load) and not isinstance(site.stmt, ast.Expr):
            for default, prior in (("None", 0.5), ("0", 0.5), ("''", 0.45), ("[]", 0.25)):
                text = f"{site.code(node)} if {need} else {default}"
                yield site.replace(node, text, prior * weight)
            if index in ("0", "-1"):
                yield site.replace(node, f"{base}[{':1' if index == '0' else '-1:'}]", 0.3 * weight)
    for node in site.expressions:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("pop", "popleft"):
            base = site.code(node.func.value)
            yield from site.guard(site.stmt, base, 0.7 * weight)
            yield from _leave(site, f"not {base}", 0.8 * weight)
    yield from _loop_bounds(site, weight)


def _loop_bounds(site: Site, weight: float) -> Iterator[Proposal]:
    """The crash is in a loop: its condition may lack the bound."""
    if isinstance(site.stmt, ast.While):
        for node in ast.walk(site.stmt):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name | ast.BinOp):
                need = f"{comparand(site.code(node.slice))} < len({site.code(node.value)})"
                text = f"{need} and {operand(site.code(site.stmt.test), 4)}"
                yield site.replace(site.stmt.test, text, 0.8 * weight, f"stop at `{need}`")


def none_value(site: Site) -> Iterator[Proposal]:
    raised = {"AttributeError", "TypeError"}
    crashed = bool(site.crash & raised)
    if not crashed and not site.clues.exceptions & raised:
        return
    spoken = any(sign in message for message in site.clues.messages for sign in _NONE_SIGNS)
    weight = (1.0 if crashed else 0.35) * (1.0 if spoken else 0.5)
    for code, node in _could_be_none(site).items():
        yield from _leave(site, f"{code} is None", 0.8 * weight)
        yield from site.guard(site.stmt, f"{code} is not None", 0.8 * weight)
        for test in _tests(site):
            if node in ast.walk(test):
                whole = operand(site.code(test), 4)
                yield site.replace(
                    test, f"{code} is not None and {whole}", 0.9 * weight, f"check that `{code}` is not None"
                )
                either = site.code(test)
                yield site.replace(test, f"{code} is None or {either}", 0.85 * weight, f"accept `{code}` being None")
        for empty, prior in (("[]", 0.5), ("''", 0.5), ("{}", 0.45), ("0", 0.45)):
            if isinstance(node, ast.Name | ast.Attribute | ast.Call) and isinstance(
                getattr(node, "ctx", ast.Load()), ast.Load
            ):
                yield site.replace(node, f"{code} or {empty}", prior * weight, f"take `{empty}` when `{code}` is None")
        if isinstance(site.stmt, ast.Return) and site.stmt.value is not None:
            value = site.code(site.stmt.value)
            for empty in ("None", "''", "0", "[]"):
                text = f"{operand(value, 3)} if {code} is not None else {empty}"
                yield site.replace(site.stmt.value, text, 0.6 * weight)
        if isinstance(node, ast.Name) and node.id in site.scope.parameters:
            yield from _default_parameter(site, node.id, weight)


def _default_parameter(site: Site, name: str, weight: float) -> Iterator[Proposal]:
    for empty in ("[]", "{}", "''", "0", "set()"):
        lines = [f"if {name} is None:", f"\t{name} = {empty}"]
        yield from site.before(site.stmt, lines, 0.55 * weight, f"take `{empty}` when `{name}` is None")


def _could_be_none(site: Site) -> dict[str, ast.expr]:
    """Values that are dotted into, indexed, called on, iterated or computed with, by their source."""
    found: dict[str, ast.expr] = {}
    for node in site.nodes:
        parts: list[ast.expr | None] = []
        match node:
            case ast.Attribute(value=value) | ast.Subscript(value=value):
                parts = [value]
            case ast.Call(func=ast.Name(id="len" | "iter" | "sorted" | "sum" | "int" | "list"), args=[first, *_]):
                parts = [first]
            case ast.BinOp(left=left, right=right):
                parts = [left, right]
            case ast.Compare(left=left, comparators=others):
                parts = [left, *others]
            case ast.comprehension(iter=value):
                parts = [value]
        for part in parts:
            if not isinstance(part, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
                continue
            if "\n" not in site.code(part) and site.code(part) not in ("self", "cls"):
                found.setdefault(site.code(part), part)
    if isinstance(site.stmt, ast.For) and not isinstance(site.stmt.iter, ast.List | ast.Tuple):
        found.setdefault(site.code(site.stmt.iter), site.stmt.iter)
    return dict(list(found.items())[:6])


def zero_divisor(site: Site) -> Iterator[Proposal]:
    if not site.clues.exceptions & {"ZeroDivisionError", "StatisticsError"}:
        return
    weight = 1.0 if site.crash else 0.4
    for node in site.expressions:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod):
            divisor = site.code(node.right)
            empty = node.right
            if (
                isinstance(empty, ast.Call)
                and isinstance(empty.func, ast.Name)
                and empty.func.id == "len"
                and empty.args
            ):
                wrong = f"not {operand(site.code(empty.args[0]), 13)}"
            else:
                wrong = f"{comparand(divisor)} == 0"
            yield from _leave(site, wrong, 0.95 * weight)
            whole = site.code(node)
            for default, prior in (("0", 0.8), ("0.0", 0.4), ("None", 0.4)):
                condition = wrong.removeprefix("not ") if wrong.startswith("not ") else f"{comparand(divisor)} != 0"
                text = f"{whole} if {condition} else {default}"
                yield site.replace(node, text, prior * weight, f"give `{default}` when `{divisor}` is zero")
            yield site.replace(node.right, f"max(1, {divisor})", 0.4 * weight)


def unset_name(site: Site) -> Iterator[Proposal]:
    """A variable read before any branch gave it a value: give it one where the function, or the loop, starts."""
    if not site.clues.exceptions & {"UnboundLocalError", "NameError"} or site.scope.function is None:
        return
    for node in site.expressions:
        if not isinstance(node, ast.Name) or not any(f"'{node.id}'" in m for m in site.clues.messages):
            continue
        where = [first_statement(site.scope.function)]
        loop = site.source.loop_of(site.stmt)
        where += [loop] if loop is not None else []
        kinds = site.scope.kind_of(node)
        for stmt in where:
            for value, prior in (("None", 0.9), ("0", 0.85), ("[]", 0.8), ("''", 0.8), ("False", 0.7), ("{}", 0.6)):
                weight = 1.0 if not kinds or _literal_kind(value) in kinds else 0.7
                said = f"give `{node.id}` the value `{value}` before it is used"
                yield from site.before(stmt, [f"{node.id} = {value}"], prior * weight, said)
        if node.id in site.scope.module_constants:
            yield from site.before(where[0], [f"global {node.id}"], 0.97, f"declare `{node.id}` as global")
        outer = site.scope.outer
        if (outer is not None and any(b.name == node.id for b in outer.bindings)) or (
            outer and node.id in outer.parameters
        ):
            yield from site.before(where[0], [f"nonlocal {node.id}"], 0.98, f"declare `{node.id}` as nonlocal")


def _literal_kind(value: str) -> Kind:
    return {"0": Kind.NUMBER, "[]": Kind.LIST, "''": Kind.TEXT, "{}": Kind.MAPPING}.get(value, Kind.TRUTH)


def _tests(site: Site) -> list[ast.expr]:
    found: list[ast.expr] = [site.stmt.test] if isinstance(site.stmt, ast.If | ast.While) else []
    found += [n.test for n in site.nodes if isinstance(n, ast.IfExp)]
    return found + [condition for n in site.nodes if isinstance(n, ast.comprehension) for condition in n.ifs]


def _leave(site: Site, condition: str, prior: float) -> Iterator[Proposal]:
    """Leave the function or the round before the statement when a condition holds."""
    if site.source.loop_of(site.stmt) is not None:
        said = f"skip the rest of the round when `{condition}`"
        yield from site.before(site.stmt, [f"if {condition}:", "\tcontinue"], prior, said)
        yield from site.before(site.stmt, [f"if {condition}:", "\tbreak"], prior * 0.6, f"stop when `{condition}`")
    if site.scope.function is not None:
        for value, weight in leaving_values(site):
            lines = [f"if {condition}:", f"\treturn {value}".rstrip()]
            said = f"return {value or 'nothing'} when `{condition}`"
            yield from site.before(site.stmt, lines, prior * weight, said)


def leaving_values(site: Site) -> list[tuple[str, float]]:
    """What the function may return early, likeliest first: what it returns elsewhere, then the empty values."""
    returned: dict[str, float] = {}
    for stmt in site.scope.statements:
        if isinstance(stmt, ast.Return):
            value = "" if stmt.value is None else site.code(stmt.value)
            plain = stmt.value is None or isinstance(
                stmt.value, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Name
            )
            local = isinstance(stmt.value, ast.Name) and stmt.value.id not in site.scope.names_before(site.stmt)
            if plain and len(value) < 20 and not local:
                returned.setdefault(value, 0.9)
    for value, prior in (
        ("None", 0.75),
        ("0", 0.7),
        ("[]", 0.65),
        ("''", 0.6),
        ("False", 0.6),
        ("{}", 0.4),
        ("True", 0.4),
    ):
        returned.setdefault(value, prior)
    for name in site.scope.parameters[:3]:
        returned.setdefault(name, 0.4)
    return sorted(returned.items(), key=lambda item: -item[1])


RULES = (
    Rule("guard.key", "a key may be missing", 0.95, missing_key),
    Rule("guard.index", "an index may be out of range", 0.95, missing_index),
    Rule("guard.none", "a value may be None", 0.95, none_value),
    Rule("guard.zero", "a divisor may be zero", 0.95, zero_divisor),
    Rule("guard.unset", "a variable may have no value yet", 0.98, unset_name),
)
