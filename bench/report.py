"""How every bench tells what it measured: a readable table, and with `--json` one JSON object as the last line.

Measuring belongs to the benches. The machine and the versions are part of every result.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

NAMED_PACKAGES = ("fixbugs", "pytest")
Figure = float | int | str | bool


def this_machine(packages: Sequence[str] = NAMED_PACKAGES) -> dict[str, Figure]:
    """What the numbers were measured on: processor, cores, system, and the versions of Python and these packages."""
    found: dict[str, Figure] = {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


@dataclass(frozen=True)
class BenchReport:
    """What one bench measured. `figures` are what a program reads, named with their units (`ratio`, `overhead_ms`);
    `rows` are what a person reads, one cell per column; `notes` are sentences below the table."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: Mapping[str, Figure]
    notes: tuple[str, ...] = ()
    machine: Mapping[str, Figure] = field(default_factory=this_machine)

    def json_line(self) -> str:
        """One line: {"bench": title, <figures>, "machine": {...}}."""
        return json.dumps({"bench": self.title, **self.figures, "machine": dict(self.machine)})

    def table(self) -> Table:
        """The rows; the first column reads from the left, the others are numbers."""
        table = Table(title=self.title, title_justify="left", box=box.SIMPLE_HEAD)
        for number, name in enumerate(self.columns):
            table.add_column(name, justify="right" if number else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def show(self, *, as_json: bool, console: Console | None = None) -> None:
        """Prints the table, and after it the JSON line when asked for."""
        console = console or Console()
        console.print(self.table())
        for line in (*self.notes, ", ".join(f"{name} {value}" for name, value in self.machine.items())):
            console.print(line, markup=False, highlight=False)
        if as_json:
            # Not through rich: it would wrap the line to the terminal's width.
            console.file.write(self.json_line() + "\n")


def bench_parser(module: str, about: str) -> argparse.ArgumentParser:
    """The arguments that every bench takes."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    return parser


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
