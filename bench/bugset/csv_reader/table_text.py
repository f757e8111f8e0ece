"""Reads the CSV files that customers upload: comma separated, cells may be quoted as spreadsheets do it."""

from __future__ import annotations

from collections.abc import Iterator


class TableError(ValueError):
    """The upload cannot be read; the message says where."""


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each row; empty lines are skipped.

    A quoted cell may hold commas and line ends, and `""` in it is one quote. White space belongs to the cell.
    """
    for line in text.splitlines():
        if not line:
            continue
        yield [cell.removeprefix('"').removesuffix('"') for cell in line.split(",")]


def records(text: str) -> list[dict[str, str]]:
    """One dictionary per row, keyed by the header. TableError for a row of another length."""
    lines = rows(text)
    header = next(lines, None)
    if header is None:
        raise TableError("the file is empty")
    names = [name.strip().lower() for name in header]
    if len(set(names)) != len(names):
        raise TableError("two columns have the same name")
    found = []
    for number, row in enumerate(lines, start=2):
        if len(row) != len(names):
            raise TableError(f"row {number} has {len(row)} cells, the header has {len(names)}")
        found.append(dict(zip(names, row)))
    return found


def column_sum(table: list[dict[str, str]], column: str) -> float:
    """The sum of a column; empty cells count as zero, commas in numbers group thousands."""
    return sum(float(record[column].replace(",", "")) for record in table if record[column].strip())
