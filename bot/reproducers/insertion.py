"""Writes a test into a test file as its maintainers would: imports among the imports, the test after its siblings.

Only adds lines, or names to a `from` import; nothing else of the file changes.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.core.python_source import parse_module
from bot.reproducers.claims import Style
from bot.reproducers.modules import Import, Modules, bound_names, imports_in
from bot.reproducers.placement import Place
from bot.reproducers.script import indented, requoted

_LINE_CHARS = 100


@dataclass(frozen=True, slots=True)
class NewTest:
    """A test to write: `body` is source without indentation; `imports` are what it needs at the file's top.

    Without a name the body is whole tests already, to be written as they are.
    """

    name: str
    body: str
    imports: tuple[Import, ...]
    fixtures: tuple[str, ...] = ()


def written(place: Place, test: NewTest, modules: Modules) -> str:
    """The file's text with the test in it. `modules` are the repository's own."""
    text = (place.text or "").replace("\r\n", "\n")
    top, local = _divided(test.imports, text, modules)
    body = "\n".join([*map(str, local), *([""] if local else []), test.body])
    function = _function(test, requoted(body, _quote(text)), place.style) if test.name else body
    text = _in_class(text, place.class_name, function) if place.class_name else _at_end(text, function)
    text = _with_imports(text, top, modules.top_names)
    return text.replace("\n", "\r\n") if "\r\n" in (place.text or "") else text


def _function(test: NewTest, body: str, style: Style) -> str:
    arguments = [*(["self"] if style is not Style.FUNCTION else []), *test.fixtures]
    return f"def {test.name}({', '.join(arguments)}):\n{indented(body, '    ')}"


def _at_end(text: str, function: str) -> str:
    """After the last statement; a file that runs its own tests when started keeps doing so last."""
    module = parse_module(text)
    last = module.body[-1] if module and module.body else None
    if isinstance(last, ast.If) and "__name__" in ast.unparse(last.test):
        lines = text.split("\n")
        head, tail = "\n".join(lines[: last.lineno - 1]), "\n".join(lines[last.lineno - 1 :])
        return f"{head.rstrip()}\n\n\n{function}\n\n\n{tail}"
    return f"{text.rstrip()}\n\n\n{function}\n" if text.strip() else f"{function}\n"


def _in_class(text: str, class_name: str, function: str) -> str:
    module = parse_module(text)
    assert module is not None  # noqa: S101 - the place was chosen among files that parse
    holder = next(s for s in module.body if isinstance(s, ast.ClassDef) and s.name == class_name)
    lines = text.split("\n")
    margin = " " * holder.body[-1].col_offset
    end = max(stmt.end_lineno or stmt.lineno for stmt in holder.body)
    return "\n".join([*lines[:end], "", *indented(function, margin).split("\n"), *lines[end:]])


def _divided(imports: Sequence[Import], text: str, modules: Modules) -> tuple[list[Import], list[Import]]:
    """Imports for the file's top, and those whose name means something else there, for the test itself."""
    module = parse_module(text)
    body = module.body if module else []
    present = imports_in([s for s in body if isinstance(s, ast.Import | ast.ImportFrom)])
    bound = bound_names(body)
    # `import a` and `import a.b` bind the same name to the same thing.
    roots = {item.module.partition(".")[0] for item in present if not item.name and not item.alias}
    top: list[Import] = []
    local: list[Import] = []
    for item in dict.fromkeys(imports):
        alike = [other for other in present if other.bound == item.bound]
        if any(other == item or modules.same(other, item) for other in alike):
            continue
        package = not item.name and not item.alias and item.bound in roots
        (local if item.bound in bound and not package else top).append(item)
    return top, local


def _with_imports(text: str, imports: Sequence[Import], own_tops: Collection[str]) -> str:
    grouped: dict[str, list[Import]] = {}
    for item in sorted(imports, key=lambda i: (_section(i.module, own_tops), bool(i.name), i.module)):
        grouped.setdefault(f"{item.module} {'from' if item.name else ''}", []).append(item)
    for items in grouped.values():
        text = _extended(text, items) or _inserted(text, items, own_tops)
    return text


