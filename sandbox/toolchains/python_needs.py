"""What a Python project needs, as its manifests say it, and how their tables are looked at. Reading one kind of
manifest belongs to its own file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sandbox.toolchains.python_requirements import unique

TESTING = ("test", "tests", "testing", "unittest", "pytest")
DEVELOPING = ("dev", "devel", "develop", "development")


@dataclass(frozen=True, slots=True)
class Needs:
    """Requirement lines: `runtime` are those that installing the project brings along, `declared` a plain list beside
    it, `tests` what only testing needs. `extras` are the names of the project's extras for testing, `extra_lines` what
    those hold, as far as it can be read. A local path is written `-e {tree}/path`. `known` says that `runtime` is
    complete. `python` is the project's requires-python."""

    runtime: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    extra_lines: tuple[str, ...] = ()
    known: bool = False
    python: str = ""

    @staticmethod
    def merged(parts: Iterable[Needs]) -> Needs:
        parts = tuple(parts)
        return Needs(
            runtime=unique(line for part in parts for line in part.runtime),
            declared=unique(line for part in parts for line in part.declared),
            tests=unique(line for part in parts for line in part.tests),
            extras=unique(name for part in parts for name in part.extras),
            extra_lines=unique(line for part in parts for line in part.extra_lines),
            known=any(part.known for part in parts),
            python=next((part.python for part in parts if part.python), ""),
        )


def read_toml(text: str) -> tuple[dict[str, object], str]:
    """The table, and what is wrong with it ("" when nothing is)."""
    try:
        return tomllib.loads(text), ""
    except tomllib.TOMLDecodeError as error:
        return {}, str(error)
    except RecursionError:
        return {}, "it is nested too deeply"


def for_tests(names: Iterable[str], named: Iterable[str] = ()) -> tuple[str, ...]:
    """Those of these groups or extras that are for testing, or `named` by what runs the project's tests; those for
    developing when there are none."""
    names, wanted = tuple(names), {plain(name) for name in (*TESTING, *named)}
    return tuple(n for n in names if plain(n) in wanted) or tuple(n for n in names if plain(n) in DEVELOPING)


def plain(name: str) -> str:
    """A name as packaging compares it."""
    return name.lower().replace("_", "-").replace(".", "-")


def table(of: Mapping[str, object], *names: str) -> Mapping[str, object]:
    """The table under these names, one inside the other; an empty one where there is none."""
    for name in names:
        value = of.get(name)
        of = value if isinstance(value, dict) else {}
    return of


def strings(value: object) -> tuple[str, ...]:
    """The strings of a list, the lines of a text, nothing of anything else."""
    if isinstance(value, str):
        return tuple(value.splitlines())
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, (list, tuple)) else ()
