"""A report's code as statements that can be cut, rearranged and indented without changing what they mean. Pure.

What the report expects of the code does not belong here.
"""

from __future__ import annotations

import ast
import io
import re
import symtable
import textwrap
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core.python_source import parse_module

MAX_CHARS = 50_000  # more is a program, not a snippet
_PROMPT = re.compile(r"^\s*(?:>>>|In \[\d+\]:) ?(.*)$")
_CONTINUED = re.compile(r"^\s*(?:\.\.\.+:?)(?: (.*))?$")
_TRACEBACK = re.compile(r"^\s*(?:Traceback \(most recent call last\):|-{20,}$)")
_SHELL = re.compile(r"^\s*(?:[%!]\w|\$ )")
_RUNNERS = frozenset({"unittest.main", "pytest.main", "doctest.testmod"})


@dataclass(frozen=True, slots=True)
class Script:
    """Cleaned source and its top-level statements."""

    source: str
    statements: tuple[ast.stmt, ...]

    def segment(self, node: ast.AST, replacements: Sequence[tuple[ast.stmt, str]] = ()) -> str:
        """A node's own source, with statements inside it replaced. Column offsets are bytes, so bytes are cut."""
        lines = self.source.encode().splitlines(keepends=True)
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line))
        whole = self.source.encode()

        def span(inner: ast.AST) -> tuple[int, int]:
            decorators = getattr(inner, "decorator_list", [])
            first = decorators[0] if decorators else inner
            back = 1 if decorators else 0  # the @
            start = starts[getattr(first, "lineno", 1) - 1] + getattr(first, "col_offset", 0) - back
            return start, starts[getattr(inner, "end_lineno", 1) - 1] + getattr(inner, "end_col_offset", 0)

        start, end = span(node)
        text = whole[start:end]
        for inner, replacement in sorted(replacements, key=lambda pair: span(pair[0]), reverse=True):
            low, high = span(inner)
            shifted = indented(replacement, " " * inner.col_offset).lstrip(" ").encode()
            text = text[: low - start] + shifted + text[high - start :]
        return text.decode()


def parse_script(code: str) -> Script | None:
    """The script in a report's code block, prompts and pasted output taken off; None when it is not Python."""
    if len(code) > MAX_CHARS or "\0" in code:
        return None
    text = textwrap.dedent(code.expandtabs(4).replace("\r\n", "\n").replace("\r", "\n")).strip("\n")
    session = _session(text)
    if session is not None:
        text = session
    else:
        kept = [line for line in text.split("\n") if not _SHELL.match(line)]
        cut = next((number for number, line in enumerate(kept) if _TRACEBACK.match(line)), len(kept))
        text = "\n".join(kept if parse_module("\n".join(kept)) else kept[:cut])
    module = parse_module(text)
    if module is None:
        return None
    if not is_sound(text):
        return None
    statements = tuple(stmt for stmt in _flattened(module.body) if not _is_noise(stmt))
    return Script(text, statements) if statements else None


def _session(text: str) -> str | None:
    """The statements of an interpreter session without prompts and output, or None when it is no session."""
    lines: list[str] = []
    inside = seen = False
    for line in text.split("\n"):
        if prompt := _PROMPT.match(line):
            lines.append(prompt[1])
            inside = seen = True
        elif inside and (continued := _CONTINUED.match(line)):
            lines.append(continued[1] or "")
        else:
            inside = False
    return "\n".join(lines) if seen else None


def _flattened(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements; those under `if __name__ == "__main__"` are among them when it is the last one."""
    for stmt in body:
        if isinstance(stmt, ast.If) and "__name__" in ast.unparse(stmt.test) and not stmt.orelse:
            yield from stmt.body
        else:
            yield stmt


def _is_noise(stmt: ast.stmt) -> bool:
    if isinstance(stmt, ast.ImportFrom) and stmt.module == "__future__":
        return True
    if not isinstance(stmt, ast.Expr):
        return isinstance(stmt, ast.Pass)
    if isinstance(stmt.value, ast.Call):
        return ast.unparse(stmt.value.func) in _RUNNERS
    return isinstance(stmt.value, ast.Constant)


def same(one: ast.AST, other: ast.AST) -> bool:
    """Whether two nodes are the same code, however they are written."""
    return ast.dump(one) == ast.dump(other)


def holders(statements: Sequence[ast.stmt], expression: ast.expr) -> tuple[tuple[int, ast.stmt], ...]:
    """Where an expression occurs: index of the top-level statement and the innermost statement that holds it."""
    wanted = ast.dump(expression)
    found = []
    for index, top in enumerate(statements):
        for stmt in _statements_within(top):
            if any(ast.dump(node) == wanted for node in _own_nodes(stmt)):
                found.append((index, stmt))
    return tuple(found)


def _statements_within(top: ast.stmt) -> Iterator[ast.stmt]:
    yield from (node for node in ast.walk(top) if isinstance(node, ast.stmt))


def _own_nodes(stmt: ast.stmt) -> Iterator[ast.AST]:
    """A statement's expressions, without those of statements inside it."""
    waiting: list[ast.AST] = list(ast.iter_child_nodes(stmt))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr):
            yield node
        if not isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            waiting.extend(ast.iter_child_nodes(node))


def print_call(node: ast.AST) -> ast.Call | None:
    """The call, when this is `print(...)` as a statement or an expression."""
    value = node.value if isinstance(node, ast.Expr) else node
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "print":
        return value
    return None


def has_call(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Call | ast.Await) for inner in ast.walk(node))


@dataclass(frozen=True, slots=True)
class Names:
    """The names that code binds at its top level, and those it uses without binding them anywhere."""

    bound: frozenset[str]
    free: frozenset[str]
    used: frozenset[str]


def names_of(source: str) -> Names:
    """Names of source that parses. Builtins count as free."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        top = symtable.symtable(source, "<report>", "exec")
    bound = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    used: set[str] = set()
    tables = [top]
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                used.add(symbol.get_name())
    return Names(frozenset(bound), frozenset(used - bound), frozenset(used))


def is_sound(source: str) -> bool:
    """Whether the names of this code can be told. Code may parse and yet be none: `nonlocal` at the top, say."""
    try:
        names_of(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def indented(source: str, margin: str) -> str:
    """The source with every line moved right, except where a line lies inside a string."""
    inside: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source + "\n").readline):
        if token.type == tokenize.STRING or tokenize.tok_name[token.type].startswith("FSTRING"):
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
    lines = source.split("\n")
    return "\n".join(
        margin + line if line.strip() and number not in inside else line for number, line in enumerate(lines, start=1)
    )


def requoted(source: str, quote: str) -> str:
    """The source with its plain short strings in this quote character, where that needs no escaping."""
    other = "'" if quote == '"' else '"'
    rows = source.split("\n")
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(source + "\n").readline))):
        text = token.string
        plain = token.type == tokenize.STRING and text[0] == other and not text.startswith(other * 3)
        if plain and token.start[0] == token.end[0] and quote not in text and "\\" not in text:
            row = rows[token.start[0] - 1]
            rows[token.start[0] - 1] = row[: token.start[1]] + quote + text[1:-1] + quote + row[token.end[1] :]
    return "\n".join(rows)
