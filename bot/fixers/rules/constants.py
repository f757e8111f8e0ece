"""Constants and initial values: numbers, truth values, None, empty containers, and constants used nearby."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.fixers.site import Proposal, Rule, Site
from bot.fixers.source import FUNCTIONS

_ROUND = {10: (8, 2, 16, 100), 2: (10, 3), 16: (10,), 60: (24, 3600, 100, 59), 24: (60, 12), 12: (24, 11), 7: (6, 8)}
_SCALES = {100: (1000, 10), 1000: (1024, 100, 1_000_000), 1024: (1000,), 3600: (60, 86400), 86400: (3600,), 365: (366,)}


def numbers(site: Site) -> Iterator[Proposal]:
    nearby = nearby_constants(site)
    for node in site.expressions:
        if not isinstance(node, ast.Constant) or _in_annotation_or_docstring(site, node):
            continue
        value = node.value
        if type(value) is int:
            for other in dict.fromkeys(
                (value + 1, value - 1, -value, 0, 1, 2, *_ROUND.get(value, ()), *_SCALES.get(value, ()))
            ):
                if other != value:
                    step = abs(other - value) == 1
                    prior = 0.5 if step else 0.3 if other in (0, 1, -value) else 0.22
                    yield site.replace(node, str(other), prior)
            if value in (0, 1, -1):
                yield site.replace(node, "None", 0.12)
        elif isinstance(value, float):
            for text in (
                repr(-value),
                "0.0",
                "1.0",
                repr(value * 10),
                repr(value / 10),
                repr(value * 100),
                repr(value / 100),
            ):
                yield site.replace(node, text, 0.22)
        elif isinstance(value, bool):
            yield site.replace(node, str(not value), 0.65)
            yield site.replace(node, "None", 0.1)
        elif value is None and not isinstance(site.parent(node), ast.Compare):
            for text, prior in (("0", 0.25), ("[]", 0.25), ("''", 0.22), ("False", 0.2), ("{}", 0.2), ("True", 0.12)):
                yield site.replace(node, text, prior)
        for text, prior in nearby.get(type(value), ()):
            if text != site.code(node):
                yield site.replace(node, text, prior)


def nearby_constants(site: Site) -> dict[type, list[tuple[str, float]]]:
    """Literals of this function and names of module constants, by type, the nearest first."""
    found: dict[type, dict[str, float]] = {}
    line = site.stmt.lineno
    nodes = [n for n in site.scope.nodes if isinstance(n, ast.Constant) and hasattr(n, "lineno")]
    nodes = [n for n in nodes if not _in_annotation_or_docstring(site, n)]
    for rank, node in enumerate(sorted(nodes, key=lambda n: abs(n.lineno - line))[:60]):
        if isinstance(node.value, int | float | str) and not isinstance(node.value, bool):
            code = site.code(node)
            if len(code) < 40 and not isinstance(site.source.parents.get(node), ast.JoinedStr):
                found.setdefault(type(node.value), {}).setdefault(code, 0.28 / (1 + 0.05 * rank))
    for stmt in site.source.tree.body:
        if isinstance(stmt, ast.Assign) and isinstance(stmt.value, ast.Constant):
            for target in stmt.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(type(stmt.value.value), {})[target.id] = 0.25
    return {kind: list(codes.items())[:8] for kind, codes in found.items()}


def initial_values(site: Site) -> Iterator[Proposal]:
    """The wrong start of a variable: 0 for 1, 0 for -inf, the first element for 0, [] for [[]]."""
    stmt = site.stmt
    if not isinstance(stmt, ast.Assign | ast.AnnAssign) or stmt.value is None:
        return
    code = site.code(stmt.value).replace('"', "'")
    texts: tuple[str, ...] = ()
    if code in ("0", "1", "-1", "None", "0.0"):
        texts = ("float('-inf')", "float('inf')")
        for name in site.scope.parameters[:4]:
            yield site.replace(stmt.value, f"{name}[0]", 0.3)
            yield site.replace(stmt.value, f"len({name})", 0.22)
            yield site.replace(stmt.value, f"len({name}) - 1", 0.22)
            yield site.replace(stmt.value, name, 0.25)
    elif code == "[]":
        texts = ("[[]]", "{}", "set()", "''", "[0]", "[1]", "None")
    elif code in ("{}", "dict()"):
        texts = ("set()", "[]", "None")
    elif code in ("set()",):
        texts = ("[]", "{}")
    elif code == "''":
        texts = ("None", "[]")
    for rank, text in enumerate(texts):
        yield site.replace(stmt.value, text, 0.35 - 0.03 * rank)
    if isinstance(stmt.value, ast.Call) and not stmt.value.args and site.scope.parameters:
        for name in site.scope.parameters[:3]:
            yield site.replace(stmt.value, f"{site.code(stmt.value.func)}({name})", 0.25, f"start from `{name}`")
    if code in ("set()", "[]", "{}"):
        for name in site.scope.parameters[:3]:
            text = {"set()": f"{{{name}}}", "[]": f"[{name}]", "{}": f"{{{name}: 0}}"}[code]
            yield site.replace(stmt.value, text, 0.28, f"start with `{name}` in it")


def infinities(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        code = site.code(node).replace('"', "'") if isinstance(node, ast.Call | ast.Attribute | ast.UnaryOp) else ""
        other = {
            "float('inf')": "float('-inf')",
            "float('-inf')": "float('inf')",
            "math.inf": "-math.inf",
            "-math.inf": "math.inf",
            "-float('inf')": "float('inf')",
        }.get(code)
        if other is not None:
            yield site.replace(node, other, 0.6)
            yield site.replace(node, "0", 0.3)


def _in_annotation_or_docstring(site: Site, node: ast.AST) -> bool:
    parent = site.source.parents.get(node)
    if isinstance(parent, ast.Expr):
        return True
    return isinstance(parent, (ast.arg, ast.AnnAssign, *FUNCTIONS)) and getattr(parent, "value", None) is not node


RULES = (
    Rule("constant.value", "a constant is wrong", 0.65, numbers),
    Rule("constant.initial", "a variable starts with the wrong value", 0.35, initial_values),
    Rule("constant.infinity", "plus and minus infinity are confused", 0.6, infinities),
)
