"""CSV export of report rows, in the form RFC 4180 describes (lines end with CR LF)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

NEEDS_QUOTES = (",", '"', "\n", "\r")

Value = str | int | Decimal | date | bool | None


def export(columns: Sequence[str], rows: Iterable[Mapping[str, Value]]) -> str:
    """A header line and one line per row; a column that a row lacks is left empty."""
    lines = [_line(columns)]
    for row in rows:
        lines.append(_line([_text(row.get(column)) for column in columns]))
    return "".join(line + "\r\n" for line in lines)


def _line(cells: Iterable[str]) -> str:
    return ",".join(_cell(cell) for cell in cells)


def _cell(text: str) -> str:
    if any(mark in text for mark in NEEDS_QUOTES) or text != text.strip():
        escaped = text.replace('"', '\\"')
        return f'"{escaped}"'
    return text


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
