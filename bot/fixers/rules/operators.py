"""Arithmetic, bitwise and boolean operators. Comparisons are in `comparisons.py`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bot.fixers.kinds import Kind
from bot.fixers.precedence import conjunct, operand
from bot.fixers.site import Proposal, Rule, Site, brief
from bot.fixers.source import Splice

_TEXT: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.MatMult: "@",
}
_INSTEAD: dict[str, tuple[tuple[str, float], ...]] = {
    "+": (("-", 0.6), ("*", 0.35), ("//", 0.05), ("/", 0.05), ("|", 0.08)),
    "-": (("+", 0.6), ("//", 0.1), ("%", 0.1), ("*", 0.1)),
    "*": (("+", 0.35), ("**", 0.35), ("/", 0.3), ("//", 0.3), ("-", 0.1)),
    "/": (("//", 0.7), ("*", 0.4), ("%", 0.3)),
    "//": (("/", 0.7), ("%", 0.4), ("*", 0.2)),
    "%": (("//", 0.5), ("/", 0.2), ("*", 0.1)),
    "**": (("*", 0.5), ("^", 0.05)),
    "&": (("|", 0.6), ("^", 0.4), ("-", 0.1)),
    "|": (("&", 0.6), ("^", 0.4), ("+", 0.15)),
    "^": (("&", 0.5), ("|", 0.5), ("**", 0.5)),
    "<<": ((">>", 0.7), ("*", 0.1)),
    ">>": (("<<", 0.7), ("//", 0.1)),
    "@": (("*", 0.4),),
}
_NUMERIC_ONLY = frozenset({"-", "/", "//", "**", "<<", ">>", "^"})


def binary(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if not isinstance(node, ast.BinOp):
            continue
        text = _TEXT[type(node.op)]
        left, right = site.code(node.left), site.code(node.right)
        textual = _is_text(site, node.left) or _is_text(site, node.right)
        for other, prior in _INSTEAD[text]:
            if textual and other in _NUMERIC_ONLY:
                continue
            said = f"compute with `{other}` instead of `{text}`"
            yield site.replace(node, f"{left_of(left, other)} {other} {right_of(right, other)}", prior, said)
        if text != "+" or textual or not _known_numbers(site, node):
            prior = 0.4 if text in ("-", "/", "//", "%", "**", "<<", ">>") else 0.45 if text == "+" else 0.05
            yield site.swap(node.left, node.right, prior, f"swap the two sides of `{text}`")


def left_of(code: str, operator: str) -> str:
    """`code` as the left operand of an arithmetic operator."""
    return operand(code, 14 if operator == "**" else 11 if operator in ("*", "/", "//", "%", "@") else 10)


def right_of(code: str, operator: str) -> str:
    """`code` as the right operand of an arithmetic operator."""
    return operand(code, 12 if operator in ("*", "/", "//", "%", "@", "**") else 11)


def regrouped(site: Site) -> Iterator[Proposal]:
    """`a + b * c / d` where `(a + b) * c / d` is meant, and the mirror image."""
    for node in site.expressions:
        if not isinstance(node, ast.BinOp):
            continue
        inner: ast.expr = node.right
        while isinstance(inner, ast.BinOp):
            inner = inner.left
            if not _in_parentheses(site, node.right):
                yield _grouped(site, node.left, inner)
        inner = node.left
        while isinstance(inner, ast.BinOp):
            inner = inner.right
            if not _in_parentheses(site, node.left):
                yield _grouped(site, inner, node.right)


def _grouped(site: Site, first: ast.expr, last: ast.expr) -> Proposal:
    start, stop = site.source.span(first)[0], site.source.span(last)[1]
    said = f"group `{brief(site.source.text[start:stop])}` with parentheses"
    return Proposal((Splice(start, start, "("), Splice(stop, stop, ")")), said, 0.3)


def _in_parentheses(site: Site, node: ast.expr) -> bool:
    start, stop = site.source.span(node)
    text = site.source.text
    return text[:start].rstrip().endswith("(") and text[stop:].lstrip().startswith(")")


def augmented(site: Site) -> Iterator[Proposal]:
    stmt = site.stmt
    if isinstance(stmt, ast.AugAssign):
        text = _TEXT[type(stmt.op)]
        target, value = site.code(stmt.target), site.code(stmt.value)
        for other, prior in _INSTEAD[text]:
            if not (other in _NUMERIC_ONLY and (_is_text(site, stmt.target) or _is_text(site, stmt.value))):
                yield site.rewrite(stmt, f"{target} {other}= {value}", prior)
        yield site.rewrite(stmt, f"{target} = {value}", 0.4)
        if text in ("+", "-", "/", "//"):
            yield site.rewrite(stmt, f"{target} = {value} {text} {right_of(target, text)}", 0.25)
    elif isinstance(stmt, ast.Assign) and len(stmt.targets) == 1:
        target, value = site.code(stmt.targets[0]), site.code(stmt.value)
        if isinstance(stmt.targets[0], ast.Name | ast.Attribute | ast.Subscript):
            before = isinstance(stmt.targets[0], ast.Subscript) or target in site.scope.names_before(stmt)
            yield site.rewrite(stmt, f"{target} += {value}", 0.4 if before else 0.15)
            yield site.rewrite(stmt, f"{target} -= {value}", 0.08)


def boolean(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if not isinstance(node, ast.BoolOp):
            continue
        now, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        parts = [site.code(value) for value in node.values]
        for index in range(1, len(node.values)):
            low, high = site.source.span(node.values[index - 1])[1], site.source.span(node.values[index])[0]
            found = re.search(rf"\b{now}\b", site.source.text[low:high])
            if found and len(parts) == 2 and _plain(node.values):
                at = low + found.start()
                yield Proposal((Splice(at, at + len(now), other),), f"join with `{other}` instead of `{now}`", 0.6)
        if len(parts) > 2 or not _plain(node.values):
            yield site.replace(node, f" {other} ".join(conjunct(p) for p in parts), 0.5)
        yield from _regrouped_conditions(site, node)


def _regrouped_conditions(site: Site, node: ast.BoolOp) -> Iterator[Proposal]:
    """`a and b or c` where `a and (b or c)` is meant."""
    if not isinstance(node.op, ast.Or):
        return
    for index, value in enumerate(node.values):
        if not isinstance(value, ast.BoolOp):
            continue
        inner = [site.code(v) for v in value.values]
        rest = [site.code(v) for v in node.values[index + 1 :]]
        head = [site.code(v) for v in node.values[:index]]
        if rest:
            text = " or ".join(
                [*head, " and ".join([*map(conjunct, inner[:-1]), f"({' or '.join([inner[-1], *rest])})"])]
            )
            yield site.replace(node, text, 0.5)
        if head:
            grouped = " and ".join([f"({' or '.join([*head, inner[0]])})", *map(conjunct, inner[1:])])
            yield site.replace(node, " or ".join([grouped, *rest]), 0.5)


def _plain(values: list[ast.expr]) -> bool:
    return not any(isinstance(v, ast.BoolOp | ast.IfExp | ast.Lambda) for v in values)


def unary(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert | ast.UAdd):
            yield site.replace(node, site.code(node.operand), 0.4)
        elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and _is_value(site, node):
            known = Kind.NUMBER in site.scope.kind_of(node)
            yield site.replace(node, f"-{site.code(node)}", 0.2 if known else 0.06)
        elif isinstance(node, ast.Call) and isinstance(site.parent(node), ast.Return | ast.Assign):
            yield site.replace(node, f"-{site.code(node)}", 0.08)


def powers(site: Site) -> Iterator[Proposal]:
    """A value used plainly where its square, double or half is meant."""
    for node in site.expressions:
        if isinstance(node, ast.Name | ast.Attribute) and _is_value(site, node):
            code = site.code(node)
            known = 1.0 if Kind.NUMBER in site.scope.kind_of(node) else 0.4
            for text, prior in ((f"{code} ** 2", 0.16), (f"2 * {code}", 0.14), (f"{code} // 2", 0.14)):
                yield site.replace(node, text, prior * known)
            yield site.replace(node, f"{code} / 2", 0.1 * known)


def _is_value(site: Site, node: ast.expr) -> bool:
    """A number could stand here: not called, indexed or dotted into, and not known to be something else."""
    parent = site.source.parents.get(node)
    if isinstance(parent, ast.Attribute | ast.keyword) or (isinstance(parent, ast.Call) and parent.func is node):
        return False
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return False
    kinds = site.scope.kind_of(node)
    return not kinds or Kind.NUMBER in kinds


def _is_text(site: Site, node: ast.expr) -> bool:
    kinds = site.scope.kind_of(node)
    return bool(kinds) and Kind.NUMBER not in kinds


def _known_numbers(site: Site, node: ast.BinOp) -> bool:
    return Kind.NUMBER in site.scope.kind_of(node.left) and Kind.NUMBER in site.scope.kind_of(node.right)


RULES = (
    Rule("operator.arithmetic", "the wrong arithmetic or bit operator, or its two sides swapped", 0.7, binary),
    Rule("operator.grouping", "parentheses are missing", 0.3, regrouped),
    Rule("operator.augmented", "`=` for `+=`, or the wrong augmented assignment", 0.7, augmented),
    Rule("operator.boolean", "`and` for `or`, or conditions grouped wrongly", 0.6, boolean),
    Rule("operator.unary", "a sign too many or too few", 0.4, unary),
    Rule("operator.power", "a value where its square, double or half is meant", 0.16, powers),
)
