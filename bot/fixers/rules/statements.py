"""Whole statements: moved, deleted, copied from nearby code, put under a condition, or simply forgotten."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bot.fixers.kinds import CONTAINERS, Kind
from bot.fixers.rules.conditions import nearby_conditions
from bot.fixers.site import Proposal, Rule, Site, brief
from bot.fixers.source import FUNCTIONS, Splice, blocks_of

_SIMPLE = (
    ast.Assign,
    ast.AugAssign,
    ast.AnnAssign,
    ast.Expr,
    ast.Return,
    ast.Break,
    ast.Continue,
    ast.Delete,
    ast.Raise,
)


def swapped(site: Site) -> Iterator[Proposal]:
    """Two neighbours in the wrong order."""
    block = site.source.siblings(site.stmt)
    index = block.index(site.stmt) if site.stmt in block else -1
    if index < 0 or index + 1 >= len(block):
        return
    one, two = site.stmt, block[index + 1]
    if isinstance(one, (*FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return
    if not (site.source.owns_lines(one) and site.source.owns_lines(two)):
        return
    first, second = site.source.lines_span(one), site.source.lines_span(two)
    text = site.source.text
    if not text[slice(*second)].endswith("\n"):
        return
    splices = (Splice(*first, text[slice(*second)]), Splice(*second, text[slice(*first)]))
    simple = isinstance(one, _SIMPLE) and isinstance(two, _SIMPLE)
    said = f"do `{brief(site.code(two))}` before `{brief(site.code(one))}`"
    yield Proposal(splices, said, 0.4 if simple else 0.25)


def moved(site: Site) -> Iterator[Proposal]:
    """Into or out of the loop or branch around."""
    stmt, source = site.stmt, site.source
    if not isinstance(stmt, _SIMPLE) or not source.owns_lines(stmt):
        return
    removal, code = site.remove(stmt), site.code(stmt)
    if removal is None or "\n" in code:
        return
    block, parent = source.siblings(stmt), source.parents.get(stmt)
    index = block.index(stmt)
    if isinstance(parent, ast.For | ast.AsyncFor | ast.While | ast.If | ast.With | ast.Try):
        what = "loop" if isinstance(parent, ast.For | ast.AsyncFor | ast.While) else "block"
        if index == len(block) - 1:
            for proposal in site.after(parent, [code], 0.45, f"do `{brief(code)}` after the {what}, not in it"):
                yield Proposal((removal, *proposal.splices), proposal.description, proposal.prior)
        for proposal in site.before(parent, [code], 0.3, f"do `{brief(code)}` before the {what}, not in it"):
            yield Proposal((removal, *proposal.splices), proposal.description, proposal.prior)
    for neighbour, end in ((index - 1, True), (index + 1, False)):
        if 0 <= neighbour < len(block):
            yield from _into(site, block[neighbour], removal, code, at_end=end)


def _into(site: Site, target: ast.stmt, removal: Splice, code: str, *, at_end: bool) -> Iterator[Proposal]:
    if isinstance(target, (*FUNCTIONS, ast.ClassDef)):
        return
    for inner in blocks_of(target):
        anchor = inner[-1] if at_end else inner[0]
        said = f"do `{brief(code)}` inside `{brief(site.code(target).splitlines()[0])}`"
        added = site.after(anchor, [code], 0.35, said) if at_end else site.before(anchor, [code], 0.35, said)
        for proposal in added:
            yield Proposal((removal, *proposal.splices), said, 0.35)


def deleted(site: Site) -> Iterator[Proposal]:
    if isinstance(site.stmt, (*FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return
    removal = site.remove(site.stmt)
    if removal is not None:
        prior = 0.25 if isinstance(site.stmt, _SIMPLE) else 0.12
        yield Proposal((removal,), f"take `{brief(site.code(site.stmt).splitlines()[0])}` away", prior)
    if isinstance(site.stmt, ast.If) and not site.stmt.orelse and site.source.owns_lines(site.stmt):
        body = [line for s in site.stmt.body if isinstance(s, _SIMPLE) for line in [site.code(s)]]
        indent = site.source.indent(site.stmt)
        if len(body) == len(site.stmt.body) and indent is not None and not any("\n" in line for line in body):
            text = site.block(body, indent)
            said = f"do this whether or not `{brief(site.code(site.stmt.test))}`"
            yield Proposal((Splice(*site.source.lines_span(site.stmt), text),), said, 0.15)


def guarded(site: Site) -> Iterator[Proposal]:
    """A statement that may be done only in some cases."""
    if not isinstance(site.stmt, _SIMPLE):
        return
    for condition, weight in nearby_conditions(site, site.stmt)[:8]:
        yield from site.guard(site.stmt, condition, 0.25 * weight)


def copied(site: Site) -> Iterator[Proposal]:
    """A step forgotten that the code around does elsewhere: a copy of it, as it is or with one name changed."""
    names = site.scope.names_before(site.stmt)[:8]
    here = site.stmt.lineno
    near = [s for s in site.scope.statements if isinstance(s, ast.Assign | ast.AugAssign | ast.Expr)]
    near.sort(key=lambda s: abs(s.lineno - here))
    for rank, other in enumerate(near[:8]):
        code = site.code(other)
        if "\n" in code or (isinstance(getattr(other, "value", None), ast.Constant) and isinstance(other, ast.Expr)):
            continue
        prior = 0.24 / (1 + 0.1 * rank)
        for text, weight in ((code, 0.8), *_renamed(site, other, names)):
            said = f"also do `{brief(text)}` here"
            if other is not site.stmt or text != code:
                yield from site.before(site.stmt, [text], prior * weight, said)
                if not isinstance(site.stmt, ast.Return | ast.Break | ast.Continue | ast.Raise):
                    yield from site.after(site.stmt, [text], prior * weight * 0.9, said)


def _renamed(site: Site, stmt: ast.stmt, names: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    code = site.code(stmt)
    used = [n for n in ast.walk(stmt) if isinstance(n, ast.Name)]
    for name in dict.fromkeys(n.id for n in used):
        wanted = site.scope.kind_of(ast.Name(name))
        for rank, other in enumerate(names):
            fit = site.scope.fit(wanted, other)
            if other != name and fit > 0.5 and name not in site.scope.functions and name not in ("self", "cls"):
                text = re.sub(rf"(?<![\w.]){re.escape(name)}\b", other, code)
                yield text, fit / (1 + 0.08 * rank)


def forgotten_update(site: Site) -> Iterator[Proposal]:
    """A container that is asked but never filled, a variable that is read in the loop but never moved on."""
    stmt = site.stmt
    if site.scope.function is None:
        return
    names = [n for n in site.scope.names_before(stmt) if n not in ("self", "cls")]
    for container in _asked_only(site):
        element = _asked_for(site, container)
        kinds = site.scope.kind_of(ast.Name(container))
        method = "append" if Kind.LIST in kinds else "add"
        for rank, name in enumerate(dict.fromkeys((*element, *names))):
            if name == container or rank > 5:
                continue
            text = f"{container}[{name}] = True" if Kind.MAPPING in kinds else f"{container}.{method}({name})"
            prior = (0.75 if name in element else 0.4) / (1 + 0.1 * rank)
            yield from site.before(stmt, [text], prior, f"note `{name}` in `{container}`")
    loop = site.source.loop_of(stmt)
    if loop is None or stmt not in loop.body:
        return
    for stale in _stale(site, loop):
        for rank, name in enumerate(n for n in names[:8] if n != stale):
            prior = 0.55 / (1 + 0.15 * rank)
            yield from site.before(stmt, [f"{stale} = {name}"], prior * 0.95, f"move `{stale}` on to `{name}`")
            yield from site.after(stmt, [f"{stale} = {name}"], prior, f"move `{stale}` on to `{name}`")
        if not site.scope.kind_of(ast.Name(stale)) & CONTAINERS:
            for sign in "+-":
                said = f"move `{stale}` on by one"
                yield from site.after(stmt, [f"{stale} {sign}= 1"], 0.6 if sign == "+" else 0.35, said)


def _asked_only(site: Site) -> list[str]:
    """Names asked with `in` that the function never fills."""
    asked: dict[str, None] = {}
    filled: set[str] = set()
    for node in site.scope.nodes:
        match node:
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Name(id=name)]):
                asked[name] = None
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="add" | "append" | "update" | "extend")):
                filled.add(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                filled.add(name)
            case _:
                pass
    local = set(site.scope.names_before(site.stmt)) - set(site.scope.parameters)
    return [name for name in asked if name not in filled and name in local]


def _asked_for(site: Site, container: str) -> list[str]:
    return [
        site.code(node.left)
        for node in site.scope.nodes
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn)
        if isinstance(node.comparators[0], ast.Name) and node.comparators[0].id == container
    ]


def _stale(site: Site, loop: ast.For | ast.AsyncFor | ast.While) -> list[str]:
    """Names bound before a loop and read inside it, but given nothing new in it."""
    inside = {n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    read = dict.fromkeys(n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
    bound = {b.name for b in site.scope.bindings if b.stmt.lineno < loop.lineno}
    if isinstance(loop, ast.While):
        bound |= set(site.scope.parameters)
    changed = {
        n.value.id
        for n in ast.walk(loop)
        if isinstance(n, ast.Attribute | ast.Subscript) and isinstance(n.value, ast.Name)
    }
    later = {
        n.id: None
        for n in site.scope.nodes
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.lineno > (loop.end_lineno or 0)
    }
    return [n for n in (read | later) if n in bound and n not in inside and n not in changed][:4]


RULES = (
    Rule("statement.update", "a step of the loop was forgotten: noting or moving on", 0.75, forgotten_update),
    Rule("statement.swapped", "two steps are in the wrong order", 0.4, swapped),
    Rule("statement.moved", "a step is inside a block it belongs outside of, or the reverse", 0.45, moved),
    Rule("statement.deleted", "a step too many", 0.25, deleted),
    Rule("statement.guarded", "a step is done in cases where it may not", 0.25, guarded),
    Rule("statement.copied", "a step done elsewhere was forgotten here", 0.24, copied),
)
