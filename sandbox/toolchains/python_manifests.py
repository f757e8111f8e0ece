"""Reads what one kind of manifest says a Python project needs: pyproject.toml, setup.cfg, setup.py, Pipfile. Pure and
tolerant: what cannot be read is left out. Which manifests there are is `python_detect`'s.
"""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterable, Iterator, Mapping

from bot.core.parsing import UNPARSABLE, parse_source
from sandbox.toolchains.python_needs import Needs, for_tests, plain, read_toml, strings, table
from sandbox.toolchains.python_poetry import from_poetry, poetry_lines
from sandbox.toolchains.python_requirements import valid

MAX_SETUP_CHARS = 200_000
MAX_DEPTH = 2  # extras_require is a dictionary of lists

# ------------------------------------------------------------ pyproject


def from_pyproject(top: Mapping[str, object], folder: str = ".", named: Iterable[str] = ()) -> Needs:
    """What pyproject.toml says, whatever tool it is written for. `named` are groups and extras that testing needs
    besides those whose names say so; local paths are relative to `folder`."""
    named, project, tools = tuple(named), table(top, "project"), table(top, "tool")
    extras = table(project, "optional-dependencies")
    dynamic = strings(project.get("dynamic"))
    own = Needs(
        runtime=valid(strings(project.get("dependencies"))),
        tests=valid((*_groups(table(top, "dependency-groups"), named), *_of_tools(tools, named))),
        extras=for_tests(extras, named),
        extra_lines=valid(line for name in for_tests(extras, named) for line in strings(extras[name])),
        known="dependencies" not in dynamic and bool(project),
        python=str(project.get("requires-python", "")),
    )
    return Needs.merged((own, from_poetry(table(tools, "poetry"), folder, named)))


def _groups(groups: Mapping[str, object], named: Iterable[str]) -> Iterator[str]:
    """The lines of the dependency groups for testing, with the groups that they include (PEP 735)."""
    left, seen = list(reversed(for_tests(groups, named))), set[str]()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        entries = groups.get(name)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, str):
                yield entry
            elif isinstance(entry, dict):
                wanted = plain(str(entry.get("include-group")))
                left += [other for other in groups if plain(other) == wanted]


def _of_tools(tools: Mapping[str, object], named: Iterable[str]) -> Iterator[str]:
    """What uv, pdm and hatch knew as dependencies for developing before there were groups."""
    yield from strings(table(tools, "uv").get("dev-dependencies"))
    lists = table(tools, "pdm", "dev-dependencies")
    for name in for_tests(lists, named):
        yield from (line for line in strings(lists[name]) if not line.startswith("-e"))
    hatch = table(tools, "hatch", "envs")
    for name in ("hatch-test", "test", "tests", "testing", "default"):
        entry = table(hatch, name)
        found = (*strings(entry.get("dependencies")), *strings(entry.get("extra-dependencies")))
        yield from found
        if found:
            return


# ------------------------------------------------- setup.cfg, setup.py


def from_setup_cfg(text: str, named: Iterable[str] = ()) -> Needs:
    parser = read_ini(text)
    if not parser.has_section("options"):
        return Needs()
    extras = dict(parser.items("options.extras_require")) if parser.has_section("options.extras_require") else {}
    return Needs(
        runtime=valid(parser.get("options", "install_requires", fallback="").splitlines()),
        tests=valid(parser.get("options", "tests_require", fallback="").splitlines()),
        extras=for_tests(extras, named),
        extra_lines=valid(line for name in for_tests(extras, named) for line in extras[name].splitlines()),
        known=True,
        python=parser.get("options", "python_requires", fallback=""),
    )


def from_setup_py(text: str, named: Iterable[str] = ()) -> Needs:
    """What is written out in the call of setup(), or in a list that it names; never runs anything."""
    try:
        return _from_setup_call(parse_source(text[:MAX_SETUP_CHARS]), tuple(named))
    except UNPARSABLE:
        return Needs()


def _from_setup_call(module: ast.Module, named: tuple[str, ...]) -> Needs:
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
            extras = {k: v for k, v in extras.items() if isinstance(k, str)} if isinstance(extras, dict) else {}
            return Needs(
                runtime=valid(strings(runtime)),
                tests=valid(strings(given.get("tests_require"))),
                extras=for_tests(extras, named),
                extra_lines=valid(line for name in for_tests(extras, named) for line in strings(extras[name])),
                known=runtime is not None and not any(word.arg is None for word in node.keywords),
                python=str(given.get("python_requires") or ""),
            )
    return Needs()


def _literal(node: ast.expr, names: Mapping[str, ast.expr], depth: int = 0) -> object:
    """The value that is written there, or None."""
    if depth > MAX_DEPTH:  # names may name each other in circles
        return None
    if isinstance(node, ast.Name) and node.id in names:
        node = names[node.id]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {key.value: _literal(value, names, depth + 1) for key, value in pairs if isinstance(key, ast.Constant)}
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return None
    return value


# ------------------------------------------------------------- Pipfile


def from_pipfile(text: str, folder: str = ".") -> Needs:
    top, _ = read_toml(text)
    return Needs(
        declared=tuple(poetry_lines(table(top, "packages"), folder)),
        tests=tuple(poetry_lines(table(top, "dev-packages"), folder)),
    )


# -------------------------------------------------------------- pieces


def read_ini(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser
