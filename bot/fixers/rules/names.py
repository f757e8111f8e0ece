"""Wrong variable, attribute or expression of a fitting kind. Wrong functions and methods are in `calls`, `methods`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from bot.fixers.kinds import Kind, dotted
from bot.fixers.site import Proposal, Rule, Site

MOST_NAMES = 16  # candidates per place: further names in scope are further away and seldom meant


@lru_cache(maxsize=8192)
def likeness(one: str, two: str) -> float:
    """How alike two names look, 0 to 1."""
    return SequenceMatcher(None, one, two).ratio()


def candidates(site: Site, node: ast.expr, *, most: int = MOST_NAMES) -> list[tuple[str, float]]:
    """Names in scope that could stand in a node's place, likeliest first, with a weight of 0 to 1."""
    wanted = wanted_kinds(site, node)
    current = dotted(node)
    found: dict[str, float] = {}
    names = site.scope.names_before(node)
    if site.scope.self_name:
        names += tuple(f"{site.scope.self_name}.{name}" for name in site.scope.attributes)
    for rank, name in enumerate(names):
        if name != current:
            near = 1.0 / (1.0 + 0.06 * rank)
            alike = 0.8 + 0.2 * likeness(name, current) if current else 0.9
            found[name] = site.scope.fit(wanted, name) * near * alike
    for name in site.scope.module_constants:
        if name != current and name not in found and current in site.scope.module_constants:
            found[name] = 0.7 * site.scope.fit(wanted, name) * (0.5 + 0.5 * likeness(name, current))
    return sorted(found.items(), key=lambda item: -item[1])[:most]


def wanted_kinds(site: Site, node: ast.expr) -> frozenset[Kind]:
    """What kind of value a place asks for: by the name that stands there now, else by how the place is used."""
    known = site.scope.kind_of(node)
    parent = site.source.parents.get(node)
    if not known and isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub | ast.Div | ast.FloorDiv):
        return frozenset({Kind.NUMBER})
    return known


