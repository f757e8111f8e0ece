"""Reads how tox tests a project: tox.ini, setup.cfg, or [tool.tox] of pyproject.toml. Pure; substitutions that need tox
itself are left out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.core.tree import Tree
from sandbox.toolchains.python_folder import inside
from sandbox.toolchains.python_manifests import read_ini
from sandbox.toolchains.python_needs import strings, table
from sandbox.toolchains.python_requirements import read_requirements, unique, valid

FACTORS = re.compile(r"^[\w.,!{}-]+:\s+")
REFERENCE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)$")
LOCAL_FOLDERS = ("{toxinidir}/", "{tox_root}/", "./")


@dataclass(frozen=True, slots=True)
class Tox:
    """What tox would install beside the project (requirement lines), which of its extras and groups, and how it would
    run its tests: the commands' arguments, and variables."""

    deps: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    environ: tuple[tuple[str, str], ...] = ()


def read_tox(tree: Tree, pyproject: Mapping[str, object], folder: str = ".") -> Tox:
    """The first of tox's files that says anything, as tox itself looks for them."""
    at = "" if folder == "." else f"{folder}/"
    for text in (tree.text(f"{at}tox.ini"), str(table(pyproject, "tool", "tox").get("legacy_tox_ini") or "")):
        found = _from_ini(text or "", tree, folder)
        if found != Tox():
            return found
    return _from_table(table(pyproject, "tool", "tox", "env_run_base"), tree, folder)


def _from_ini(text: str, tree: Tree, folder: str) -> Tox:
    parser = read_ini(text)

    def lines(key: str) -> tuple[str, ...]:
        return tuple(FACTORS.sub("", raw.strip()) for raw in parser.get("testenv", key, fallback="").splitlines())

    return Tox(
        deps=unique(_deps(lines("deps"), tree, folder)),
        extras=_names(lines("extras")),
        groups=_names(lines("dependency_groups")),
        commands=tuple(_commands(lines("commands"))),
        environ=tuple(_pairs(line.partition("=")[::2] for line in lines("setenv") + lines("set_env"))),
    )


def _from_table(base: Mapping[str, object], tree: Tree, folder: str) -> Tox:
    commands = base.get("commands")
    written = [strings(one) for one in commands] if isinstance(commands, list) else []
    return Tox(
        deps=unique(_deps(strings(base.get("deps")), tree, folder)),
        extras=_names(strings(base.get("extras"))),
        groups=_names(strings(base.get("dependency_groups"))),
        commands=tuple(command for command in written if command),
        environ=tuple(_pairs((k, v) for k, v in table(base, "set_env").items() if isinstance(v, str))),
    )


def _deps(lines: Iterable[str], tree: Tree, folder: str) -> Iterator[str]:
    for raw in lines:
        line = raw
        for start in LOCAL_FOLDERS:
            line = line.replace(start, "")
        reference = REFERENCE.match(line)
        path = inside(folder, reference.group(1)) if reference else None
        if path:
            yield from read_requirements(tree, path, folder)
        elif line and "{" not in line:
            yield from valid([line])


def _names(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for line in lines for name in re.split(r"[,\s]+", line) if name and "{" not in name)


def _commands(lines: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Each command's words; "{posargs:tests}" stands for its default."""
    for line in _joined(lines):
        try:
            words = shlex.split(re.sub(r"\{posargs:?([^{}]*)\}", r"\1", line))
        except ValueError:
            continue
        if words:
            yield tuple(words)


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Lines with those that a backslash continues."""
    whole = ""
    for line in lines:
        whole += line.removesuffix("\\")
        if not line.endswith("\\"):
            yield whole
            whole = ""
    yield whole


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in pairs:
        if re.fullmatch(r"[A-Za-z_]\w*", name.strip()) and "{" not in value:
            yield name.strip(), value.strip()
