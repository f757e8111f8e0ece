"""Comparisons: boundary, direction, equality, identity and membership. Conditions as a whole are in `conditions.py`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bot.fixers.kinds import CONTAINERS
from bot.fixers.precedence import comparand
from bot.fixers.site import Proposal, Rule, Site
from bot.fixers.source import Splice

_TEXT: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
# For each operator: what people write it for by mistake, most often first.
_INSTEAD: dict[str, tuple[tuple[str, float], ...]] = {
    "<": (("<=", 0.9), (">", 0.55), (">=", 0.45), ("!=", 0.25), ("==", 0.15)),
    "<=": (("<", 0.9), (">=", 0.5), (">", 0.45), ("==", 0.25), ("!=", 0.12)),
    ">": ((">=", 0.9), ("<", 0.55), ("<=", 0.45), ("!=", 0.25), ("==", 0.15)),
    ">=": ((">", 0.9), ("<=", 0.5), ("<", 0.45), ("==", 0.25), ("!=", 0.12)),
    "==": (("!=", 0.6), ("in", 0.35), ("<=", 0.45), (">=", 0.45), ("is", 0.1), ("<", 0.25), (">", 0.25)),
    "!=": (("==", 0.6), ("not in", 0.35), ("<", 0.35), (">", 0.35), ("is not", 0.1), ("<=", 0.15), (">=", 0.15)),
    "is": (("is not", 0.55), ("==", 0.6)),
    "is not": (("is", 0.55), ("!=", 0.6)),
    "in": (("not in", 0.6), ("==", 0.35)),
    "not in": (("in", 0.6), ("!=", 0.35)),
}


def _operators(site: Site, node: ast.Compare) -> Iterator[tuple[ast.expr, str, int, int, ast.expr]]:
    """Left operand, operator, its place in the text, right operand."""
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        text = _TEXT[type(op)]
        low, high = site.source.span(left)[1], site.source.span(right)[0]
        gap = site.source.text[low:high]
        found = re.search(r"\s+".join(re.escape(word) for word in text.split()), gap)
        if found and "#" not in gap:
            yield left, text, low + found.start(), low + found.end(), right
        left = right


def operator_changes(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if not isinstance(node, ast.Compare):
            continue
        for _, text, start, stop, right in _operators(site, node):
            for other, prior in _INSTEAD[text]:
                if other in ("in", "not in") and not _may_contain(site, right):
                    continue
                if other in ("is", "is not") and not isinstance(right, ast.Constant | ast.Name):
                    continue
                if other in ("<", "<=", ">", ">=") and _is_none(right):
                    continue
                pad = " " if other[0].isalpha() and site.source.text[stop : stop + 1].strip() else ""
                lead = " " if other[0].isalpha() and site.source.text[start - 1 : start].strip() else ""
                said = f"compare with `{other}` instead of `{text}`"
                yield Proposal((Splice(start, stop, f"{lead}{other}{pad}"),), said, prior)


def operands_swapped(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            yield site.swap(node.left, node.comparators[0], 0.25, "swap the two sides of the membership test")


def emptiness(site: Site) -> Iterator[Proposal]:
    """`len(x) == 0` against `len(x) <= 1`, and the like: operator and bound wrong at once."""
    for node in site.expressions:
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            continue
        left, right, text = node.left, node.comparators[0], _TEXT[type(node.ops[0])]
        if not isinstance(right, ast.Constant) or type(right.value) is not int:
            continue
        bound = right.value
        length = isinstance(left, ast.Call) and isinstance(left.func, ast.Name) and left.func.id == "len"
        for other, value in (("<=", bound + 1), ("<", bound + 1), (">=", bound + 1), (">", bound - 1), ("!=", 1)):
            if other != text and (other, value) != (text, bound) and value >= 0:
                yield site.replace(node, f"{site.code(left)} {other} {value}", 0.5 if length else 0.3)


def value_tests(site: Site) -> Iterator[Proposal]:
    """Truth taken for None-ness and the reverse: `if x:` where 0 and "" are fine, `is None` where empty counts."""
    for node in site.expressions:
        parent = site.source.parents.get(node)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and _is_none(node.comparators[0]):
            code = site.code(node.left)
            negated = isinstance(node.ops[0], ast.Is | ast.Eq)
            yield site.replace(node, f"not {comparand(code)}" if negated else code, 0.4)
        elif isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript) and _is_condition(parent, node):
            code = site.code(node)
            if isinstance(parent, ast.UnaryOp):
                yield site.replace(parent, f"{code} is None", 0.5)
            else:
                yield site.replace(node, f"{code} is not None", 0.55)


def operand_changes(site: Site) -> Iterator[Proposal]:
    """A value compared whole where one part of it, or its length, was meant."""
    for node in site.expressions:
        if not isinstance(node, ast.Compare) or any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            continue
        for side in (node.left, *node.comparators):
            if isinstance(side, ast.Name | ast.Attribute) and site.scope.kind_of(side) & CONTAINERS:
                yield site.replace(side, f"len({site.code(side)})", 0.3)
            if isinstance(side, ast.Call) and isinstance(side.func, ast.Name) and side.func.id == "len" and side.args:
                yield site.replace(side, site.code(side.args[0]), 0.12)


def _may_contain(site: Site, node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and len(node.value) > 1
    return not isinstance(node, ast.BinOp)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_condition(parent: ast.AST | None, node: ast.expr) -> bool:
    if isinstance(parent, ast.If | ast.While | ast.IfExp):
        return parent.test is node
    if isinstance(parent, ast.comprehension):
        return node in parent.ifs
    return isinstance(parent, ast.BoolOp) or (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not))


RULES = (
    Rule("comparison.operator", "the boundary, direction or sense of a comparison is wrong", 0.9, operator_changes),
    Rule("comparison.swapped", "container and member are swapped", 0.25, operands_swapped),
    Rule("comparison.bound", "the operator and the bound are both off", 0.5, emptiness),
    Rule("comparison.truth", "empty or zero is taken for missing, or missing for empty", 0.55, value_tests),
    Rule("comparison.operand", "a whole is compared where its length was meant, or the reverse", 0.3, operand_changes),
)
