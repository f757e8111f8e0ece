"""What a tree's modules are called and what they define, so that a name in a report can be imported. Reads source only.

Which names a report uses does not belong here.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.core.path_roles import PathRole, role_of
from bot.core.python_source import parse_module
from bot.core.tree import Tree

_IMPORTED = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import|import[ \t]+([\w.]+))", re.MULTILINE)
_SOURCE_ROOTS = ("src", "lib", "python", "source")
# Names that reports use without importing them, because everybody knows where they come from.
_WELL_KNOWN = {
    "collections": ("Counter", "OrderedDict", "defaultdict", "deque", "namedtuple"),
    "dataclasses": ("dataclass",),
    "datetime": ("date", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "enum": ("Enum",),
    "fractions": ("Fraction",),
    "functools": ("partial",),
    "io": ("BytesIO", "StringIO"),
    "math": ("sqrt",),
    "pathlib": ("Path",),
    "uuid": ("UUID",),
}
_ABBREVIATED = {"np": "numpy", "pd": "pandas"}
# Standard modules whose names are no everyday words: `json.loads(…)` in a report means the module.
_COMMON_WORDS = (
    "asyncio collections copy csv datetime decimal fractions functools io itertools json math operator os pathlib "
    "pickle pytest random re statistics string sys textwrap threading time types typing unittest uuid warnings"
)
_COMMON_MODULES = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True, order=True)
class Import:
    """One imported name: `import module [as bound]` when `name` is empty, else `from module import name [as bound]`."""

    module: str
    name: str = ""
    alias: str = ""

    @property
    def bound(self) -> str:
        return self.alias or self.name or self.module.partition(".")[0]

    def __str__(self) -> str:
        tail = f" as {self.alias}" if self.alias else ""
        return f"from {self.module} import {self.name}{tail}" if self.name else f"import {self.module}{tail}"


class Modules:
    """The Python modules of one tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._texts: dict[str, str] = {}
        for path in tree:
            if path.endswith(".py") and role_of(path) is not PathRole.VENDORED and (text := tree.text(path)):
                self._texts[path] = text

    @cached_property
    def by_name(self) -> dict[str, str]:
        """Dotted name to path, for modules that are no tests."""
        paths = [path for path in self._texts if role_of(path) is not PathRole.TEST]
        return {self.dotted(path): path for path in sorted(paths, key=lambda p: (role_of(p).value, p), reverse=True)}

    @cached_property
    def top_names(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self.by_name)

    @cached_property
    def _imported(self) -> frozenset[str]:
        """Every dotted name that the tree's own code imports, with the packages above it."""
        names: set[str] = set()
        for text in self._texts.values():
            for match in _IMPORTED.finditer(text):
                parts = (match[1] or match[2]).split(".")
                if not parts[0]:
                    continue  # relative: says nothing about the name from outside
                names.update(".".join(parts[:stop]) for stop in range(1, len(parts) + 1))
        return frozenset(names)

    def dotted(self, path: str) -> str:
        """What a file is imported as: as the tree's own imports have it, else by its packages."""
        parts = path.removesuffix(".py").split("/")
        if parts[-1] == "__init__":
            parts.pop()
        for start in range(len(parts)):
            name = ".".join(parts[start:])
            if "/".join([*parts[:start], "__init__.py"]) in self._tree and start:
                continue  # inside of a package
            if name in self._imported and not (start and parts[start] in sys.stdlib_module_names):
                return name
        start = 1 if len(parts) > 1 and parts[0] in _SOURCE_ROOTS and f"{parts[0]}/__init__.py" not in self._tree else 0
        return ".".join(parts[start:])

    def definers(self, name: str, *, inside_classes: bool = False) -> tuple[str, ...]:
        """Non-test files that define this name at their top level (or anywhere, for a method)."""
        margin = r"[ \t]*" if inside_classes else ""
        assigned = "" if inside_classes else rf"|^{re.escape(name)}[ \t]*(?::[^=\n]+)?=[^=]"
        pattern = re.compile(
            rf"^{margin}(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(name)}\b{assigned}", re.MULTILINE
        )
        return tuple(
            path
            for path, text in self._texts.items()
            if name in text and role_of(path) is not PathRole.TEST and pattern.search(text)
        )

    def syntax(self, path: str) -> ast.Module:
        """A file's syntax tree; an empty one when it does not parse."""
        return parse_module(self._texts.get(path, "")) or ast.Module([], [])

    def definition(self, path: str, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None:
        """A file's top-level function or class of this name."""
        for stmt in self.syntax(path).body:
            if isinstance(stmt, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and stmt.name == name:
                return stmt
        return None

    def exports(self, path: str, name: str) -> bool:
        """Whether importing this name from this file works, as far as its top level shows."""
        module = parse_module(self._texts.get(path, ""))
        if module is None:
            return False
        if path.endswith("__init__.py") and f"{self.dotted(path)}.{name}" in self.by_name:
            return True
        star = any(isinstance(s, ast.ImportFrom) and s.names[0].name == "*" for s in module.body)
        dynamic = any(isinstance(s, ast.FunctionDef) and s.name == "__getattr__" for s in module.body)
        return name in bound_names(module.body) or star or dynamic

    def find(self, name: str, *, called: bool, near: Collection[str] = ()) -> Import | None:
        """How to import a name that a report uses: a module, what exactly one module defines, or a well-known name.

        `called`: the report calls it, so it is no module. `near` are paths the report names, to choose between several.
        """
        if not called and name in self.top_names:
            return Import(name)
        paths = self.definers(name)
        if len(paths) > 1:
            exact = [path for path in paths if path in near]
            public = [path for path in paths if self._public(path, name) and role_of(path) is PathRole.SOURCE]
            paths = tuple(exact if len(exact) == 1 else public if len(public) == 1 else paths)
        if len(paths) == 1:
            return Import(self._public(paths[0], name) or self.dotted(paths[0]), name)
        if paths:
            return None
        return _well_known(name, called=called)

    def same(self, one: Import, other: Import) -> bool:
        """Whether two imports of the tree's own bind the same thing to the same name: one passes the other's on."""
        own = {one.module.partition(".")[0], other.module.partition(".")[0]} <= self.top_names
        return own and bool(one.name) and one.name == other.name and len(self.definers(one.name)) == 1

    def mend(self, wanted: Import) -> Import | None:
        """A report's import as this tree has it: unchanged where it fits or is nobody's here; None where it cannot
        be."""
        top = wanted.module.partition(".")[0]
        if wanted.module in self.by_name:
            path = self.by_name[wanted.module]
            if not wanted.name or self.exports(path, wanted.name):
                return wanted
        installed = top not in self.top_names and (top in self._imported or not self._ending(wanted.module))
        foreign = top in sys.stdlib_module_names or installed
        if (foreign and not wanted.module.startswith(".")) or (not wanted.name and wanted.module in self._packages):
            return wanted
        ending = self._ending(wanted.module)
        if len(ending) == 1 and wanted.name and self.exports(self.by_name[ending[0]], wanted.name):
            return Import(ending[0], wanted.name, wanted.alias)
        if len(ending) == 1 and not wanted.name:
            parent, _, last = ending[0].rpartition(".")
            bound = wanted.alias or wanted.module
            if "." in bound:
                return None
            return Import(parent, last, bound if bound != last else "") if parent else Import(last, "", wanted.alias)
        found = self.find(wanted.name, called=True) if wanted.name else None
        if found is None or found.module.partition(".")[0] not in self.top_names:
            return wanted if wanted.module in self.by_name else None
        return Import(found.module, found.name, wanted.bound if wanted.bound != found.name else "")

    @cached_property
    def _packages(self) -> frozenset[str]:
        return frozenset(name[:stop] for name in self.by_name for stop, char in enumerate(name) if char == ".")

    def _ending(self, module: str) -> list[str]:
        """Dotted names of the tree that end with this one, or that this one ends with."""
        plain = module.strip(".")
        if not plain:
            return []
        ends = [name for name in self.by_name if name == plain or name.endswith(f".{plain}")]
        return ends or [name for name in self.by_name if plain.endswith(f".{name}")]

    def _public(self, path: str, name: str) -> str:
        """The shortest package above a file that passes the name on, as users import it; "" when none does."""
        parts = self.dotted(path).split(".")
        for stop in range(1, len(parts)):
            package = ".".join(parts[:stop])
            init = self.by_name.get(package)
            module = parse_module(self._texts[init]) if init else None
            if module and name in bound_names(module.body):
                return package
        return ""


def _well_known(name: str, *, called: bool) -> Import | None:
    if name == "datetime" and called:
        return Import("datetime", "datetime")
    if not called and name in _COMMON_MODULES:
        return Import(name)
    if name in _ABBREVIATED:
        return Import(_ABBREVIATED[name], "", name)
    return next((Import(module, name) for module, names in _WELL_KNOWN.items() if name in names), None)


def imports_in(statements: Sequence[ast.stmt]) -> tuple[Import, ...]:
    """The names that these import statements import; a relative import keeps its dots."""
    found = []
    for stmt in statements:
        if isinstance(stmt, ast.Import):
            found += [Import(alias.name, "", alias.asname or "") for alias in stmt.names]
        elif isinstance(stmt, ast.ImportFrom):
            module = "." * stmt.level + (stmt.module or "")
            found += [Import(module, alias.name, alias.asname or "") for alias in stmt.names]
    return tuple(found)


def bound_names(statements: Sequence[ast.stmt]) -> frozenset[str]:
    """The names that statements of one block bind, those inside `if` and `try` included."""
    found: set[str] = set()
    for stmt in statements:
        if isinstance(stmt, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(stmt.name)
        elif isinstance(stmt, ast.Import | ast.ImportFrom):
            found.update(item.bound for item in imports_in([stmt]))
        else:
            found.update(n.id for n in ast.walk(stmt) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
            for block in ("body", "orelse", "finalbody", "handlers"):
                inner = getattr(stmt, block, [])
                found.update(bound_names([s for s in inner if isinstance(s, ast.stmt)]))
                for handler in (h for h in inner if isinstance(h, ast.ExceptHandler)):
                    found.update(bound_names(handler.body))
    return frozenset(found)