def variables(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if not isinstance(node, ast.Name) or _is_callee(site, node) or _is_annotation(site, node):
            continue
        parent = site.source.parents.get(node)
        if isinstance(parent, ast.Attribute) and node.id in ("self", "cls"):
            continue
        base = 0.5 if isinstance(parent, ast.Attribute) else 0.72
        for name, weight in candidates(site, node):
            yield site.replace(node, name, base * weight)


def attributes(site: Site) -> Iterator[Proposal]:
    """`self.left` for `self.right`; `node.prev` for `node.next`; `node` for `node.next`."""
    known = _attribute_names(site)
    for node in site.expressions:
        if not isinstance(node, ast.Attribute) or _is_callee(site, node) or _is_module(site, node.value):
            continue
        base = site.code(node.value)
        own = isinstance(node.value, ast.Name) and node.value.id == site.scope.self_name
        names = dict.fromkeys((*site.scope.attributes, *known) if own else known)
        weighed = sorted(((0.55 + 0.45 * likeness(n, node.attr), n) for n in names if n != node.attr), reverse=True)
        for weight, name in weighed[:MOST_NAMES]:
            yield site.replace(node, f"{base}.{name}", 0.75 * weight)
        if not own:
            yield site.replace(node, base, 0.4)
        for name, weight in candidates(site, node, most=6):
            yield site.replace(node, name, 0.4 * weight)


def deeper(site: Site) -> Iterator[Proposal]:
    """`node` where `node.next` is meant, `key` where `self.key` is."""
    own = site.scope.self_name
    chains = _chains(site)
    for node in site.expressions:
        if not isinstance(node, ast.Name | ast.Attribute) or _is_callee(site, node) or _is_annotation(site, node):
            continue
        parent = site.source.parents.get(node)
        if own and isinstance(node, ast.Name) and node.id in site.scope.attributes:
            yield site.replace(node, f"{own}.{node.id}", 0.6)
        if isinstance(parent, ast.Attribute):
            continue
        for name in chains.get(dotted(node), ())[:6]:
            yield site.replace(node, f"{dotted(node)}.{name}", 0.35)


def targets(site: Site) -> Iterator[Proposal]:
    """The value is right, but the wrong variable or attribute gets it."""
    stmt = site.stmt
    if isinstance(stmt, ast.Assign) and len(stmt.targets) == 1:
        target = stmt.targets[0]
    elif isinstance(stmt, ast.AugAssign):
        target = stmt.target
    else:
        return
    if isinstance(target, ast.Name | ast.Attribute):
        for name, weight in candidates(site, target, most=8):
            yield site.replace(target, name, 0.4 * weight)
    own = site.scope.self_name
    if own and isinstance(target, ast.Name) and target.id in site.scope.attributes:
        yield site.replace(target, f"{own}.{target.id}", 0.6)
    if isinstance(target, ast.Subscript):
        for code in _subscripts(site):
            if code != site.code(target):
                yield site.replace(target, code, 0.35)
        yield site.replace(target, site.code(target.value), 0.1)
    if isinstance(target, ast.Tuple) and len(target.elts) == 2:
        yield site.swap(target.elts[0], target.elts[1], 0.35, "assign to the two names in the other order")


def expressions(site: Site) -> Iterator[Proposal]:
    """A part of the statement replaced by a variable, or by another expression of the same form from nearby code."""
    nearby = _subscripts(site)
    for node in site.expressions:
        if isinstance(node, ast.Subscript) and not isinstance(site.source.parents.get(node), ast.Attribute):
            own = site.code(node)
            for code in nearby:
                if code != own:
                    yield site.replace(node, code, 0.25)
        if isinstance(node, ast.Call | ast.Subscript | ast.BinOp) and not isinstance(site.parent(node), ast.Expr):
            for name, weight in candidates(site, node, most=8):
                yield site.replace(node, name, 0.25 * weight)


def _subscripts(site: Site) -> list[str]:
    """Subscript expressions of the same function as source text, the nearest statements' first."""
    line = site.stmt.lineno
    found = [n for n in site.scope.nodes if isinstance(n, ast.Subscript) and not isinstance(n.slice, ast.Slice)]
    found.sort(key=lambda n: abs(n.lineno - line))
    return list(dict.fromkeys(site.code(n) for n in found if "\n" not in site.code(n)))[:10]


def _attribute_names(site: Site) -> list[str]:
    """Attribute names read (not called) in this function first, then others of the file; at most 40."""
    own = [n for n in site.scope.nodes if isinstance(n, ast.Attribute)]
    read = [n.attr for n in own if not _is_callee(site, n) and not _is_module(site, n.value)]
    called = {n.attr for n in own if _is_callee(site, n)}
    return list(dict.fromkeys([*read, *(n for n in site.source.data_names if n not in called)]))[:40]


def _chains(site: Site) -> dict[str, list[str]]:
    """For each dotted name: the attributes the function reads off it or off its like."""
    found: dict[str, dict[str, None]] = {}
    everything: dict[str, None] = {}
    for node in site.scope.nodes:
        if isinstance(node, ast.Attribute) and dotted(node.value) and not _is_callee(site, node):
            found.setdefault(dotted(node.value), {})[node.attr] = None
            if not _is_module(site, node.value) and dotted(node.value) != site.scope.self_name:
                everything[node.attr] = None
    known = {name: list(attrs) for name, attrs in found.items()}
    for name, kinds in site.scope.kinds.items():
        if Kind.OBJECT in kinds or not kinds:
            known[name] = list(dict.fromkeys((*known.get(name, ()), *everything)))
    return known


def _is_callee(site: Site, node: ast.AST) -> bool:
    parent = site.source.parents.get(node)
    return isinstance(parent, ast.Call) and parent.func is node


def _is_annotation(site: Site, node: ast.AST) -> bool:
    child: ast.AST = node
    for ancestor in site.source.ancestors(node):
        if getattr(ancestor, "annotation", None) is child or getattr(ancestor, "returns", None) is child:
            return True
        if isinstance(ancestor, ast.stmt):
            return False
        child = ancestor
    return False


def _is_module(site: Site, node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in site.source.modules


RULES = (
    Rule("name.variable", "another variable in scope was meant", 0.72, variables),
    Rule("name.attribute", "another attribute was meant", 0.75, attributes),
    Rule("name.deeper", "an attribute of the object was meant, not the object", 0.6, deeper),
    Rule("name.target", "the wrong variable is assigned", 0.6, targets),
    Rule("name.expression", "a value at hand was meant, not this expression", 0.35, expressions),
)
