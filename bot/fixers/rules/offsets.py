"""Off by one: bounds, ranges, slices, indices, lengths, arguments and results that are one too many or too few."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.fixers.kinds import Kind
from bot.fixers.precedence import operand, summand
from bot.fixers.site import Proposal, Rule, Site

_OTHER_KINDS = frozenset(Kind) - {Kind.NUMBER, Kind.OBJECT}


def shifted(site: Site, node: ast.expr, step: int) -> str:
    """The source of an expression one (or `step`) more, folding `x + 1` and numbers."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return str(node.value + step)
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add | ast.Sub)
        and isinstance(node.right, ast.Constant)
        and type(node.right.value) is int
    ):
        total = node.right.value * (1 if isinstance(node.op, ast.Add) else -1) + step
        left = site.code(node.left)
        return left if total == 0 else f"{summand(left)} {'+' if total > 0 else '-'} {abs(total)}"
    return f"{summand(site.code(node))} {'+' if step > 0 else '-'} {abs(step)}"


def _may_be_number(site: Site, node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.BinOp | ast.Subscript | ast.UnaryOp):
        return False
    if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.USub):
        return False
    return not site.scope.kind_of(node) & _OTHER_KINDS


def _places(site: Site) -> Iterator[tuple[ast.expr, float]]:
    """Expressions where an off-by-one is human, with how human it is."""
    for node in site.nodes:
        match node:
            case ast.Call(func=ast.Name(id="range"), args=args):
                yield from ((arg, 0.75) for arg in args[:2])
                yield from ((arg, 0.2) for arg in args[2:])
            case ast.Call(args=args):
                yield from ((arg, 0.45) for arg in args)
                yield from ((keyword.value, 0.3) for keyword in node.keywords)
            case ast.Slice(lower=low, upper=high):
                yield from ((bound, 0.65) for bound in (low, high) if bound is not None)
            case ast.Subscript(slice=ast.Tuple(elts=elements)):
                yield from ((element, 0.5) for element in elements)
            case ast.Subscript(slice=index) if not isinstance(index, ast.Slice):
                yield index, 0.55
            case ast.Compare(left=left, comparators=others):
                yield from ((side, 0.4) for side in (left, *others))
            case ast.BinOp(left=left, right=right) if isinstance(node.op, ast.Mult | ast.FloorDiv | ast.Div | ast.Mod):
                yield from ((side, 0.3) for side in (left, right))
            case ast.BinOp(left=left, right=right) if isinstance(node.op, ast.Add | ast.Sub):
                yield from ((side, 0.15) for side in (left, right))


def shifts(site: Site) -> Iterator[Proposal]:
    seen: set[ast.expr] = set()
    places = list(_places(site))
    if isinstance(site.stmt, ast.Return | ast.Assign | ast.AugAssign | ast.AnnAssign) and site.stmt.value is not None:
        places.append((site.stmt.value, 0.4))
    for node, prior in places:
        if node in seen or not _may_be_number(site, node):
            continue
        seen.add(node)
        known = Kind.NUMBER in site.scope.kind_of(node)
        code = site.code(node)
        for step in (1, -1):
            said = f"use `{shifted(site, node, step)}` instead of `{code}`: it was off by one"
            yield site.replace(node, shifted(site, node, step), prior if known else prior * 0.75, said)


def slices(site: Site) -> Iterator[Proposal]:
    """A bound forgotten or too many: `x[:n]` for `x[n:]`, `x` for `x[1:]`."""
    for node in site.expressions:
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Slice):
            continue
        part, base = node.slice, site.code(node.value)
        low = site.code(part.lower) if part.lower else ""
        high = site.code(part.upper) if part.upper else ""
        step = f":{site.code(part.step)}" if part.step else ""
        if bool(low) != bool(high):
            yield site.replace(node, f"{base}[{high}:{low}{step}]", 0.4)
            yield site.replace(node, f"{base}[{low or '1'}:{high or '-1'}{step}]", 0.25)
            if low and not step:
                yield site.replace(node, f"{base}[-{operand(low, 13)}:]", 0.15)
        if not step and (low or high):
            yield site.replace(node, base, 0.3)
        if low and high and not step:
            yield site.replace(node, f"{base}[{low}:]", 0.25)
            yield site.replace(node, f"{base}[:{high}]", 0.25)
            yield site.replace(node, f"{base}[{low}:{summand(low)} + {operand(high)}]", 0.35)
        if step:
            yield site.replace(node, f"{base}[{low}:{high}]", 0.3)


