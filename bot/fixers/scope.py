"""What names stand for at a statement: which exist, and what kind of value each seems to hold. Proposes no edits."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bot.fixers.kinds import Kind, annotated_kind, dotted, uses, value_kind
from bot.fixers.source import FUNCTIONS, FunctionNode, Source


@dataclass(frozen=True, slots=True)
class Binding:
    """One assignment to a plain local name. `value` is None for a loop target, an import and the like."""

    name: str
    stmt: ast.stmt
    value: ast.expr | None


class Scope:
    """One function (or the module, for None), seen as names and kinds."""

    def __init__(self, source: Source, function: FunctionNode | None) -> None:
        self.source = source
        self.function = function
        self.root: ast.AST = function or source.tree
        self.nodes = source.nodes if function is None else list(ast.walk(function))

    # --------------------------------------------------------------- names

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        if self.function is None:
            return ()
        own = self.function.args
        named = [*own.posonlyargs, *own.args, *own.kwonlyargs, *(a for a in (own.vararg, own.kwarg) if a)]
        return tuple(argument.arg for argument in named if argument.arg not in ("self", "cls"))

    @cached_property
    def bindings(self) -> tuple[Binding, ...]:
        """Every assignment to a name in this function, in the order of the text; nested functions left out."""
        return tuple(binding for stmt in self.statements for binding in _bindings_of(stmt))

    @cached_property
    def statements(self) -> tuple[ast.stmt, ...]:
        """The function's statements at every depth but not inside nested functions, in the order of the text."""
        found: list[ast.stmt] = []
        queue: list[ast.AST] = [self.root]
        while queue:
            node = queue.pop()
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.stmt):
                    found.append(child)
                if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case) and not isinstance(
                    child, (*FUNCTIONS, ast.ClassDef)
                ):
                    queue.append(child)
        return tuple(sorted(found, key=lambda s: (s.lineno, s.col_offset)))

    @cached_property
    def outer(self) -> Scope | None:
        """The enclosing function's scope, for a nested function."""
        around = self.source.function_of(self.function) if self.function is not None else None
        return None if around is None else Scope(self.source, around)

    def names_before(self, node: ast.AST) -> tuple[str, ...]:
        """Variables that (probably) have a value where a node stands: nearest first, comprehension targets included."""
        line = getattr(node, "lineno", 1)
        loop = self.source.loop_of(node)
        loop_end = 0 if loop is None else loop.end_lineno or 0
        found: dict[str, None] = {}
        for ancestor in self.source.ancestors(node):
            for generator in getattr(ancestor, "generators", ()):
                found.update(dict.fromkeys(_target_names(generator.target)))
            if isinstance(ancestor, ast.Lambda):
                found.update(dict.fromkeys(argument.arg for argument in ancestor.args.args))
        stmt = self.source.statement_of(node)
        for binding in reversed(self.bindings):
            bound_here = binding.stmt is stmt and not isinstance(binding.stmt, ast.AugAssign)
            if (binding.stmt.lineno <= line or binding.stmt.lineno <= loop_end) and not bound_here:
                found[binding.name] = None
        found.update(dict.fromkeys(self.parameters))
        if self.outer is not None and self.function is not None:
            found.update(dict.fromkeys(self.outer.names_before(self.function)))
        return tuple(found)

    @cached_property
    def module_constants(self) -> tuple[str, ...]:
        names = dict.fromkeys(b.name for stmt in self.source.tree.body for b in _bindings_of(stmt) if b.value)
        return tuple(name for name in names if not name.startswith("__"))

    @cached_property
    def functions(self) -> dict[str, FunctionNode]:
        """Functions that can be called by their bare name here."""
        found = {stmt.name: stmt for stmt in self.source.tree.body if isinstance(stmt, FUNCTIONS)}
        scope: Scope | None = self
        while scope is not None and scope.function is not None:
            found.update({stmt.name: stmt for stmt in scope.statements if isinstance(stmt, FUNCTIONS)})
            scope = scope.outer
        return found

    # --------------------------------------------------------------- class

    @cached_property
    def own_class(self) -> ast.ClassDef | None:
        return None if self.function is None else self.source.class_of(self.function)

    @cached_property
    def self_name(self) -> str:
        """What the method calls its object ("self"), or "" outside a method."""
        if self.own_class is None or self.function is None or not self.function.args.args:
            return ""
        name = self.function.args.args[0].arg
        return name if name in ("self", "cls") else ""

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Data attributes of the method's own object: assigned on self, class variables, properties."""
        if self.own_class is None:
            return ()
        found: dict[str, None] = {}
        for node in ast.walk(self.own_class):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_self(node.value):
                found[node.attr] = None
        for stmt in self.own_class.body:
            found.update(dict.fromkeys(binding.name for binding in _bindings_of(stmt)))
            if isinstance(stmt, FUNCTIONS) and any("property" in ast.dump(d) for d in stmt.decorator_list):
                found[stmt.name] = None
        return tuple(found)

    @cached_property
    def methods(self) -> dict[str, FunctionNode]:
        if self.own_class is None:
            return {}
        return {stmt.name: stmt for stmt in self.own_class.body if isinstance(stmt, FUNCTIONS)}

    # --------------------------------------------------------------- kinds

    @cached_property
    def kinds(self) -> dict[str, frozenset[Kind]]:
        """For each name or dotted attribute used in the function: the kinds its uses speak for."""
        found: dict[str, set[Kind]] = {}
        for node in self.nodes:
            for name, kind in uses(node):
                found.setdefault(name, set()).add(kind)
        for argument in _arguments(self.function):
            annotated = annotated_kind(argument.annotation)
            if annotated is not None:
                found.setdefault(argument.arg, set()).add(annotated)
        return {name: frozenset(kinds) for name, kinds in found.items()}

    def kind_of(self, node: ast.expr) -> frozenset[Kind]:
        """The kinds an expression may have; empty when nothing is known."""
        made = value_kind(node)
        if made is not None:
            return frozenset({made})
        name = dotted(node)
        known = self.kinds.get(name, frozenset()) if name else frozenset()
        if not known and self.outer is not None:
            return self.outer.kind_of(node)
        return known

    def fit(self, wanted: frozenset[Kind], name: str) -> float:
        """How well a name would stand where `wanted` stands: 1 same kind, 0.2 another, in between unknown."""
        own = self.kind_of(ast.Name(name)) if "." not in name else self.kinds.get(name, frozenset())
        if not own or not wanted:
            return 0.6
        return 1.0 if own & wanted else 0.2


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _arguments(function: FunctionNode | None) -> list[ast.arg]:
    return [] if function is None else [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _target_names(target: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def _bindings_of(stmt: ast.stmt) -> Iterator[Binding]:
    match stmt:
        case ast.Assign():
            for target in stmt.targets:
                if isinstance(target, ast.Name):
                    yield Binding(target.id, stmt, stmt.value)
                elif isinstance(target, ast.Tuple | ast.List):
                    yield from (Binding(name, stmt, None) for name in _target_names(target))
        case ast.AnnAssign(target=ast.Name()) if stmt.value is not None:
            yield from (Binding(name, stmt, stmt.value) for name in _target_names(stmt.target))
        case ast.AugAssign(target=ast.Name()):
            yield from (Binding(name, stmt, stmt.value) for name in _target_names(stmt.target))
        case ast.For() | ast.AsyncFor():
            yield from (Binding(name, stmt, None) for name in _target_names(stmt.target))
        case ast.With() | ast.AsyncWith():
            for item in stmt.items:
                if item.optional_vars is not None:
                    yield from (Binding(name, stmt, None) for name in _target_names(item.optional_vars))
