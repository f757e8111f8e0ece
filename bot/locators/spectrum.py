"""Suspects from test spectra: lines that failing tests execute and passing ones do not.

Ochiai (Abreu, Zoeteweij and van Gemund, 2006): for a line that `ef` failing and `ep` passing tests execute, out of `F`
failing ones, suspicion is ef / sqrt(F * (ef + ep)), between 0 and 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from bot.core.artifacts import Suspect
from bot.core.path_roles import PathRole, role_of
from bot.core.python_source import Definition, DefinitionKind, Statement, definitions, enclosing, statements
from bot.core.testing import TestCoverage
from bot.ports import LocateQuestion

_Line = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Spectrum:
    """How many failing and passing tests execute each line, and how many of both there are."""

    failed: Counter[_Line]
    passed: Counter[_Line]
    total_failed: int
    total_passed: int


class SpectrumLocator:
    """Every statement that a failing test executes, most suspicious first; ties stay in the files' order.

    Only code that a fix may lie in: no tests, no imports, no definition lines. With no passing test that covers them,
    all executed statements tie, which leaves the order to the other locators.
    """

    name = "spectrum"

    def locate(self, question: LocateQuestion) -> Sequence[Suspect]:
        failing = _runs(question.coverage, question.failing_ids)
        if not failing:
            return []
        passing = _runs(question.coverage, question.passing_ids)
        spectrum = _Spectrum(_counts(failing), _counts(passing), len(failing), len(passing))
        by_path: dict[str, set[int]] = {}
        for path, line in spectrum.failed:
            if role_of(path) not in (PathRole.TEST, PathRole.OTHER) and path in question.tree:
                by_path.setdefault(path, set()).add(line)
        suspects = [
            suspect
            for path in sorted(by_path)
            for suspect in _of_file(path, question.tree.text(path) or "", by_path[path], spectrum)
        ]
        return sorted(suspects, key=lambda suspect: -suspect.score)


def ochiai(failed: int, passed: int, total_failed: int) -> float:
    """Suspicion of a line that this many failing and passing tests execute."""
    return failed / sqrt(total_failed * (failed + passed)) if failed else 0.0


def _runs(coverage: Iterable[TestCoverage], ids: Sequence[str]) -> list[TestCoverage]:
    wanted = set(ids)
    return [run for run in coverage if run.id in wanted]


def _counts(runs: Iterable[TestCoverage]) -> Counter[_Line]:
    return Counter((path, line) for run in runs for path, lines in run.lines for line in set(lines))


def _of_file(path: str, text: str, executed: set[int], spectrum: _Spectrum) -> list[Suspect]:
    outline = definitions(text)
    found: list[Suspect] = []
    for first, last in _executed_statements(statements(text), executed):
        lines = [(path, line) for line in range(first, last + 1)]
        ef, ep = max(spectrum.failed[line] for line in lines), max(spectrum.passed[line] for line in lines)
        around = enclosing(outline, first)
        inside = around is not None and around.kind is DefinitionKind.FUNCTION
        if not inside and ep == spectrum.total_passed > 0:
            continue  # module level: all tests pass through it
        score = ochiai(ef, ep, spectrum.total_failed)
        reason = (
            f"Executed by {ef} of {spectrum.total_failed} failing and {ep} of {spectrum.total_passed} passing tests."
        )
        found.append(Suspect(path, first, last, score, _symbol(around), (reason,)))
    return found


def _executed_statements(parsed: Sequence[Statement], executed: set[int]) -> list[tuple[int, int]]:
    """(first line, last line) of each statement with an executed line; bare lines of a file that does not parse."""
    if not parsed:
        return [(line, line) for line in sorted(executed)]
    places = {
        (stmt.line_start, stmt.line_end): None
        for stmt in parsed
        if not stmt.declares and not executed.isdisjoint(range(stmt.line_start, stmt.line_end + 1))
    }
    return list(places)


def _symbol(around: Definition | None) -> str:
    return around.qualname if around else ""
