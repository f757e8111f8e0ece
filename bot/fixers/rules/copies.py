"""Shared state: mutable defaults, aliases where a copy is meant, and containers changed while they are walked."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.fixers.kinds import CONTAINERS, Kind
from bot.fixers.site import Proposal, Rule, Site
from bot.fixers.source import FUNCTIONS, Splice, first_statement


def mutable_default(site: Site) -> Iterator[Proposal]:
    function = site.stmt
    if not isinstance(function, FUNCTIONS):
        return
    args = [*function.args.posonlyargs, *function.args.args]
    pairs = list(zip(args[len(args) - len(function.args.defaults) :], function.args.defaults, strict=True))
    pairs += [(a, d) for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if d is not None]
    for arg, default in pairs:
        empty = isinstance(default, ast.List | ast.Dict | ast.Set) or (
            isinstance(default, ast.Call) and isinstance(default.func, ast.Name)
        )
        first = first_statement(function)
        if not empty or site.source.indent(first) is None:
            continue
        code, name = site.code(default), arg.arg
        lines = [f"if {name} is None:", f"\t{name} = {code}"]
        for proposal in site.before(first, lines, 0.9, f"make a fresh `{code}` for `{name}` at each call"):
            splices = (Splice(*site.source.span(default), "None"), *proposal.splices)
            yield Proposal(splices, proposal.description, proposal.prior)


def defaults(site: Site) -> Iterator[Proposal]:
    """The wrong default of a parameter."""
    function = site.stmt
    if not isinstance(function, FUNCTIONS):
        return
    for default in (*function.args.defaults, *(d for d in function.args.kw_defaults if d is not None)):
        if isinstance(default, ast.Constant):
            if isinstance(default.value, bool):
                yield site.replace(default, str(not default.value), 0.5)
            elif type(default.value) is int:
                for step in (1, -1):
                    yield site.replace(default, str(default.value + step), 0.3)
            for text in ("None", "''", "0", "1", "()"):
                yield site.replace(default, text, 0.15)


def aliases(site: Site) -> Iterator[Proposal]:
    """A name for the same object where a copy of it is meant: stored, returned, appended or handed on."""
    for node in site.expressions:
        parent = site.source.parents.get(node)
        if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            continue
        kinds, code = site.scope.kind_of(node), site.code(node)
        if kinds and not kinds & CONTAINERS:
            continue
        stored = isinstance(parent, ast.Assign | ast.Return | ast.AnnAssign | ast.keyword | ast.List | ast.Tuple)
        passed = isinstance(parent, ast.Call) and node in parent.args
        walked = isinstance(parent, ast.For) and parent.iter is node
        if not (stored or passed or walked):
            continue
        weight = (0.5 if stored else 0.45 if walked else 0.3) * (1.0 if kinds else 0.7)
        if Kind.LIST in kinds or not kinds:
            yield site.replace(node, f"list({code})", weight, f"work on a copy of `{code}`")
            yield site.replace(node, f"{code}[:]", weight * 0.5, f"work on a copy of `{code}`")
        if kinds & {Kind.MAPPING, Kind.SET} or not kinds:
            form = f"list({code})" if walked else f"{code}.copy()"
            yield site.replace(node, form, weight * 0.95, f"work on a copy of `{code}`")
        if not walked:
            yield site.replace(node, f"dict({code})", weight * 0.3, f"work on a copy of `{code}`")


def walked_view(site: Site) -> Iterator[Proposal]:
    """A container that changes size while it is walked."""
    stmt = site.stmt
    if not isinstance(stmt, ast.For) or not isinstance(stmt.iter, ast.Call | ast.Name | ast.Attribute):
        return
    changed = any("changed size" in message or "changed during" in message for message in site.clues.messages)
    view = isinstance(stmt.iter, ast.Call) and isinstance(stmt.iter.func, ast.Attribute)
    if (view and site.code(stmt.iter).endswith(("keys()", "values()", "items()"))) or changed:
        code = site.code(stmt.iter)
        yield site.replace(stmt.iter, f"list({code})", 0.95 if changed else 0.3, f"walk over a copy of `{code}`")


def grown(site: Site) -> Iterator[Proposal]:
    """`path.append(x)` on a shared list, passed on, where `path + [x]` is meant; `[[0] * n] * m`."""
    for node in site.expressions:
        match node:
            case ast.BinOp(op=ast.Mult(), left=ast.List(elts=[ast.expr() as row]), right=count):
                if not isinstance(row, ast.Constant):
                    text = f"[{site.code(row)} for _ in range({site.code(count)})]"
                    yield site.replace(node, text, 0.9, "make a list of its own for each row")
            case ast.Call(
                func=ast.Attribute(attr="fromkeys"), args=[keys, ast.List() | ast.Dict() | ast.Call() as each]
            ):
                text = f"{{key: {site.code(each)} for key in {site.code(keys)}}}"
                yield site.replace(node, text, 0.85, "make a value of its own for each key")
            case _:
                pass
    stmt = site.stmt
    if isinstance(stmt, ast.AugAssign) and isinstance(stmt.op, ast.Add):
        target, value = site.code(stmt.target), site.code(stmt.value)
        yield site.rewrite(stmt, f"{target} = {target} + {value}", 0.2, f"leave the list that `{target}` shares alone")


def class_state(site: Site) -> Iterator[Proposal]:
    """A mutable class variable shared by all objects: give each object its own in `__init__`."""
    stmt, owner = site.stmt, site.source.parents.get(site.stmt)
    if not isinstance(owner, ast.ClassDef) or not isinstance(stmt, ast.Assign) or len(stmt.targets) != 1:
        return
    target = stmt.targets[0]
    if not isinstance(target, ast.Name) or not isinstance(stmt.value, ast.List | ast.Dict | ast.Set | ast.Call):
        return
    init = next((s for s in owner.body if isinstance(s, ast.FunctionDef) and s.name == "__init__"), None)
    removal = site.remove(stmt)
    said = f"give each object a `{target.id}` of its own"
    if init is not None and init.args.args:
        lines = [f"{init.args.args[0].arg}.{target.id} = {site.code(stmt.value)}"]
        for proposal in site.before(first_statement(init), lines, 0.9, said):
            yield Proposal((*((removal,) if removal else ()), *proposal.splices), said, 0.9)
    else:
        lines = ["def __init__(self):", f"\tself.{target.id} = {site.code(stmt.value)}"]
        for proposal in site.before(stmt, lines, 0.6, said):
            yield Proposal((*((removal,) if removal else ()), *proposal.splices), said, 0.6)


RULES = (
    Rule("copy.default", "a mutable default is shared between calls", 0.9, mutable_default),
    Rule("copy.parameter", "a parameter has the wrong default", 0.5, defaults),
    Rule("copy.alias", "two names share one object where a copy is meant", 0.5, aliases),
    Rule("copy.view", "a container changes size while it is walked", 0.95, walked_view),
    Rule("copy.grown", "rows or results share one object", 0.9, grown),
    Rule("copy.class", "objects share a class variable", 0.9, class_state),
)
