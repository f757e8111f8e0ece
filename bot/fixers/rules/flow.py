"""Control flow: a return, break, continue or yield that is missing or of the wrong kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.fixers.scope import Scope
from bot.fixers.site import Proposal, Rule, Site
from bot.fixers.source import FUNCTIONS, Splice

_LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def forgotten_return(site: Site) -> Iterator[Proposal]:
    """A value is computed and dropped; a function ends without handing out what it built."""
    stmt = site.stmt
    if site.scope.function is None:
        return
    is_value = isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Call | ast.Compare | ast.BinOp | ast.Name)
    if is_value and isinstance(stmt, ast.Expr):
        code = site.code(stmt.value)
        own = (
            isinstance(stmt.value, ast.Call)
            and site.code(stmt.value.func).rsplit(".", 1)[-1] == site.scope.function.name
        )
        yield site.rewrite(stmt, f"return {code}", 0.85 if own else 0.4, f"return `{code}`")
        yield site.rewrite(stmt, f"yield {code}", 0.15)
        if _yields(site.scope):
            yield site.rewrite(stmt, f"yield from {code}", 0.75)
    block = site.source.siblings(stmt)
    if stmt is block[-1] and not isinstance(stmt, _LEAVES):
        prior = 0.6 if not _returns(site.scope) else 0.35
        outermost = stmt in site.scope.function.body
        for rank, name in enumerate(site.scope.names_before(stmt)[:5]):
            near = prior * (1.0 if outermost else 0.6) / (1 + 0.15 * rank)
            yield from site.after(stmt, [f"return {name}"], near, f"return `{name}` at the end")
        for value in ("False", "None", "True"):
            yield from site.after(stmt, [f"return {value}"], prior * 0.5, f"return `{value}` at the end")
        if site.scope.self_name:
            yield from site.after(stmt, [f"return {site.scope.self_name}"], prior * 0.4, "return the object itself")
    if isinstance(stmt, ast.Assign) and len(stmt.targets) == 1 and isinstance(stmt.targets[0], ast.Name):
        yield site.rewrite(stmt, f"return {site.code(stmt.value)}", 0.15)


def leaving(site: Site) -> Iterator[Proposal]:
    """break for continue, return for break, and one too early or missing altogether."""
    stmt = site.stmt
    loop = site.source.loop_of(stmt)
    match stmt:
        case ast.Break():
            yield site.rewrite(stmt, "continue", 0.6, "go on with the next round instead of ending the loop")
            if site.scope.function is not None:
                yield site.rewrite(stmt, "return", 0.2)
        case ast.Continue():
            yield site.rewrite(stmt, "break", 0.6, "end the loop instead of going on with the next round")
        case ast.Return() if loop is not None:
            yield site.rewrite(stmt, "continue", 0.25, "go on with the next round instead of returning")
            yield site.rewrite(stmt, "break", 0.2, "end the loop instead of returning")
            if stmt.value is not None:
                yield site.rewrite(stmt, f"yield {site.code(stmt.value)}", 0.2)
        case _:
            pass
    inside = site.source.parents.get(stmt) is not loop
    if loop is not None and inside and stmt is site.source.siblings(stmt)[-1] and not isinstance(stmt, _LEAVES):
        yield from site.after(stmt, ["continue"], 0.35, "go on with the next round after this")
        yield from site.after(stmt, ["break"], 0.4, "end the loop after this")
        yield from site.after(stmt, ["return"], 0.1, "leave the function after this")


def yields(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if isinstance(node, ast.Yield) and node.value is not None:
            code = site.code(node.value)
            yield site.replace(node, f"yield from {code}", 0.55, f"yield each element of `{code}`")
            if isinstance(node.value, ast.Call):
                for arg in node.value.args[:2]:
                    yield site.replace(node, f"yield {site.code(arg)}", 0.3)
        elif isinstance(node, ast.YieldFrom):
            yield site.replace(node, f"yield {site.code(node.value)}", 0.55, f"yield `{site.code(node.value)}` itself")


def loop_else(site: Site) -> Iterator[Proposal]:
    """What should happen once the loop has found nothing happens in its first round: `else: return` dedented."""
    stmt = site.stmt
    if not isinstance(stmt, ast.If) or len(stmt.orelse) != 1 or not isinstance(stmt.orelse[0], ast.Return):
        return
    loop = site.source.loop_of(stmt)
    if loop is None or stmt is not loop.body[-1] or loop.orelse or not site.source.owns_lines(stmt.orelse[0]):
        return
    indent = site.source.indent(loop)
    first = site.source.line_start(site.source.span(stmt.body[-1])[1])
    first = site.source.line_stop(first)
    last = site.source.lines_span(stmt)[1]
    if indent is not None:
        from_text = site.block([site.code(stmt.orelse[0])], indent)
        said = f"`{site.code(stmt.orelse[0])}` only after the whole loop"
        yield Proposal((Splice(first, last, from_text),), said, 0.7)


def swallowed(site: Site) -> Iterator[Proposal]:
    """A return inside the loop that belongs behind it."""
    stmt = site.stmt
    loop = site.source.loop_of(stmt)
    if not isinstance(stmt, ast.Return) or loop is None or loop.orelse or stmt is not loop.body[-1]:
        return
    removal, indent = site.remove(stmt), site.source.indent(loop)
    if removal is None or indent is None or not site.source.owns_lines(loop):
        return
    start, stop = removal.start, removal.stop
    yield Proposal(
        (Splice(start, stop, site.block([site.code(stmt)], indent)),),
        f"`{site.code(stmt)}` after the loop, not in it",
        0.75,
    )


def raises(site: Site) -> Iterator[Proposal]:
    """An exception built but not raised; raised of a kind that callers do not expect."""
    stmt = site.stmt
    if isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Call):
        name = site.code(stmt.value.func).rsplit(".", 1)[-1]
        if name.endswith(("Error", "Exception")):
            yield site.rewrite(stmt, f"raise {site.code(stmt)}", 0.9)
    built = stmt.value if isinstance(stmt, ast.Return) else None
    if isinstance(built, ast.Call) and site.code(built.func).endswith(("Error", "Exception")):
        yield site.rewrite(stmt, f"raise {site.code(built)}", 0.85)
    if isinstance(stmt, ast.Raise) and isinstance(stmt.exc, ast.Call):
        for other in ("ValueError", "KeyError", "TypeError", "IndexError", "AttributeError", "RuntimeError"):
            yield site.replace(stmt.exc.func, other, 0.35)


def caught(site: Site) -> Iterator[Proposal]:
    """An `except` clause that is too narrow for what the code in it raises."""
    if not isinstance(site.stmt, ast.Try):
        return
    for handler in site.stmt.handlers:
        if handler.type is None:
            continue
        code = site.code(handler.type)
        for name in sorted(site.clues.exceptions - {"AssertionError", "Failed"}):
            if name not in code and name.isidentifier():
                inner = code.strip("()")
                yield site.replace(handler.type, f"({inner}, {name})", 0.75, f"also handle {name} here")
                yield site.replace(handler.type, name, 0.5)


def _yields(scope: Scope) -> bool:
    return any(isinstance(n, ast.Yield | ast.YieldFrom) for s in scope.statements for n in ast.walk(s))


def _returns(scope: Scope) -> bool:
    return any(
        isinstance(s, ast.Return) and s.value is not None for s in scope.statements if not isinstance(s, FUNCTIONS)
    )


RULES = (
    Rule("flow.return", "a result is not returned", 0.85, forgotten_return),
    Rule("flow.leave", "break, continue and return are confused, or one is missing", 0.6, leaving),
    Rule("flow.yield", "yield and yield from are confused", 0.55, yields),
    Rule("flow.early", "the function returns in the loop's first round", 0.75, swallowed),
    Rule("flow.else", "the verdict on the whole loop is given in its first round", 0.7, loop_else),
    Rule("flow.raise", "an exception is built but not raised, or of the wrong kind", 0.9, raises),
    Rule("flow.except", "a handler does not cover what is raised", 0.75, caught),
)
