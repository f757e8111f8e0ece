"""Which changes may not be called a fix, though they turn a test green: they delete behaviour instead of repairing it.

Pure rules over two versions of one file. Whether the change works is not asked here.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator

from bot.core.parsing import UNPARSABLE, parse_source

MOST_DELETED = 4  # statements one function may lose, net, and still be called repaired
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BROAD = frozenset({"", "Exception", "BaseException"})
_LEAVING = frozenset(
    {"exit", "quit", "sys.exit", "os._exit", "os.abort", "os.kill"}
    | {"pytest.skip", "pytest.xfail", "pytest.exit", "skipTest", "self.skipTest", "SkipTest", "unittest.SkipTest"}
)
_TRIVIAL = frozenset({"0", "1", "-1", "2", "None", "''", "b''", "True", "False", "0.0", "1.0", "-1.0"})


def refusal(before: str, after: str, literals: Collection[str]) -> str | None:
    """Why this change of one file may not be called a fix, as a sentence for people; None when it may.

    `literals` are the source texts of the failing test's literals (see `literals_of`).
    """
    new = _parse(after)
    if new is None:
        return "The changed file is not valid Python."
    old = _parse(before)
    if old is None:
        return None
    if ast.dump(old) == ast.dump(new):
        return "The change edits nothing that runs."
    return (
        _leaves(old, new)
        or _swallows(old, new)
        or _guts(old, new)
        or _switches_off(old, new)
        or _returns_to_nobody(old, new)
        or _special_cases(old, new, _values(literals))
    )


def literals_of(test_source: str) -> frozenset[str]:
    """The literals of a test as normal source text (`repr` of their values): numbers, texts and containers of them."""
    tree = _parse(test_source)
    if tree is None:
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        text = _literal(node)
        if text is not None and not _is_trivial(node):
            found.add(text)
    return frozenset(found)


def _parse(text: str) -> ast.Module | None:
    try:
        return parse_source(text)
    except UNPARSABLE:
        return None


# ------------------------------------------------------- leaving the process


def _leaves(old: ast.Module, new: ast.Module) -> str | None:
    more = _leaving_calls(new) - _leaving_calls(old)
    if not more:
        return None
    return f"It ends or skips the test with `{next(iter(more))}` instead of repairing the code."


def _leaving_calls(tree: ast.AST) -> Counter[str]:
    names = [ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)]
    raised = [ast.unparse(n.exc) for n in ast.walk(tree) if isinstance(n, ast.Raise) and isinstance(n.exc, ast.Name)]
    skips = [
        ast.unparse(d.func if isinstance(d, ast.Call) else d)
        for n in ast.walk(tree)
        for d in getattr(n, "decorator_list", ())
        if "skip" in ast.unparse(d).lower() or "xfail" in ast.unparse(d)
    ]
    return Counter([n for n in names if n in _LEAVING] + [n for n in raised if n in (*_LEAVING, "SystemExit")] + skips)


# ---------------------------------------------------- swallowing exceptions


def _swallows(old: ast.Module, new: ast.Module) -> str | None:
    if _swallowing(new) - _swallowing(old):
        return "It swallows every exception instead of preventing the one that was reported."
    return None


def _swallowing(tree: ast.AST) -> Counter[str]:
    """Broad handlers that only look away, and `suppress` of everything, each by what it catches."""
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and all(map(_looks_away, node.body)):
            found["except"] += 1
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("suppress", "contextlib.suppress"):
            found["suppress"] += any(_is_broad(arg) for arg in node.args)
        elif isinstance(node, ast.Try) and any(
            isinstance(s, ast.Return | ast.Break | ast.Continue) for s in node.finalbody
        ):
            found["finally"] += 1
    return +found


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(_is_broad(part) for part in caught.elts)
    return (ast.unparse(caught) if caught is not None else "") in _BROAD


def _looks_away(stmt: ast.stmt) -> bool:
    match stmt:
        case ast.Pass() | ast.Continue() | ast.Break():
            return True
        case ast.Return(value=value):
            return value is None or _literal(value) is not None or isinstance(value, ast.Name)
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(value=value):
            return _literal(value) is not None
        case _:
            return False


# ------------------------------------------------------- deleting behaviour


def _guts(old: ast.Module, new: ast.Module) -> str | None:
    before, after = _functions(old), _functions(new)
    gone = before.keys() - after.keys()
    if len(after) < len(before) and gone:
        return f"It removes the function `{sorted(gone)[0]}`."
    for name, function in before.items():
        now = after.get(name)
        if now is None or ast.dump(function) == ast.dump(now):
            continue
        old_body, new_body = _reachable(function), _reachable(now)
        if not _is_empty(old_body) and _is_empty(new_body):
            return f"It replaces what `{name}` does by a constant."
        lost = _size(old_body) - _size(new_body)
        if lost > MOST_DELETED or (lost >= 3 and _size(new_body) * 2 < _size(old_body)):
            return f"It deletes {lost} statements of `{name}` and puts nothing in their place."
    return None


def _functions(tree: ast.AST, prefix: str = "") -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """By qualified name; of several with the same name the last counts, as in Python."""
    found: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
            name = f"{prefix}{child.name}"
            if not isinstance(child, ast.ClassDef):
                found[name] = child
            found.update(_functions(child, f"{name}."))
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            found.update(_functions(child, prefix))
    return found


def _reachable(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """The body without its docstring, up to the first statement that always leaves."""
    found: list[ast.stmt] = []
    for stmt in function.body:
        if isinstance(stmt, ast.Pass) or (isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Constant)):
            continue
        found.append(stmt)
        if isinstance(stmt, ast.Return | ast.Raise):
            break
    return found


def _is_empty(body: list[ast.stmt]) -> bool:
    """True for a body that does nothing but hand out a constant."""
    if not body:
        return True
    only = body[0]
    return len(body) == 1 and isinstance(only, ast.Return) and (only.value is None or _literal(only.value) is not None)


def _size(body: list[ast.stmt]) -> int:
    return sum(isinstance(node, ast.stmt) for stmt in body for node in ast.walk(stmt))


def _switches_off(old: ast.Module, new: ast.Module) -> str | None:
    if _dead_branches(new) > _dead_branches(old):
        return "It switches a branch off instead of repairing its condition."
    return None


def _returns_to_nobody(old: ast.Module, new: ast.Module) -> str | None:
    before = _functions(old)
    for name, function in _functions(new).items():
        was = before.get(name)
        if was is not None and _yields(was) and not _returns_values(was) and _returns_values(function):
            return f"It returns a value from the generator `{name}`, where nobody receives it."
    return None


def _yields(function: ast.AST) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(function))


def _returns_values(function: ast.AST) -> bool:
    return any(isinstance(node, ast.Return) and node.value is not None for node in _own_nodes(function))


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's body without those of functions inside it."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)):
            yield from _own_nodes(child)


def _dead_branches(tree: ast.AST) -> int:
    return sum(
        isinstance(n, ast.If | ast.While | ast.IfExp) and isinstance(n.test, ast.Constant) and not n.test.value
        for n in ast.walk(tree)
    )


# -------------------------------------------------- special-casing the test


def _special_cases(old: ast.Module, new: ast.Module, known: frozenset[str]) -> str | None:
    """A literal of the test that is newly compared with, or newly returned.

    A constant that replaces another in its place is an ordinary repair: only where the number of such comparisons or
    returns grows is the test's case treated apart.
    """
    for what, places in (("compares with", _compared), ("returns", _returned)):
        before, after = Counter(places(old)), Counter(places(new))
        for literal in after - before:
            if literal in known and after.total() > before.total():
                return f"It {what} `{literal}`, a value of the failing test: that treats the test's case apart."
    return None


def _compared(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                parts += [side, *(side.elts if isinstance(side, ast.List | ast.Tuple | ast.Set) else ())]
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        yield from _nontrivial(parts)


def _returned(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            value = node.value
            parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            yield from _nontrivial(parts)


def _nontrivial(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        text = _literal(node)
        if text is not None and not _is_trivial(node):
            yield text


def _literal(node: ast.AST) -> str | None:
    """The normal source text of a literal, or None for anything else."""
    if not isinstance(node, ast.Constant | ast.UnaryOp | ast.List | ast.Tuple | ast.Dict | ast.Set):
        return None
    try:
        return repr(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _is_trivial(node: ast.AST) -> bool:
    """Values so common that a test holding them says nothing: 0, 1, "", None, empty containers and the like."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return len(elements) <= 1 and all(_is_trivial(e) for e in elements)
        case ast.Dict(keys=keys):
            return not keys
        case _:
            return _literal(node) in _TRIVIAL


def _values(literals: Collection[str]) -> frozenset[str]:
    """Source texts in normal form; those that are no literals are kept as they are."""
    found: set[str] = set()
    for text in literals:
        tree = _parse(text.strip())
        stmt = tree.body[0] if tree is not None and len(tree.body) == 1 else None
        value = _literal(stmt.value) if isinstance(stmt, ast.Expr) else None
        found.add(value if value is not None else text)
    return frozenset(found)
