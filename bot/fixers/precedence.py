"""When an expression needs parentheses: Python's precedence table, and nothing else."""

from __future__ import annotations

import ast
from functools import lru_cache

from bot.core.parsing import UNPARSABLE, parse_source

ATOM = 16
_TERNARY, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _POWER = 2, 3, 4, 5, 6, 10, 11, 12, 13
_BINARY: dict[type[ast.operator], int] = {
    ast.BitOr: 7,
    ast.BitXor: 8,
    ast.BitAnd: 9,
    ast.LShift: 9,
    ast.RShift: 9,
    ast.Add: _SUM,
    ast.Sub: _SUM,
    ast.Pow: _POWER,
}


def strength(node: ast.expr) -> int:
    """How tightly an expression holds together: higher binds tighter; ATOM never needs parentheses."""
    match node:
        case ast.Tuple() | ast.NamedExpr() | ast.Yield() | ast.YieldFrom() | ast.Starred():
            return 0
        case ast.Lambda():
            return 1
        case ast.IfExp():
            return _TERNARY
        case ast.BoolOp(op=ast.Or()):
            return _OR
        case ast.BoolOp():
            return _AND
        case ast.UnaryOp(op=ast.Not()):
            return _NOT
        case ast.Compare():
            return _COMPARE
        case ast.BinOp():
            return _BINARY.get(type(node.op), _PRODUCT)
        case ast.UnaryOp() | ast.Await():
            return _UNARY
        case _:
            return ATOM


def demanded(parent: ast.AST, child: ast.AST) -> int:  # one case per kind of parent, nothing nested
    """How tight an expression must be to stand where `child` stands in `parent` without parentheses."""
    match parent:
        case ast.BinOp(op=ast.Pow()):
            return ATOM if child is parent.left else _UNARY
        case ast.BinOp():
            own = _BINARY.get(type(parent.op), _PRODUCT)
            return own if child is parent.left else own + 1
        case ast.BoolOp(op=ast.Or()):
            return _AND
        case ast.BoolOp():
            return _NOT
        case ast.UnaryOp(op=ast.Not()):
            return _NOT
        case ast.UnaryOp():
            return _UNARY
        case ast.Compare():
            return _COMPARE + 1
        case ast.IfExp():
            return 1 if child is parent.orelse else _OR
        case ast.Attribute() | ast.Await():
            return ATOM
        case ast.Subscript():
            return ATOM if child is parent.value else 0
        case ast.Call():
            return ATOM if child is parent.func else 1
        case ast.comprehension():
            return _OR
        case ast.Starred():
            return _COMPARE + 1
        case ast.Return() | ast.Assign() | ast.AugAssign() | ast.Expr() | ast.For():
            return 0
        case _:
            return 1


@lru_cache(maxsize=4096)
def strength_of_text(text: str) -> int:
    """The same for source text; text that is no expression counts as 0."""
    if text.isidentifier():
        return ATOM
    try:
        first = parse_source(text).body[0]
    except (*UNPARSABLE, IndexError):
        return 0
    return strength(first.value) if isinstance(first, ast.Expr) else 0


def fitted(parent: ast.AST, child: ast.AST, text: str) -> str:
    """`text` as it must be written to stand in `child`'s place as one whole."""
    return text if strength_of_text(text) >= demanded(parent, child) else f"({text})"


def operand(text: str, needed: int = _PRODUCT) -> str:
    """`text` in parentheses unless it binds at least as tightly as `needed` (a product by default)."""
    return text if strength_of_text(text) >= needed else f"({text})"


def summand(text: str) -> str:
    """`text` as the left operand of + or -."""
    return operand(text, _SUM)


def conjunct(text: str) -> str:
    """`text` as an operand of `and`, and under `not`."""
    return operand(text, _NOT)


def comparand(text: str) -> str:
    """`text` as an operand of a comparison."""
    return operand(text, _COMPARE + 1)