def parts(site: Site) -> Iterator[Proposal]:
    """A sequence used whole where only its rest, or its beginning, is meant."""
    numbers = [n for n in site.scope.names_before(site.stmt) if Kind.NUMBER in site.scope.kind_of(ast.Name(n))][:4]
    loose = [n for n in site.scope.parameters if not site.scope.kind_of(ast.Name(n))][:3]
    for node in site.expressions:
        parent = site.source.parents.get(node)
        walked = isinstance(parent, ast.For | ast.comprehension) and parent.iter is node
        handed = (
            isinstance(parent, ast.Call | ast.Return | ast.Assign | ast.BinOp)
            and getattr(parent, "func", None) is not node
        )
        kinds = site.scope.kind_of(node) if isinstance(node, ast.Name | ast.Attribute) else frozenset({Kind.NUMBER})
        if not (walked or handed) or (kinds and not kinds & {Kind.LIST, Kind.TEXT}):
            continue
        code, weight = site.code(node), (0.3 if walked else 0.16) * (1.0 if kinds or walked else 0.6)
        for bounds, prior in (("1:", 1.0), (":-1", 0.9), *((f"{n}:", 0.8) for n in (*numbers, *loose))):
            if not bounds.startswith(f"{code}:"):
                yield site.replace(node, f"{code}[{bounds}]", weight * prior, f"use only `{code}[{bounds}]`")
        for name in numbers:
            yield site.replace(node, f"{code}[:{name}]", weight * 0.6, f"use only `{code}[:{name}]`")


def first_and_last(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if not isinstance(node, ast.Subscript) or isinstance(node.slice, ast.Slice | ast.Tuple):
            continue
        index = site.code(node.slice)
        for other in {"0": ("-1", "1"), "-1": ("0", "-2"), "1": ("-1", "0")}.get(index, ()):
            yield site.replace(node.slice, other, 0.45)
        if index.startswith("-") or index.isdigit():
            continue
        if isinstance(node.slice, ast.Name) and Kind.NUMBER in site.scope.kind_of(node.slice):
            yield site.replace(node.slice, f"-{index}", 0.1)


def ranges(site: Site) -> Iterator[Proposal]:
    """`range(n)` for `range(1, n + 1)`, a counter that starts at the wrong end, `enumerate` without its start."""
    for node in site.expressions:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
            continue
        args = [site.code(arg) for arg in node.args]
        if node.func.id == "range" and len(args) == 1:
            more = shifted(site, node.args[0], 1)
            for text, prior in ((f"1, {more}", 0.5), (f"1, {args[0]}", 0.5), (f"0, {args[0]}, 2", 0.05)):
                yield site.replace(node, f"range({text})", prior)
        elif node.func.id == "range" and len(args) == 2:
            low, high = shifted(site, node.args[0], 1), shifted(site, node.args[1], 1)
            yield site.replace(node, f"range({low}, {high})", 0.35)
            yield site.replace(node, f"range({args[1]}, {args[0]}, -1)", 0.15)
            if args[0] == "0":
                yield site.replace(node, f"range({args[1]})", 0.02)
        elif node.func.id == "range" and len(args) == 3 and args[2] == "-1":
            low, high = shifted(site, node.args[0], -1), shifted(site, node.args[1], -1)
            yield site.replace(node, f"range({low}, {high}, -1)", 0.35)
        elif node.func.id == "enumerate" and len(args) == 1 and not node.keywords:
            yield site.replace(node, f"enumerate({args[0]}, 1)", 0.5)
            yield site.replace(node, f"enumerate({args[0]}, start=1)", 0.02)
        elif node.func.id == "enumerate" and len(args) == 2:
            yield site.replace(node, f"enumerate({args[0]})", 0.4)


RULES = (
    Rule("offset.shift", "a bound, index, length, argument or result is off by one", 0.75, shifts),
    Rule("offset.slice", "a slice takes the wrong end, or has a bound too many", 0.4, slices),
    Rule("offset.part", "a sequence is used whole where a part of it is meant", 0.3, parts),
    Rule("offset.end", "the first element is taken for the last, or the reverse", 0.45, first_and_last),
    Rule("offset.range", "a count starts at 0 where 1 is meant, or the reverse", 0.5, ranges),
)
