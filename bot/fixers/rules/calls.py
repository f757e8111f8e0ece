"""Calls: missing, too many, of the wrong function or on the wrong object. Method names are in `methods.py`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.fixers.kinds import CONTAINERS, Kind
from bot.fixers.precedence import operand
from bot.fixers.rules.names import candidates, likeness
from bot.fixers.site import Proposal, Rule, Site

_ANY = frozenset(Kind)
# What people forget to wrap a value in, the kinds of value it makes sense for, and how often.
_WRAPPERS: tuple[tuple[str, frozenset[Kind], float], ...] = (
    ("str({})", frozenset({Kind.NUMBER, Kind.OBJECT}), 0.35),
    ("int({})", frozenset({Kind.NUMBER, Kind.TEXT}), 0.35),
    ("len({})", CONTAINERS, 0.3),
    ("list({})", frozenset({Kind.LIST, Kind.MAPPING, Kind.SET}), 0.3),
    ("sorted({})", frozenset({Kind.LIST, Kind.MAPPING, Kind.SET}), 0.3),
    ("set({})", frozenset({Kind.LIST}), 0.2),
    ("tuple({})", frozenset({Kind.LIST}), 0.2),
    ("abs({})", frozenset({Kind.NUMBER}), 0.25),
    ("max(0, {})", frozenset({Kind.NUMBER}), 0.25),
    ("min(1, {})", frozenset({Kind.NUMBER}), 0.04),
    ("float({})", frozenset({Kind.NUMBER, Kind.TEXT}), 0.18),
    ("round({})", frozenset({Kind.NUMBER}), 0.12),
    ("bool({})", _ANY, 0.1),
    ("reversed({})", frozenset({Kind.LIST}), 0.15),
    ("sum({})", frozenset({Kind.LIST}), 0.08),
    ("{}.lower()", frozenset({Kind.TEXT}), 0.35),
    ("{}.strip()", frozenset({Kind.TEXT}), 0.4),
    ("{}.upper()", frozenset({Kind.TEXT}), 0.15),
    ("{}.items()", frozenset({Kind.MAPPING}), 0.4),
    ("{}.values()", frozenset({Kind.MAPPING}), 0.3),
    ("{}.split()", frozenset({Kind.TEXT}), 0.15),
    ("{}[::-1]", frozenset({Kind.LIST, Kind.TEXT}), 0.2),
    ("[{}]", frozenset({Kind.NUMBER, Kind.TEXT, Kind.OBJECT}), 0.12),
    ("enumerate({})", frozenset({Kind.LIST}), 0.05),
)
_FITS_UNKNOWN = 0.5  # a value of unknown kind makes a wrapper this much less likely


def wrapped(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        parent = site.source.parents.get(node)
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.BinOp | ast.ListComp):
            continue
        if isinstance(parent, ast.Attribute | ast.Expr) or (isinstance(parent, ast.Call) and parent.func is node):
            continue
        if isinstance(parent, ast.Subscript) and parent.value is node:
            continue
        wrong_kind = "TypeError" in site.crash  # then what the usage says of the kind is just what is wrong
        kinds, code = frozenset() if wrong_kind else site.scope.kind_of(node), site.code(node)
        for form, wanted, prior in _WRAPPERS:
            if kinds and not kinds & wanted:
                continue
            atom = operand(code, 16) if form.startswith("{}") else code
            weight = prior if kinds or wrong_kind else prior * _FITS_UNKNOWN
            if wrong_kind and form in ("str({})", "int({})", "list({})", "float({})"):
                weight = 2 * prior
            yield site.replace(node, form.format(atom), weight, f"use `{form.format(site.code(node))}` here")


def bounded(site: Site) -> Iterator[Proposal]:
    """A running maximum or minimum that may step back: `best = x` for `best = max(best, x)`."""
    stmt = site.stmt
    if isinstance(stmt, ast.Assign) and len(stmt.targets) == 1:
        target = site.code(stmt.targets[0])
        for name in ("max", "min"):
            yield site.replace(stmt.value, f"{name}({target}, {site.code(stmt.value)})", 0.3)
    for node in site.expressions:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            code = site.code(node)
            yield site.replace(node, f"max(0, {code})", 0.3)
            for name, weight in candidates(site, node, most=4):
                yield site.replace(node, f"min({code}, {name})", 0.12 * weight)
                yield site.replace(node, f"max({code}, {name})", 0.12 * weight)


def unwrapped(site: Site) -> Iterator[Proposal]:
    """A call, operation or condition around a value that should stand alone."""
    for node in site.expressions:
        match node:
            case ast.Call(args=[arg], func=func) if not node.keywords:
                base = 0.35 if isinstance(func, ast.Name) else 0.2
                yield site.replace(node, site.code(arg), base, f"use `{site.code(arg)}` without `{site.code(func)}`")
            case ast.Call(args=args):
                yield from (site.replace(node, site.code(arg), 0.12) for arg in args)
            case ast.BinOp(left=left, right=right):
                plus_one = isinstance(left, ast.Constant) or isinstance(right, ast.Constant)
                yield site.replace(node, site.code(left), 0.35 if plus_one else 0.25)
                yield site.replace(node, site.code(right), 0.35 if plus_one else 0.25)
            case ast.IfExp(body=body, orelse=orelse):
                yield site.replace(node, site.code(body), 0.2)
                yield site.replace(node, site.code(orelse), 0.2)
            case ast.List(elts=[ast.expr() as only]) | ast.Subscript(value=ast.expr() as only):
                yield site.replace(node, site.code(only), 0.2)
            case _:
                pass
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            receiver = site.code(node.func.value)
            if not isinstance(site.parent(node), ast.Expr):
                yield site.replace(node, receiver, 0.3, f"use `{receiver}` without `.{node.func.attr}(…)`")


def parentheses(site: Site) -> Iterator[Proposal]:
    """A function named but not called, or called where it should be handed on."""
    callables = {**site.scope.functions, **site.scope.methods}
    crash = "TypeError" in site.crash
    for node in site.expressions:
        parent = site.source.parents.get(node)
        if isinstance(node, ast.Call):
            if not node.args and not node.keywords:
                yield site.replace(node, site.code(node.func), 0.6 if crash else 0.2)
        elif isinstance(node, ast.Attribute | ast.Name) and not (isinstance(parent, ast.Call) and parent.func is node):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            known = name in callables or name in _COMMON_METHODS
            if known or isinstance(node, ast.Attribute):
                prior = 0.75 if known else 0.1
                yield site.replace(node, f"{site.code(node)}()", prior, f"call `{site.code(node)}`")


_COMMON_METHODS = frozenset(
    ("lower", "upper", "strip", "keys", "values", "items", "copy", "title", "split", "sort", "reverse", "total_seconds")
)


def other_function(site: Site) -> Iterator[Proposal]:
    """`f(x)` for `g(x)`: a sibling function of the same arity, or a built-in's counterpart."""
    for node in site.expressions:
        if not isinstance(node, ast.Call):
            continue
        count = len(node.args) + len(node.keywords)
        if isinstance(node.func, ast.Name):
            here, pool = node.func.id, site.scope.functions
        elif isinstance(node.func, ast.Attribute) and site.code(node.func.value) == site.scope.self_name:
            here, pool = node.func.attr, site.scope.methods
        else:
            continue
        prefix = site.code(node.func)[: -len(here)]
        found = [
            (likeness(name, here), name)
            for name, function in pool.items()
            if name != here and not name.startswith("__") and _takes(function.args, count, bool(prefix))
        ]
        for alike, name in sorted(found, reverse=True)[:10]:
            said = f"call `{prefix}{name}` instead of `{prefix}{here}`"
            yield site.replace(node.func, prefix + name, 0.3 + 0.35 * alike, said)


