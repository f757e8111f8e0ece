"""Converts quantities written with a unit: lengths, times, masses, and rates such as `km/h`."""

from __future__ import annotations

import re

from unit_tables import UnknownUnit, factor

QUANTITY = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)\s*([a-z]+(?:/[a-z]+)?)\s*")


def convert(value: float, source: str, target: str) -> float:
    """`value` in `source` expressed in `target`. A rate converts to a rate only."""
    if ("/" in source) != ("/" in target):
        raise UnknownUnit(f"cannot convert {source} to {target}")
    if "/" in source:
        return _convert_rate(value, source, target)
    return value * factor(source, target)


def _convert_rate(value: float, source: str, target: str) -> float:
    source_top, source_bottom = source.split("/")
    target_top, target_bottom = target.split("/")
    return value * factor(source_top, target_top) * factor(source_bottom, target_bottom)


def parse(text: str) -> tuple[float, str]:
    """`"12.5 km/h"` as number and unit."""
    match = QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"not a quantity: {text!r}")
    return float(match[1]), match[2]


def convert_text(text: str, target: str, digits: int = 2) -> str:
    value, source = parse(text)
    return f"{convert(value, source, target):.{digits}f} {target}"
