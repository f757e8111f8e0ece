"""One statement offered to the templates, the clues of the failing test about it, and how templates phrase an edit.

The contract between the template fixer and its rules; which statements are offered, and in which order, is decided in
`ranking.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from bot.fixers.precedence import fitted
from bot.fixers.scope import Scope
from bot.fixers.source import Source, Splice, own_nodes

BRIEF_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Proposal:
    """An edit a rule proposes. `prior` (0 to 1) is how plausible it is that this undoes what a person did wrong."""

    splices: tuple[Splice, ...]
    description: str
    prior: float


@dataclass(frozen=True, slots=True)
class Clues:
    """What the failing tests say about one file. `crashes` maps a line (1-based) to the exceptions raised there."""

    exceptions: frozenset[str] = frozenset()
    messages: tuple[str, ...] = ()
    crashes: dict[int, frozenset[str]] = field(default_factory=dict)
    hangs: bool = False  # a failing test ran out of time, or out of stack


@dataclass(frozen=True)
class Site:
    """A statement that may be wrong, with everything a rule needs to propose edits of it."""

    source: Source
    stmt: ast.stmt
    scope: Scope
    clues: Clues = field(default_factory=Clues)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """The statement's own expression nodes, outermost first."""
        return own_nodes(self.stmt)

    @cached_property
    def expressions(self) -> list[ast.expr]:
        """Those of them that are read as values (no targets), outermost first."""
        return [
            n
            for n in self.nodes
            if isinstance(n, ast.expr) and not isinstance(getattr(n, "ctx", None), ast.Store | ast.Del)
        ]

    @cached_property
    def crash(self) -> frozenset[str]:
        """The exceptions raised on this statement's own lines."""
        last = self.header_end
        lines = range(self.stmt.lineno, last + 1)
        return frozenset().union(*(names for line, names in self.clues.crashes.items() if line in lines))

    @cached_property
    def header_end(self) -> int:
        """The last line (1-based) of the statement without the statements inside it."""
        ends = [getattr(n, "end_lineno", 0) or 0 for n in self.nodes]
        if not isinstance(getattr(self.stmt, "body", None), list):
            ends.append(self.stmt.end_lineno or 0)
        return max([self.stmt.lineno, *ends])

    @cached_property
    def newline(self) -> str:
        return self.source.newline

    def code(self, node: ast.AST) -> str:
        return self.source.code(node)

    def parent(self, node: ast.AST) -> ast.AST:
        return self.source.parents[node]

    # ----------------------------------------------------- phrasing an edit

    def replace(self, node: ast.expr, text: str, prior: float, description: str = "") -> Proposal:
        """`text` in a node's place, in parentheses where they are needed."""
        start, stop = self.source.span(node)
        said = description or f"use `{brief(text)}` instead of `{brief(self.code(node))}`"
        return Proposal((Splice(start, stop, fitted(self.parent(node), node, text)),), said, prior)

    def swap(self, one: ast.expr, two: ast.expr, prior: float, description: str) -> Proposal:
        """Two nodes in each other's place."""
        first = Splice(*self.source.span(one), fitted(self.parent(one), one, self.code(two)))
        second = Splice(*self.source.span(two), fitted(self.parent(two), two, self.code(one)))
        return Proposal((first, second), description, prior)

    def before(self, stmt: ast.stmt, lines: Iterable[str], prior: float, description: str) -> Iterator[Proposal]:
        """New lines in front of a statement, indented like it; nothing when it does not start its line."""
        indent = self.source.indent(stmt)
        if indent is not None and not self._continues_if(stmt):
            at = self.source.lines_span(stmt)[0]
            yield Proposal((Splice(at, at, self.block(lines, indent)),), description, prior)

    def after(self, stmt: ast.stmt, lines: Iterable[str], prior: float, description: str) -> Iterator[Proposal]:
        """New lines behind a statement (and all inside it), indented like it."""
        indent = self.source.indent(stmt)
        if indent is not None and self.source.owns_lines(stmt) and not self._continues_if(stmt):
            at = self.source.lines_span(stmt)[1]
            block = self.block(lines, indent)
            if not self.source.text[:at].endswith(("\n", "\r")):
                block = self.newline + block.removesuffix(self.newline)
            yield Proposal((Splice(at, at, block),), description, prior)

    def rewrite(self, stmt: ast.stmt, text: str, prior: float, description: str = "") -> Proposal:
        """Another statement in a statement's place."""
        said = description or f"write `{brief(text)}` instead of `{brief(self.code(stmt))}`"
        return Proposal((Splice(*self.source.span(stmt), text),), said, prior)

    def guard(self, stmt: ast.stmt, condition: str, prior: float, description: str = "") -> Iterator[Proposal]:
        """The statement under a new `if`."""
        indent = self.source.indent(stmt)
        if indent is None or not self.source.owns_lines(stmt) or self._continues_if(stmt):
            return
        first, last = self.source.lines_span(stmt)
        unit = self.source.indent_unit
        kept = self.source.text[first:last]
        if '"""' in kept or "'''" in kept:
            return  # moving a multi-line string would change its text
        deeper = "".join(unit + line if line.strip() else line for line in kept.splitlines(keepends=True))
        said = description or f"do `{brief(self.code(stmt))}` only if `{brief(condition)}`"
        yield Proposal((Splice(first, last, f"{indent}if {condition}:{self.newline}{deeper}"),), said, prior)

    def remove(self, stmt: ast.stmt) -> Splice | None:
        """Takes a statement with its lines away; None when its block would be empty."""
        if not self.source.owns_lines(stmt) or len(self.source.siblings(stmt)) < 2 or self._continues_if(stmt):
            return None
        return Splice(*self.source.lines_span(stmt), "")

    def block(self, lines: Iterable[str], indent: str) -> str:
        """Lines as text at an indentation; a leading tab in a line stands for one more level."""
        unit = self.source.indent_unit
        return "".join(
            indent + unit * (len(line) - len(line.lstrip("\t"))) + line.lstrip("\t") + self.newline for line in lines
        )

    def _continues_if(self, stmt: ast.stmt) -> bool:
        """True for the `if` of an `elif`."""
        return isinstance(stmt, ast.If) and self.source.text.startswith("elif", self.source.span(stmt)[0])


@dataclass(frozen=True, slots=True)
class Rule:
    """One family of templates. `mistake` says which human mistake it undoes; no proposal's prior exceeds `ceiling`,
    so a rule need not be asked before its best could matter."""

    name: str
    mistake: str
    ceiling: float
    propose: Callable[[Site], Iterator[Proposal]]


def brief(code: str) -> str:
    """Code on one line, cut to what a sentence can hold."""
    flat = " ".join(code.split())
    return flat if len(flat) <= BRIEF_CHARACTERS else flat[: BRIEF_CHARACTERS - 1] + "…"