def helper_applied(site: Site) -> Iterator[Proposal]:
    """A function of this file that its siblings apply, forgotten here: `x` for `normalize(x)`."""
    own = site.scope.function
    for node in site.expressions:
        parent = site.source.parents.get(node)
        if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript) or isinstance(parent, ast.Attribute):
            continue
        if isinstance(parent, ast.Call) and parent.func is node:
            continue
        pools = [("", site.scope.functions)]
        if site.scope.self_name:
            pools.append((f"{site.scope.self_name}.", site.scope.methods))
        for prefix, pool in pools:
            for name, function in list(pool.items())[:12]:
                if function is not own and not name.startswith("__") and _takes(function.args, 1, bool(prefix)):
                    yield site.replace(node, f"{prefix}{name}({site.code(node)})", 0.22)


def receiver(site: Site) -> Iterator[Proposal]:
    """The right method on the wrong object."""
    for node in site.expressions:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            value = node.func.value
            if isinstance(value, ast.Name) and value.id not in ("self", "cls"):
                for name, weight in candidates(site, value, most=8):
                    said = f"call `.{node.func.attr}` on `{name}` instead of `{value.id}`"
                    yield site.replace(value, name, 0.45 * weight, said)
            if len(node.args) == 1 and not node.keywords and isinstance(node.args[0], ast.Name | ast.Attribute):
                yield site.swap(value, node.args[0], 0.35, "swap the object and the argument of the call")


def _takes(args: ast.arguments, count: int, method: bool) -> bool:
    names = [a.arg for a in (*args.posonlyargs, *args.args)]
    if method and names[:1] in (["self"], ["cls"]):
        names = names[1:]
    required = len(names) - len(args.defaults)
    return (required <= count <= len(names)) or (args.vararg is not None and count >= required)


RULES = (
    Rule("call.missing", "a conversion or built-in was forgotten around a value", 0.7, wrapped),
    Rule("call.bound", "a running maximum or minimum is not kept", 0.3, bounded),
    Rule("call.unwrapped", "a call or operation too many around a value", 0.35, unwrapped),
    Rule("call.parentheses", "a function is named where it should be called, or the reverse", 0.75, parentheses),
    Rule("call.function", "another function was meant", 0.65, other_function),
    Rule("call.helper", "a helper that siblings apply was forgotten", 0.22, helper_applied),
    Rule("call.receiver", "the method is called on the wrong object", 0.45, receiver),
)