def _section(module: str, own_tops: Collection[str]) -> int:
    top = module.partition(".")[0]
    if top == "__future__":
        return 0
    if top in own_tops:
        return 3
    return 1 if top in sys.stdlib_module_names else 2


def _order(name: str) -> tuple[int, str]:
    """As isort sorts: constants, classes, the rest."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name)


def _extended(text: str, items: Sequence[Import]) -> str | None:
    """The text with the names added to a one-line `from` import of the same module, if it has one."""
    module = parse_module(text)
    lines = text.split("\n")
    for stmt in module.body if module else ():
        if not isinstance(stmt, ast.ImportFrom) or stmt.lineno != stmt.end_lineno or stmt.level:
            continue
        if stmt.module != items[0].module or not items[0].name or stmt.names[0].name == "*":
            continue
        names = [f"{a.name} as {a.asname}" if a.asname else a.name for a in stmt.names]
        added = [f"{i.name} as {i.alias}" if i.alias else i.name for i in items]
        ordered = sorted([*names, *added], key=_order) if names == sorted(names, key=_order) else [*names, *added]
        line = f"from {stmt.module} import {', '.join(ordered)}"
        if len(line) > _LINE_CHARS or lines[stmt.lineno - 1] != ast.unparse(stmt):
            continue
        lines[stmt.lineno - 1] = line
        return "\n".join(lines)
    return None


def _inserted(text: str, items: Sequence[Import], own_tops: Collection[str]) -> str:
    """The text with new import lines, in their section and its order as far as the file keeps one."""
    if items[0].name:
        names = ", ".join(str(i).partition(" import ")[2] for i in sorted(items, key=lambda i: _order(i.name)))
        new = [f"from {items[0].module} import {names}"]
    else:
        new = [str(item) for item in items]
    module = parse_module(text)
    body = module.body if module else []
    present = _import_block(body)
    lines = text.split("\n")
    section = _section(items[0].module, own_tops)
    if not present:
        return _before_all(lines, body, new)
    place = (section, bool(items[0].name), items[0].module)
    before = [s for s in present if _place(s, own_tops) <= place]
    after = [s for s in present if _place(s, own_tops) > place]
    if before:
        last = max(before, key=lambda s: s.lineno)
        gap = [""] if _place(last, own_tops)[0] != section else []
        end = last.end_lineno or last.lineno
        follows = [""] if after and gap and lines[end : end + 1] != [""] else []
        return "\n".join([*lines[:end], *gap, *new, *follows, *lines[end:]])
    first = present[0]
    gap = [""] if _place(first, own_tops)[0] != section else []
    return "\n".join([*lines[: first.lineno - 1], *new, *gap, *lines[first.lineno - 1 :]])


def _import_block(body: Sequence[ast.stmt]) -> list[ast.Import | ast.ImportFrom]:
    """The imports before the first other statement that is no docstring, guarded import or plain setting."""
    found: list[ast.Import | ast.ImportFrom] = []
    for stmt in body:
        if isinstance(stmt, ast.Import | ast.ImportFrom):
            found.append(stmt)
        elif isinstance(stmt, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            break
    return found


def _place(stmt: ast.Import | ast.ImportFrom, own_tops: Collection[str]) -> tuple[int, bool, str]:
    if isinstance(stmt, ast.ImportFrom):
        return (4 if stmt.level else _section(stmt.module or "", own_tops)), True, stmt.module or ""
    return _section(stmt.names[0].name, own_tops), False, stmt.names[0].name


def _before_all(lines: list[str], body: Sequence[ast.stmt], new: Sequence[str]) -> str:
    """New imports in a file that has none: after its docstring, before its first statement."""
    has_docstring = bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    code = body[1:] if has_docstring else body
    if has_docstring:
        end = body[0].end_lineno or 1
        return "\n".join([*lines[:end], "", *new, *lines[end:]])
    first = code[0] if code else None
    decorators: Sequence[ast.expr] = getattr(first, "decorator_list", [])
    start = (decorators[0].lineno if decorators else first.lineno) - 1 if first else 0
    return "\n".join([*lines[:start], *new, "", "", *lines[start:]])


def _quote(text: str) -> str:
    return "'" if text.count("'") > text.count('"') else '"'
