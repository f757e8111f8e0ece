"""File names as the file list shows them: sorted as people count, grouped, shortened."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

NUMBER = re.compile(r"\d+")


def natural_key(name: str) -> tuple:
    """Sort key under which `img2` comes before `img10`, wherever the numbers stand; case does not matter.

    Where one name has a number and another has text, the number comes first.
    """
    match = NUMBER.search(name)
    if match is None:
        return (name.lower(), 0)
    return (name[: match.start()].lower(), int(match.group()))


def arranged(names: Iterable[str]) -> list[str]:
    """Names in natural order."""
    return sorted(names, key=natural_key)


def by_extension(names: Iterable[str]) -> dict[str, list[str]]:
    """Names in natural order under their lower-case extension; "" for none."""
    groups: dict[str, list[str]] = {}
    for name in arranged(names):
        groups.setdefault(PurePosixPath(name).suffix.lower(), []).append(name)
    return groups


def shortened(name: str, width: int) -> str:
    """The name in at most `width` characters, its extension kept: `very-lo….txt`."""
    if len(name) <= width:
        return name
    suffix = PurePosixPath(name).suffix
    room = width - len(suffix) - 1
    if room < 1:
        return name[: width - 1] + "…"
    return name[:room] + "…" + suffix
