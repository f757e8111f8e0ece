"""Makes the names in a report's code mean what they mean there: which imports a test body needs in this repository."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from bot.core.python_source import parse_module
from bot.reproducers.modules import Import, Modules, imports_in
from bot.reproducers.script import Script, names_of

_GIVEN = frozenset({"self", "capsys", "__file__", "__name__"})


@dataclass(frozen=True, slots=True)
class Needs:
    """The imports that a body needs; `missing` are names that nobody could place, so that the body cannot run."""

    imports: tuple[Import, ...]
    missing: tuple[str, ...] = ()


def needs_of(
    body: str, script: Script | None, modules: Modules, near: Collection[str], extra: Sequence[str] = ()
) -> Needs:
    """What to import for this body. `extra` are modules the test itself uses; `near` are paths the report names."""
    written = imports_in([s for s in script.statements if isinstance(s, ast.Import | ast.ImportFrom)] if script else [])
    stars = [item.module for item in written if item.name == "*"]
    imports = [Import(module) for module in extra]
    missing: list[str] = []
    for name in sorted(names_of(body).free - _GIVEN):
        own = [item for item in written if item.bound == name and item.name != "*"]
        if own:
            mended = [modules.mend(item) for item in own]
            imports += [item for item in mended if item]
            missing += [] if all(mended) else [name]
        elif name not in extra:
            found = _elsewhere(name, body, stars, modules, near)
            if found:
                imports.append(found)
            elif not hasattr(builtins, name):
                missing.append(name)
    return Needs(tuple(dict.fromkeys(imports)), tuple(missing))


def _elsewhere(name: str, body: str, stars: Sequence[str], modules: Modules, near: Collection[str]) -> Import | None:
    """How to import a name that the report uses without importing it by name."""
    for star in stars:
        mended = modules.mend(Import(star, name))
        path = modules.by_name.get(mended.module) if mended else None
        if mended and path and modules.exports(path, name):
            return mended
    if hasattr(builtins, name):
        return None
    found = modules.find(name, called=is_called(name, body), near=near)
    foreign = [star for star in stars if star.partition(".")[0] not in modules.top_names]
    return found or (Import(foreign[0], name) if len(foreign) == 1 else None)


def is_called(name: str, body: str) -> bool:
    """Whether code calls this very name: then it is no module."""
    module = parse_module(body)
    calls = (node for node in ast.walk(module) if isinstance(node, ast.Call)) if module else ()
    return any(isinstance(call.func, ast.Name) and call.func.id == name for call in calls)


def fits(call: ast.expr, modules: Modules, near: Collection[str]) -> bool:
    """Whether an expression out of a sentence can be what it says: a call with arguments that its function takes.

    People write `parse()` or `Stack.pop()` for the function itself; called so, it would fail for a reason of its own.
    """
    for node in ast.walk(call):
        if not isinstance(node, ast.Call):
            continue
        definition = _called(node.func, modules, near)
        if isinstance(definition, str):
            return False
        if definition is not None and not _takes(definition, node):
            return False
    return True


def _called(
    func: ast.expr, modules: Modules, near: Collection[str]
) -> ast.FunctionDef | ast.AsyncFunctionDef | str | None:
    """The function that a call reaches, when it is the tree's; a reason as text when it needs an instance."""
    if isinstance(func, ast.Name):
        found = modules.find(func.id, called=True, near=near)
        holder = _definition(found, modules)
        if isinstance(holder, ast.ClassDef):
            return _method(holder, "__init__")
        return holder
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
        holder = _definition(modules.find(func.value.id, called=True, near=near), modules)
        method = _method(holder, func.attr) if isinstance(holder, ast.ClassDef) else None
        if method is not None and not method.decorator_list:
            return f"{func.value.id}.{func.attr} needs an instance"
    return None


def _definition(found: Import | None, modules: Modules) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None:
    if found is None or not found.name:
        return None
    paths = modules.definers(found.name)
    return modules.definition(paths[0], found.name) if len(paths) == 1 else None


def _method(holder: ast.ClassDef, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    functions = (s for s in holder.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef))
    return next((s for s in functions if s.name == name), None)


def _takes(definition: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> bool:
    """Whether a call's arguments bind, as far as can be told without running it."""
    if definition.decorator_list or any(isinstance(a, ast.Starred) for a in call.args):
        return True
    if any(keyword.arg is None for keyword in call.keywords):
        return True
    arguments = definition.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    if definition.name == "__init__":
        names = names[1:]
    if len(call.args) > len(names) and not arguments.vararg:
        return False
    given = {*names[: len(call.args)], *(keyword.arg for keyword in call.keywords)}
    required = names[: len(names) - len(arguments.defaults)] if arguments.defaults else names
    keyword_only = [a.arg for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is None]
    return given.issuperset([*required, *keyword_only])


def called_names(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Functions, methods and classes that code calls, outermost first, private ones left out."""
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if not hasattr(builtins, name) and not name.startswith("__"):
                    yield name


def only_prints(expression: ast.expr, modules: Modules) -> bool:
    """Whether a call reaches a function of the tree that prints and returns nothing: its result is its output."""
    name = next(called_names([expression]), "")
    if not name or not isinstance(expression, ast.Call):
        return False
    found = [
        node
        for path in modules.definers(name, inside_classes=True)
        for node in ast.walk(modules.syntax(path))
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    return bool(found) and all(_only_prints(function) for function in found)


def _only_prints(function: ast.FunctionDef) -> bool:
    nodes = list(ast.walk(function))
    returns = any(isinstance(n, ast.Return) and n.value is not None for n in nodes)
    yields = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in nodes)
    calls = {ast.unparse(n.func) for n in nodes if isinstance(n, ast.Call)}
    return not returns and not yields and bool(calls & {"print", "sys.stdout.write"})
