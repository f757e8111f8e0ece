"""What every bench prints: the table for people, and the JSON line for programs."""

from __future__ import annotations

import io
import json

from rich.console import Console

from bench.mutants import mutants
from bench.report import BenchReport, this_machine

REPORT = BenchReport(
    title="bench.example",
    columns=("how", "ms each"),
    rows=(("slow", "20.0"), ("quick", "1.0")),
    figures={"ratio": 20.0},
    notes=("Measured on air.",),
    machine={"processor": "abacus", "cores": 2},
)


def shown(*, as_json: bool) -> str:
    out = io.StringIO()
    REPORT.show(as_json=as_json, console=Console(file=out, width=60))
    return out.getvalue()


def test_the_table_is_for_people() -> None:
    assert [line.rstrip() for line in shown(as_json=False).splitlines() if line.strip()] == [
        "bench.example",
        "  how     ms each",
        " ─────────────────",
        "  slow       20.0",
        "  quick       1.0",
        "Measured on air.",
        "processor abacus, cores 2",
    ]


def test_the_last_line_is_one_json_object_however_narrow_the_terminal() -> None:
    expected = {"bench": "bench.example", "ratio": 20.0, "machine": {"processor": "abacus", "cores": 2}}
    assert json.loads(shown(as_json=True).splitlines()[-1]) == expected


def test_the_machine_and_the_versions_are_named() -> None:
    found = this_machine(("pytest", "no-such-package"))
    assert list(found) == ["processor", "cores", "system", "python", "pytest", "no-such-package"]
    assert found["processor"]
    assert found["no-such-package"] == "not installed"


def test_mutants_are_single_edits_first_then_pairs() -> None:
    source = "def double(n):\n    return n + n * 2\n"
    found = list(mutants(source))
    assert found[:2] == ["def double(n):\n    return n - n * 2\n", "def double(n):\n    return n * n * 2\n"]
    assert "def double(n):\n    return n - n * 3\n" in found
    assert len(set(found)) == len(found)
    assert source not in found
