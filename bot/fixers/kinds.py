"""Kinds of values, told from the form of the code: literals, usages, annotations. Names in scope are elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import Enum


class Kind(Enum):
    """What sort of value a name seems to hold, told by how the code around uses it."""

    NUMBER = "number"
    TEXT = "text"
    LIST = "list"
    MAPPING = "mapping"
    SET = "set"
    TRUTH = "truth"
    CALLABLE = "callable"
    OBJECT = "object"


CONTAINERS = frozenset({Kind.LIST, Kind.MAPPING, Kind.SET, Kind.TEXT})
_METHODS: dict[Kind, frozenset[str]] = {
    Kind.LIST: frozenset({"append", "extend", "insert", "sort", "reverse", "popleft", "appendleft"}),
    Kind.MAPPING: frozenset({"items", "keys", "values", "get", "setdefault"}),
    Kind.SET: frozenset({"add", "union", "difference", "issubset", "issuperset", "intersection"}),
    Kind.TEXT: frozenset({"split", "strip", "lower", "upper", "startswith", "endswith", "replace", "encode"}),
}
_MADE_BY: dict[str, Kind] = {
    "len": Kind.NUMBER,
    "int": Kind.NUMBER,
    "float": Kind.NUMBER,
    "sum": Kind.NUMBER,
    "abs": Kind.NUMBER,
    "round": Kind.NUMBER,
    "str": Kind.TEXT,
    "repr": Kind.TEXT,
    "input": Kind.TEXT,
    "list": Kind.LIST,
    "sorted": Kind.LIST,
    "deque": Kind.LIST,
    "dict": Kind.MAPPING,
    "defaultdict": Kind.MAPPING,
    "OrderedDict": Kind.MAPPING,
    "Counter": Kind.MAPPING,
    "set": Kind.SET,
    "frozenset": Kind.SET,
    "bool": Kind.TRUTH,
}
_ANNOTATED = {
    "int": Kind.NUMBER,
    "float": Kind.NUMBER,
    "str": Kind.TEXT,
    "list": Kind.LIST,
    "List": Kind.LIST,
    "Sequence": Kind.LIST,
    "dict": Kind.MAPPING,
    "Dict": Kind.MAPPING,
    "Mapping": Kind.MAPPING,
    "set": Kind.SET,
    "Set": Kind.SET,
    "bool": Kind.TRUTH,
}


def dotted(node: ast.AST) -> str:
    """ "a.b.c" for a plain name or attribute chain, else ""."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def annotated_kind(annotation: ast.expr | None) -> Kind | None:
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    name = dotted(annotation).rsplit(".", 1)[-1] if annotation is not None else ""
    return _ANNOTATED.get(name)


def value_kind(node: ast.AST) -> Kind | None:
    """The kind of value that an expression's form alone gives away."""
    match node:
        case ast.Constant(value=bool()):
            return Kind.TRUTH
        case ast.Constant(value=int() | float()):
            return Kind.NUMBER
        case ast.Constant(value=str() | bytes()) | ast.JoinedStr():
            return Kind.TEXT
        case ast.List() | ast.ListComp() | ast.Tuple():
            return Kind.LIST
        case ast.Dict() | ast.DictComp():
            return Kind.MAPPING
        case ast.Set() | ast.SetComp():
            return Kind.SET
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return Kind.TRUTH
        case ast.Call(func=ast.Name(id=name)):
            return _MADE_BY.get(name)
        case ast.BinOp(op=ast.Sub() | ast.FloorDiv() | ast.Div()):
            return Kind.NUMBER
        case ast.BinOp(left=left, right=right):
            return value_kind(left) or value_kind(right)
        case _:
            return None


def uses(node: ast.AST) -> Iterator[tuple[str, Kind]]:  # a table of usages
    """What one node's form says about the names directly in it."""
    match node:
        case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, value=value):
            kind = value_kind(value)
            if kind is not None and dotted(target):
                yield dotted(target), kind
        case ast.Compare(left=left, ops=ops, comparators=others):
            for op, one, two in zip(ops, [left, *others], others, strict=False):
                if isinstance(op, ast.In | ast.NotIn):
                    continue
                for here, there in ((one, two), (two, one)):
                    kind = value_kind(there) if not isinstance(op, ast.Is | ast.IsNot) else None
                    if kind is not None and dotted(here):
                        yield dotted(here), kind
        case ast.BinOp(op=ast.Sub() | ast.FloorDiv() | ast.Div(), left=left, right=right):
            yield from ((dotted(side), Kind.NUMBER) for side in (left, right) if dotted(side))
        case ast.BinOp(left=left, right=right):
            for here, there in ((left, right), (right, left)):
                kind = value_kind(there)
                if kind is not None and dotted(here) and not isinstance(node.op, ast.Mod | ast.Mult):
                    yield dotted(here), kind
        case ast.Subscript(slice=ast.Slice(lower=low, upper=high), value=value):
            yield from ((dotted(bound), Kind.NUMBER) for bound in (low, high) if bound is not None and dotted(bound))
            if dotted(value):
                yield dotted(value), Kind.LIST
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if dotted(value):
            for kind, methods in _METHODS.items():
                if attr in methods:
                    yield dotted(value), kind
        case ast.Call(func=ast.Name(id="range"), args=args):
            yield from ((dotted(arg), Kind.NUMBER) for arg in args if dotted(arg))
        case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"))):
            yield name, Kind.NUMBER
        case ast.For(target=ast.Tuple(elts=[ast.Name(id=name), *_]), iter=ast.Call(func=ast.Name(id="enumerate"))):
            yield name, Kind.NUMBER
        case ast.Call(func=ast.Name(id=name)):
            yield name, Kind.CALLABLE
        case ast.Attribute(value=ast.Name(id=name)) if isinstance(node.ctx, ast.Load):
            yield name, Kind.OBJECT
