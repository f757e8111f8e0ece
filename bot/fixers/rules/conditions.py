"""Conditions as a whole: negated, a part missing or too many, loops that should end; not single comparisons."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.fixers.kinds import CONTAINERS, Kind
from bot.fixers.precedence import conjunct
from bot.fixers.site import Proposal, Rule, Site
from bot.fixers.source import Splice

MOST_CONDITIONS = 14


def _conditions(site: Site) -> list[ast.expr]:
    """Every expression of the statement that is used as a condition as a whole."""
    found: list[ast.expr] = []
    if isinstance(site.stmt, ast.If | ast.While | ast.Assert):
        found.append(site.stmt.test)
    for node in site.nodes:
        if isinstance(node, ast.IfExp):
            found.append(node.test)
        elif isinstance(node, ast.comprehension):
            found += node.ifs
    if isinstance(site.stmt, ast.Return) and isinstance(site.stmt.value, ast.BoolOp | ast.Compare):
        found.append(site.stmt.value)
    return found


def negated_text(site: Site, node: ast.expr) -> str:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return site.code(node.operand)
    return f"not {conjunct(site.code(node))}"


def negated(site: Site) -> Iterator[Proposal]:
    for node in _conditions(site):
        if not isinstance(node, ast.Compare):
            yield site.replace(node, negated_text(site, node), 0.5, f"negate the condition `{site.code(node)}`")
    for node in site.expressions:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield site.replace(node, site.code(node.operand), 0.45, f"drop the `not` in `{site.code(node)}`")
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                if not isinstance(value, ast.Compare | ast.UnaryOp):
                    yield site.replace(value, f"not {conjunct(site.code(value))}", 0.3)
        elif isinstance(site.stmt, ast.Return) and node is site.stmt.value and isinstance(node, ast.Call | ast.Name):
            yield site.replace(node, f"not {site.code(node)}", 0.15)


def dropped(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if not isinstance(node, ast.BoolOp):
            continue
        word = " and " if isinstance(node.op, ast.And) else " or "
        parts = [site.code(v) for v in node.values]
        for index, part in enumerate(parts):
            rest = [conjunct(p) if len(parts) > 2 else p for i, p in enumerate(parts) if i != index]
            yield site.replace(node, word.join(rest), 0.35, f"drop `{part}` from the condition")


def added(site: Site) -> Iterator[Proposal]:
    """One more thing to check: conditions the function checks elsewhere, and emptiness of what is at hand."""
    for node in _conditions(site):
        code, known = site.code(node), set(_names(node))
        for extra, weight in nearby_conditions(site, node):
            either = code if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) else _or_part(code, node)
            both = code if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) else conjunct(code)
            near = weight * (1.0 if known & set(extra.replace("(", " ").replace(")", " ").split()) else 0.9)
            yield site.replace(node, f"{either} or {extra}", 0.4 * near, f"also accept `{extra}`")
            yield site.replace(node, f"{both} and {conjunct(extra)}", 0.4 * near, f"also require `{extra}`")
            if "None" in extra or extra.startswith("not "):
                yield site.replace(node, f"{extra} or {either}", 0.42 * near, f"check `{extra}` first")


def _or_part(code: str, node: ast.expr) -> str:
    return f"({code})" if isinstance(node, ast.IfExp | ast.Lambda) else code


def nearby_conditions(site: Site, node: ast.AST) -> list[tuple[str, float]]:
    """Conditions worth adding here, likeliest first: None and emptiness of what is used, then those found nearby."""
    found: dict[str, float] = {}
    used = [n for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute)]
    crash = site.crash & {"AttributeError", "TypeError"}
    for part in used:
        base = getattr(part, "value", None)
        if isinstance(base, ast.Name | ast.Attribute):
            code = site.code(base)
            if code not in ("self", "cls"):
                found[f"{code} is None"] = 1.0 if crash else 0.6
                found[f"{code} is not None"] = 1.0 if crash else 0.55
    names = list(dict.fromkeys(site.scope.names_before(site.stmt)))
    for rank, name in enumerate(names[:8]):
        kinds, near = site.scope.kind_of(ast.Name(name)), 1 / (1 + 0.08 * rank)
        if not kinds or kinds & CONTAINERS or Kind.OBJECT in kinds:
            found.setdefault(f"not {name}", 0.6 * near)
            found.setdefault(name, 0.55 * near)
        if Kind.NUMBER in kinds:
            found.setdefault(f"{name} > 0", 0.35 * near)
            found.setdefault(f"{name} == 0", 0.35 * near)
        if Kind.TRUTH in kinds:
            found.setdefault(name, 0.6 * near)
            found.setdefault(f"not {name}", 0.6 * near)
    own = {n for n in ast.walk(node) if isinstance(n, ast.Compare)}
    for other in site.scope.nodes:
        if isinstance(other, ast.Compare) and other not in own and "\n" not in site.code(other):
            found.setdefault(site.code(other), 0.45 / (1 + 0.05 * abs(other.lineno - site.stmt.lineno)))
    return sorted(found.items(), key=lambda item: -item[1])[:MOST_CONDITIONS]


def _names(node: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]


def loops(site: Site) -> Iterator[Proposal]:
    """A loop that runs forever or not at all: `while True` against a condition on what the loop consumes."""
    stmt = site.stmt
    if not isinstance(stmt, ast.While):
        return
    endless = isinstance(stmt.test, ast.Constant)
    if not endless:
        yield site.replace(stmt.test, "True", 0.12)
    consumed = _consumed(site, stmt)
    for rank, name in enumerate(consumed[:6]):
        yield site.replace(stmt.test, name, (0.85 if endless else 0.3) - 0.05 * rank)
    for rank, (extra, weight) in enumerate(nearby_conditions(site, stmt)):
        if endless and extra not in consumed and not extra.startswith("not "):
            yield site.replace(stmt.test, extra, max(0.05, 0.5 * weight - 0.02 * rank))


def _consumed(site: Site, loop: ast.While) -> list[str]:
    """Names whose emptiness may end a loop: those it takes from first, then any container it uses."""
    taken: dict[str, None] = {}
    used: dict[str, None] = {}
    for node in ast.walk(loop):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            (taken if node.attr in ("pop", "popleft", "get", "read", "popitem") else used)[node.value.id] = None
    for name in site.scope.names_before(loop):
        if site.scope.kind_of(ast.Name(name)) & CONTAINERS:
            used[name] = None
    return [n for n in dict.fromkeys((*taken, *used)) if n not in ("self", "cls")]


def branches(site: Site) -> Iterator[Proposal]:
    """`if` where `elif` is meant."""
    stmt = site.stmt
    if not isinstance(stmt, ast.If):
        return
    block = site.source.siblings(stmt)
    index = block.index(stmt)
    if not stmt.orelse and index + 1 < len(block) and isinstance(block[index + 1], ast.If):
        following = site.source.span(block[index + 1])[0]
        said = "look at the second condition only when the first did not hold"
        yield Proposal((Splice(following, following, "el"),), said, 0.3)


def separated(site: Site) -> Iterator[Proposal]:
    """`elif` where each condition should be looked at on its own."""
    stmt = site.stmt
    if not isinstance(stmt, ast.If) or len(stmt.orelse) != 1 or not isinstance(stmt.orelse[0], ast.If):
        return
    start, _ = site.source.span(stmt.orelse[0])
    if site.source.text.startswith("elif", start):
        yield Proposal((Splice(start, start + 4, "if"),), "look at the second condition also when the first held", 0.35)


RULES = (
    Rule("condition.negated", "a condition is the wrong way round", 0.5, negated),
    Rule("condition.dropped", "a condition asks for too much", 0.35, dropped),
    Rule("condition.added", "a condition forgets a case", 0.42, added),
    Rule("condition.loop", "a loop never ends, or ends on the wrong condition", 0.85, loops),
    Rule("condition.branch", "branches are joined or separated wrongly", 0.3, branches),
    Rule("condition.elif", "a second condition is hidden behind the first", 0.35, separated),
)
