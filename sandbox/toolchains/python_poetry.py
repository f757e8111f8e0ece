"""Reads Poetry's own tables of pyproject.toml, and Pipfile's, which look alike, in everybody's notation. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from sandbox.toolchains.python_needs import Needs, for_tests, table
from sandbox.toolchains.python_requirements import local_path, unique, valid


def from_poetry(poetry: Mapping[str, object], folder: str = ".", named: Iterable[str] = ()) -> Needs:
    """What [tool.poetry] says; `named` are further groups and extras that testing needs."""
    if not poetry:
        return Needs()
    named, groups, runtime = tuple(named), table(poetry, "group"), table(poetry, "dependencies")
    tests = list(poetry_lines(table(poetry, "dev-dependencies"), folder))
    for name in for_tests(groups, named):
        tests += poetry_lines(table(groups, name, "dependencies"), folder)
    extras = table(poetry, "extras")
    return Needs(
        runtime=tuple(poetry_lines(runtime, folder)),
        tests=unique(tests),
        extras=for_tests(extras, named),
        known="dependencies" in poetry,
        python=poetry_range(str(runtime.get("python", ""))),
    )


def poetry_lines(entries: Mapping[str, object], folder: str) -> Iterator[str]:
    """The requirement lines of one table: name = range, or name = {version, extras, markers, path, git, …}."""
    for name, value in entries.items():
        if name.lower() == "python":
            continue
        for one in value if isinstance(value, list) else (value,):
            yield from _line(name, one if isinstance(one, dict) else {"version": one}, folder)


def _line(name: str, entry: Mapping[str, object], folder: str) -> Iterator[str]:
    if entry.get("optional") is True:
        return
    if isinstance(entry.get("path"), str):
        placed = local_path(folder, str(entry["path"]))
        if placed:
            yield placed
        return
    extras = entry.get("extras")
    named = [str(extra) for extra in extras] if isinstance(extras, list) else []
    start = name + (f"[{','.join(named)}]" if named else "")
    if isinstance(entry.get("git"), str):
        at = next((str(entry[word]) for word in ("rev", "tag", "branch", "ref") if entry.get(word)), "")
        yield from valid([f"{start} @ git+{entry['git']}" + (f"@{at}" if at else "")])
    elif isinstance(entry.get("url"), str):
        yield from valid([f"{start} @ {entry['url']}"])
    else:
        wanted = entry.get("version", "*")
        conditions = [str(entry["markers"])] if isinstance(entry.get("markers"), str) else []
        conditions += _python_marker(str(entry.get("python", "")))
        marker = " and ".join(f"({condition})" for condition in conditions)
        if isinstance(wanted, str):
            yield from valid([start + poetry_range(wanted) + (f" ; {marker}" if marker else "")])


def _python_marker(wanted: str) -> list[str]:
    """A range of Pythons as a marker; several ranges ("^3.8 || ^4") as none, which installs rather too much."""
    bounds = poetry_range(wanted) if "|" not in wanted else ""
    matches = [re.fullmatch(r"([<>=!~]+)([\d.*]+)", bound) for bound in bounds.split(",") if bound]
    return [f'python_version {match[1]} "{match[2]}"' for match in matches if match]


def poetry_range(text: str) -> str:
    """Poetry's version range in everybody's notation: "^1.2" -> ">=1.2,<2". Of several ranges ("^1 || ^2") the last:
    there is no notation for them."""
    parts = []
    for part in (piece.strip() for piece in text.rpartition("||")[2].split(",")):
        numbers = re.match(r"([\^~])\s*(\d+(?:\.\d+)*)", part)
        if part in ("*", ""):
            continue
        if numbers is None:
            parts.append(part.replace(" ", "") if part[0] in "<>=!~" else f"=={part}")
            continue
        version = [int(n) for n in numbers.group(2).split(".")]
        place = min(1, len(version) - 1)
        if numbers.group(1) == "^":
            place = next((i for i, n in enumerate(version) if n), len(version) - 1)
        above = [*version[:place], version[place] + 1]
        parts.append(f">={numbers.group(2)},<{'.'.join(map(str, above))}")
    return ",".join(parts)
