"""Small edits of Python source for benches to screen: many, deterministic, mostly wrong. They are no fixer's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

COMPARISONS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Lt: ("<=", ">"),
    ast.LtE: ("<", ">="),
    ast.Gt: (">=", "<"),
    ast.GtE: (">", "<="),
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
}
OPERATORS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Add: ("-", "*"),
    ast.Sub: ("+",),
    ast.Mult: ("+",),
    ast.Mod: ("//",),
    ast.FloorDiv: ("%",),
}
Edit = tuple[int, int, str]  # characters from, to, and what replaces them


def mutants(source: str) -> Iterator[str]:
    """The source with one edit each, then with two."""
    edits = list(_edits(source))
    for edit in edits:
        yield _applied(source, (edit,))
    for first, second in combinations(edits, 2):
        if first[1] <= second[0]:
            yield _applied(source, (first, second))


def _applied(source: str, edits: tuple[Edit, ...]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        source = source[:start] + new + source[end:]
    return source


def _edits(source: str) -> Iterator[Edit]:
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))

    def spot(node: ast.expr) -> tuple[int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return lines[node.lineno - 1] + node.col_offset, lines[end_line - 1] + end_column

    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        names = sorted({n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)})
        names += [argument.arg for argument in function.args.args]
        for node in ast.walk(function):
            if isinstance(node, ast.Compare) and len(node.ops) == 1:
                between = spot(node.left)[1], spot(node.comparators[0])[0]
                yield from ((*between, f" {new} ") for new in COMPARISONS.get(type(node.ops[0]), ()))
            elif isinstance(node, ast.BinOp) and source[spot(node.left)[1] : spot(node.right)[0]].strip("+-*/% ") == "":
                between = spot(node.left)[1], spot(node.right)[0]
                yield from ((*between, f" {new} ") for new in OPERATORS.get(type(node.op), ()))
            elif isinstance(node, ast.Constant) and type(node.value) is int:
                yield from ((*spot(node), str(node.value + step)) for step in (1, -1))
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
                yield from ((*spot(node), name) for name in names if name != node.id)
