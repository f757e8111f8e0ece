"""Reads what one kind of manifest says a Python project needs: pyproject.toml, setup.cfg, setup.py, tox.ini, Pipfile,
requirements files. Pure and tolerant: what cannot be read is left out. Which manifests there are is `python_detect`'s.
"""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import dirname, join, normpath

from packaging.requirements import InvalidRequirement, Requirement

from bot.core.parsing import UNPARSABLE, parse_source
from bot.core.tree import Tree

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
            runtime=_unique(line for part in parts for line in part.runtime),
            declared=_unique(line for part in parts for line in part.declared),
            tests=_unique(line for part in parts for line in part.tests),
            extras=_unique(name for part in parts for name in part.extras),
            extra_lines=_unique(line for part in parts for line in part.extra_lines),
            known=any(part.known for part in parts),
            python=next((part.python for part in parts if part.python), ""),
        )


def read_toml(text: str) -> tuple[dict[str, object], str]:
    """The table, and what is wrong with it ("" when nothing is)."""
    try:
        return tomllib.loads(text), ""
    except tomllib.TOMLDecodeError as error:
        return {}, str(error)


# ------------------------------------------------------------ pyproject


def from_pyproject(table: Mapping[str, object]) -> Needs:
    project, groups = _table(table, "project"), _table(table, "dependency-groups")
    extras = _table(project, "optional-dependencies")
    dynamic = _strings(project.get("dynamic"))
    poetry = _poetry(_table(_table(table, "tool"), "poetry"))
    tests = [line for name in _for_tests(groups) for line in _group(groups, name, frozenset())]
    own = Needs(
        runtime=_valid(_strings(project.get("dependencies"))),
        tests=_valid(tests),
        extras=_for_tests(extras),
        extra_lines=_valid(line for name in _for_tests(extras) for line in _strings(extras[name])),
        known="dependencies" not in dynamic and bool(project),
        python=str(project.get("requires-python", "")),
    )
    return Needs.merged((own, poetry))


def _group(groups: Mapping[str, object], name: str, seen: frozenset[str]) -> list[str]:
    """A dependency group's lines, with the groups that it includes (PEP 735)."""
    found: list[str] = []
    entries = groups.get(name)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, str):
            found.append(entry)
        elif isinstance(entry, dict) and entry.get("include-group") not in seen | {name}:
            found += _group(groups, str(entry.get("include-group")), seen | {name})
    return found


def _poetry(poetry: Mapping[str, object]) -> Needs:
    if not poetry:
        return Needs()
    groups = _table(poetry, "group")
    tests = list(_poetry_lines(_table(poetry, "dev-dependencies")))
    for name in _for_tests(groups):
        tests += _poetry_lines(_table(_table(groups, name), "dependencies"))
    runtime = _table(poetry, "dependencies")
    return Needs(
        runtime=tuple(_poetry_lines(runtime)),
        tests=tuple(tests),
        extras=_for_tests(_table(poetry, "extras")),
        known=True,
    )


def _poetry_lines(table: Mapping[str, object]) -> Iterable[str]:
    for name, value in table.items():
        if name.lower() == "python":
            continue
        wanted = value.get("version", "*") if isinstance(value, dict) else value
        if isinstance(value, dict) and isinstance(value.get("path"), str):
            yield f"-e {{tree}}/{normpath(str(value['path']))}"
        elif isinstance(value, dict) and (value.get("git") or value.get("optional")):
            continue
        elif isinstance(wanted, str):
            yield name + poetry_range(wanted)


def poetry_range(text: str) -> str:
    """Poetry's version range in everybody's notation: "^1.2" -> ">=1.2,<2"."""
    parts = []
    for part in (piece.strip() for piece in text.split(",")):
        numbers = re.match(r"([\^~])\s*(\d+(?:\.\d+)*)", part)
        if part in ("*", ""):
            continue
        if numbers is None:
            parts.append(part if part[0] in "<>=!~" else f"=={part}")
            continue
        version = [int(n) for n in numbers.group(2).split(".")]
        place = min(1, len(version) - 1)
        if numbers.group(1) == "^":
            place = next((i for i, n in enumerate(version) if n), len(version) - 1)
        above = [*version[:place], version[place] + 1]
        parts.append(f">={numbers.group(2)},<{'.'.join(map(str, above))}")
    return ",".join(parts)


# ------------------------------------------------- setup.cfg, setup.py


def from_setup_cfg(text: str) -> Needs:
    parser = _ini(text)
    if not parser.has_section("options"):
        return Needs()
    extras = dict(parser.items("options.extras_require")) if parser.has_section("options.extras_require") else {}
    return Needs(
        runtime=_valid(parser.get("options", "install_requires", fallback="").splitlines()),
        tests=_valid(parser.get("options", "tests_require", fallback="").splitlines()),
        extras=_for_tests(extras),
        extra_lines=_valid(line for name in _for_tests(extras) for line in extras[name].splitlines()),
        known=True,
        python=parser.get("options", "python_requires", fallback=""),
    )


