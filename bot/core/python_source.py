"""The outline of Python source: definitions and statements with their lines. Standard library only; never runs it.

Rewriting source does not belong here: that is the fixers' work.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from bot.core.parsing import UNPARSABLE, literal_value, parse_source

_DEFINITION = re.compile(r"^([ \t]*)(?:async[ \t]+)?(def|class)[ \t]+(\w+)", re.MULTILINE)
_MAX_PARSED_CHARS = 4_000_000
_DECLARATIONS = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Global,
    ast.Nonlocal,
)


class DefinitionKind(Enum):
    FUNCTION = "function"
    CLASS = "class"


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class. `qualname` is dotted inside the file; lines are 1-based, inclusive, decorators included."""

    qualname: str
    kind: DefinitionKind
    line_start: int
    line_end: int

    @property
    def name(self) -> str:
        return self.qualname.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement's own lines: of a compound statement the header only. 1-based, inclusive."""

    line_start: int
    line_end: int
    declares: bool  # an import, definition, docstring, `global`, …: nothing in it to be wrong at run time


def parse_module(text: str) -> ast.Module | None:
    """The syntax tree, or None when this is not Python that this interpreter can parse."""
    if len(text) > _MAX_PARSED_CHARS:
        return None
    try:
        return parse_source(text)
    except UNPARSABLE:
        return None


def parse_expression(text: str) -> ast.expr | None:
    """The syntax tree of one expression, or None."""
    module = parse_module(text.strip())
    if module is None or len(module.body) != 1:
        return None
    only = module.body[0]
    return only.value if isinstance(only, ast.Expr) else None


def is_literal(text: str) -> bool:
    """Whether the text is one Python literal: `ast.literal_eval` would take it."""
    try:
        literal_value(text)
    except UNPARSABLE:
        return False
    return True


def definitions(text: str) -> tuple[Definition, ...]:
    """Every function and class, in order of their first line. Exact for source that parses, else by indentation."""
    module = parse_module(text)
    if module is None:
        return scan_definitions(text)
    return tuple(sorted(_defined(module, ""), key=lambda found: (found.line_start, -found.line_end)))


def enclosing(outline: Sequence[Definition], line: int) -> Definition | None:
    """The innermost function around a line; the innermost class when no function is; None at module level."""
    around = [found for found in outline if found.line_start <= line <= found.line_end]
    functions = [found for found in around if found.kind is DefinitionKind.FUNCTION]
    return max(functions or around, key=lambda found: (found.line_start, -found.line_end), default=None)


def scan_definitions(text: str) -> tuple[Definition, ...]:
    """Definitions by keyword and indentation: fast, and good enough for source that does not parse."""
    found: list[Definition] = []
    open_scopes: list[tuple[int, str]] = []  # indentation, qualified name
    lines = text.split("\n")
    starts = line_starts(text)
    for match in _DEFINITION.finditer(text):
        indent = len(match[1].expandtabs(8))
        while open_scopes and open_scopes[-1][0] >= indent:
            open_scopes.pop()
        qualname = f"{open_scopes[-1][1]}.{match[3]}" if open_scopes else match[3]
        open_scopes.append((indent, qualname))
        kind = DefinitionKind.FUNCTION if match[2] == "def" else DefinitionKind.CLASS
        line = bisect_right(starts, match.start(2))
        found.append(Definition(qualname, kind, line, _block_end(lines, line, indent)))
    return tuple(found)


def statements(text: str) -> tuple[Statement, ...]:
    """Every statement in order of its first line; () for source that does not parse."""
    module = parse_module(text)
    if module is None:
        return ()
    found: list[Statement] = []
    for node in ast.walk(module):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                found.extend(_statement(stmt, first=index == 0) for index, stmt in enumerate(block))
    return tuple(sorted(found, key=lambda stmt: (stmt.line_start, stmt.line_end)))


def line_starts(text: str) -> list[int]:
    """The offset at which each line starts; `bisect_right(starts, offset)` is an offset's 1-based line."""
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _defined(node: ast.AST, prefix: str) -> Iterator[Definition]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            qualname = f"{prefix}{child.name}"
            kind = DefinitionKind.CLASS if isinstance(child, ast.ClassDef) else DefinitionKind.FUNCTION
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            yield Definition(qualname, kind, first, child.end_lineno or child.lineno)
            yield from _defined(child, f"{qualname}.")
        elif not isinstance(child, ast.expr):
            yield from _defined(child, prefix)


def _block_end(lines: Sequence[str], line: int, indent: int) -> int:
    """The last non-blank line of the block whose header is `line` (1-based), by indentation."""
    last = line
    depth = 0  # open brackets of the header, which may span lines
    for number in range(line, len(lines) + 1):
        content = lines[number - 1]
        bare = content.strip()
        if not bare or bare.startswith("#"):
            continue
        inside_header = number == line or depth > 0
        if not inside_header and len(content) - len(content.lstrip()) <= indent and not bare.startswith(")"):
            break
        if inside_header:
            depth += sum(bare.count(c) for c in "([{") - sum(bare.count(c) for c in ")]}")
            depth = 0 if bare.endswith(":") else depth
        last = number
    return last


def _statement(stmt: ast.stmt, *, first: bool) -> Statement:
    end = stmt.end_lineno or stmt.lineno
    body = getattr(stmt, "cases", None) or getattr(stmt, "body", None)
    if isinstance(body, list) and body:
        end = max(stmt.lineno, min(end, _first_line(body[0]) - 1))
    docstring = first and isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Constant)
    return Statement(stmt.lineno, end, docstring or isinstance(stmt, _DECLARATIONS))


def _first_line(node: ast.stmt | ast.match_case) -> int:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
