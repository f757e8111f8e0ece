"""Finds tests that a report brings itself, written for pytest or unittest. Placing them belongs to `snippet`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.artifacts import Analysis
from bot.core.evidence import Provenance
from bot.reproducers.script import Script, parse_script


@dataclass(frozen=True, slots=True)
class GivenTests:
    """`source` is everything of the snippet but its imports; `tests` are their ids below the file; `names` what the
    source binds."""

    source: str
    script: Script
    tests: tuple[str, ...]
    names: tuple[str, ...]
    provenance: Provenance


def given_tests(analysis: Analysis) -> Iterator[GivenTests]:
    """Snippets that hold tests and nothing else but definitions. Parametrised tests are left out: how the runner will
    call them cannot be told."""
    for snippet in analysis.snippets:
        script = parse_script(snippet.code)
        if script is None:
            continue
        tests = tuple(name for stmt in script.statements for name in _tests_of(stmt))
        definitions = [s for s in script.statements if not isinstance(s, ast.Import | ast.ImportFrom)]
        plain = (ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
        if not tests or not all(isinstance(stmt, plain) for stmt in definitions):
            continue
        source = "\n\n\n".join(script.segment(stmt) for stmt in definitions)
        named = [s.name for s in definitions if isinstance(s, ast.FunctionDef | ast.ClassDef)]
        assigned = [
            n.id for s in definitions if isinstance(s, ast.Assign) for n in s.targets if isinstance(n, ast.Name)
        ]
        yield GivenTests(source, script, tests, (*named, *assigned), snippet.provenance)


def _tests_of(stmt: ast.stmt) -> Iterator[str]:
    if isinstance(stmt, ast.FunctionDef):
        if stmt.name.startswith("test") and not _parametrised(stmt):
            yield stmt.name
    elif isinstance(stmt, ast.ClassDef):
        case = any("TestCase" in ast.unparse(base) for base in stmt.bases)
        if case or stmt.name.startswith("Test"):
            for inner in stmt.body:
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test") and not _parametrised(inner):
                    yield f"{stmt.name}::{inner.name}"


def _parametrised(function: ast.FunctionDef) -> bool:
    return any("parametrize" in ast.unparse(decorator) for decorator in function.decorator_list)