def from_setup_py(text: str) -> Needs:
    """What is written out in the call of setup(), or in a list that it names; never runs anything."""
    try:
        module = parse_source(text)
    except UNPARSABLE:
        return Needs()
    names = {
        target.id: node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "setup":
            given = {word.arg: _literal(word.value, names) for word in node.keywords if word.arg}
            runtime, extras = given.get("install_requires", []), given.get("extras_require", {})
            extras = extras if isinstance(extras, dict) else {}
            return Needs(
                runtime=_valid(_strings(runtime)),
                tests=_valid(_strings(given.get("tests_require"))),
                extras=_for_tests(extras),
                extra_lines=_valid(line for name in _for_tests(extras) for line in _strings(extras[name])),
                known=runtime is not None and not any(word.arg is None for word in node.keywords),
                python=str(given.get("python_requires") or ""),
            )
    return Needs()


def _literal(node: ast.expr, names: Mapping[str, ast.expr]) -> object:
    """The value that is written there, or None."""
    if isinstance(node, ast.Name) and node.id in names:
        node = names[node.id]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {key.value: _literal(value, names) for key, value in pairs if isinstance(key, ast.Constant)}
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return None
    return value


# ---------------------------------------------------- tox.ini, Pipfile


def from_tox(text: str, tree: Tree) -> Needs:
    """The dependencies of [testenv]; lines with substitutions are left out, factors ("py39: x") taken off."""
    parser = _ini(text)
    found: list[str] = []
    for raw in parser.get("testenv", "deps", fallback="").splitlines():
        line = re.sub(r"^[\w.,!{}-]+:\s+", "", raw.strip()).replace("{toxinidir}/", "")
        reference = re.match(r"(?:-r|--requirement)[ =]?\s*(\S+)$", line)
        if reference:
            found += read_requirements(tree, normpath(reference.group(1)))
        elif line and "{" not in line:
            found += _valid([line])
    extras = _for_tests(dict.fromkeys(re.split(r"[,\s]+", parser.get("testenv", "extras", fallback=""))))
    return Needs(tests=tuple(found), extras=extras)


def from_pipfile(text: str) -> Needs:
    table, _ = read_toml(text)
    return Needs(
        declared=tuple(_poetry_lines(_table(table, "packages"))),
        tests=tuple(_poetry_lines(_table(table, "dev-packages"))),
    )


# ------------------------------------------------------ requirements


def read_requirements(tree: Tree, path: str, seen: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The lines of a requirements file and of those it includes, without hashes and comments. A local path becomes an
    editable one, so that its code is the tree's. Constraints and pip's other options are left out."""
    text = (tree.text(path) or "").replace("\\\r\n", " ").replace("\\\n", " ") if path in tree else ""
    found: list[str] = []
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        line = re.sub(r"\s+--(?:hash|global-option|config-settings?)[= ]\S+", "", line)
        include = re.match(r"(?:-r|--requirement)[ =]?\s*(\S+)$", line)
        local = re.match(r"(?:-e\s*|--editable[ =]\s*)?(?:file:)?(\.{1,2}(?:/[^\[\s]*)?|[\w./-]+/)(\[[^\]]*\])?$", line)
        if include:
            inner = normpath(join(dirname(path), include.group(1)))
            if inner not in seen | {path}:
                found += read_requirements(tree, inner, seen | {path})
        elif local:
            inside = normpath(local.group(1))
            if not inside.startswith(".."):
                found.append(f"-e {{tree}}{'' if inside == '.' else '/' + inside}{local.group(2) or ''}")
        elif line.startswith(("-e", "--editable")):
            found.append(re.sub(r"^(?:-e\s*|--editable[ =]\s*)", "", line))  # a repository's address
        elif line and not line.startswith("-"):
            found.append(line)
    return _unique(found)


# -------------------------------------------------------------- pieces


def _for_tests(names: Mapping[str, object]) -> tuple[str, ...]:
    """Those of these names that are for testing; those for developing when there are none."""
    by_kind = [tuple(n for n in names if n.lower().replace("_", "-") in kind) for kind in (TESTING, DEVELOPING)]
    return by_kind[0] or by_kind[1]


def _valid(lines: Iterable[str]) -> tuple[str, ...]:
    found = []
    for line in (line.split(" #")[0].strip() for line in lines):
        try:
            Requirement(line)
        except InvalidRequirement:
            continue
        found.append(line)
    return tuple(found)


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _ini(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def _table(table: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = table.get(name)
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.splitlines())
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, (list, tuple)) else ()
