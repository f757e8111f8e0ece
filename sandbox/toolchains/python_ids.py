"""Test ids as people write them, and the ones pytest uses. Pure; collecting belongs to the workbench."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Sequence
from posixpath import normpath

from bot.core.tree import Tree
from sandbox.toolchains.base import Selection

SHOWN_IDS = 5
SHOWN_FILES = 10
UNITTEST_LINE = re.compile(r"^(\w+) \(([\w.]+)\)$")  # "test_b (tests.test_x.TestA)", as unittest prints it


def select(targets: Sequence[str], ids: Sequence[str], tree: Tree) -> Selection:
    """The ids these targets stand for, in the order of `ids` per target; each target without any, with a reason."""
    found: dict[str, None] = {}
    unknown = []
    for target in targets:
        meant, doubt = _meant(normal(target), ids)
        found.update(dict.fromkeys(meant))
        if not meant:
            unknown.append((target, doubt or _not_found(normal(target), ids, tree)))
    return Selection(tuple(found), tuple(unknown))


def files_for(targets: Sequence[str], tree: Tree) -> tuple[str, ...]:
    """The files (or folders) that hold these targets; empty when one of them could be anywhere."""
    files = []
    for target in map(normal, targets):
        file = _file_of(target, tree)
        if not file:
            return ()
        files.append(file)
    return tuple(dict.fromkeys(files))


def normal(target: str) -> str:
    """A target with pytest's separators: backslashes in the path, "./" and unittest's own line are rewritten."""
    target = target.strip().strip("`'\"")
    line = UNITTEST_LINE.match(target)
    if line:
        name, owner = line.groups()
        return owner if owner.endswith(f".{name}") else f"{owner}.{name}"
    path, colons, rest = target.partition("::")
    if "[" not in path and ("\\" in path or "/" in path):
        path = normpath(path.replace("\\", "/"))
    return path + colons + rest


def _meant(target: str, ids: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The ids, or none and why not. Exact first, then a whole file, folder or class, then less precise forms."""
    if target in ids:
        return (target,), ""
    if not target:
        return (), "it is empty"
    for form in _forms(target):
        below = tuple(i for i in ids if _stands_for(form, i))
        if below:
            return below, ""
    for form in _forms(target):
        loose = tuple(i for i in ids if any(_stands_for(form, tail) for tail in _tails(i)))
        files = {i.split("::")[0] for i in loose}
        if len(files) == 1:
            return loose, ""
        if files:
            named = ", ".join(sorted(files)[:3])
            return (), f"{len(files)} files have such a test ({named}): name one as path::test"
    return (), ""


def _forms(target: str) -> Iterable[str]:
    """The target, and what it is as a path when it is a dotted name."""
    yield target
    base, bracket, params = target.partition("[")
    if "::" not in base and "/" not in base and "." in base and not base.endswith(".py"):
        parts = base.split(".")
        for cut in range(len(parts), 0, -1):
            yield "::".join(("/".join(parts[:cut]) + ".py", *parts[cut:])) + bracket + params
        yield "::".join(parts) + bracket + params
        yield "/".join(parts)


def _stands_for(form: str, test_id: str) -> bool:
    if test_id == form:
        return True
    if not test_id.startswith(form):
        return False
    return test_id[len(form)] in "/[" or test_id.startswith("::", len(form)) or form.endswith("/")


def _tails(test_id: str) -> Iterable[str]:
    """The id without its first folders, and without its file."""
    base = test_id.split("[", maxsplit=1)[0]
    for match in re.finditer(r"/|::", base):
        yield test_id[match.end() :]


def _file_of(target: str, tree: Tree) -> str:
    for form in _forms(target):
        path = form.split("::")[0].split("[")[0].rstrip("/")
        if path in tree or (path and any(p.startswith(f"{path}/") for p in tree)):
            return path
        if path.endswith(".py"):
            same = [p for p in tree if p.endswith(f"/{path}")]
            if len(same) == 1:
                return same[0]
    return ""


def _not_found(target: str, ids: Sequence[str], tree: Tree) -> str:
    names: dict[str, str] = {}
    for test_id in ids:
        for name in (test_id, test_id.split("::")[0], test_id.split("::")[-1], test_id.split("/")[-1]):
            names.setdefault(name, test_id if "::" in name or "::" not in test_id or not name.endswith(".py") else name)
    close = difflib.get_close_matches(target, list(names), n=3, cutoff=0.6)
    hint = ", ".join(dict.fromkeys(names[name] for name in close))
    file = target.split("::", maxsplit=1)[0]
    if "::" in target and (file in tree or file.endswith(".py")):
        what = "no such test in it" if file in tree else f"there is no file {file}"
    else:
        what = "there is no test of this name" if target not in tree else "it holds no tests"
    return f"{what}; closest: {hint}" if hint else what


def person_command(runner: str, roots: Sequence[str], test_ids: Sequence[str]) -> str:
    """What a person types in their checkout. `roots` are folders that must be on the path without an install."""
    prefix = f"PYTHONPATH={shlex.quote(':'.join(roots))} " if roots else ""
    if runner == "unittest":
        dotted = [unittest_name(i) for i in test_ids]
        if test_ids and all(dotted) and len(dotted) <= SHOWN_IDS:
            return prefix + shlex.join(["python", "-m", "unittest", *(name for name in dotted if name)])
    shown: Sequence[str] = test_ids
    if len(test_ids) > SHOWN_IDS:
        shown = tuple(dict.fromkeys(i.split("::")[0] for i in test_ids))
    if len(shown) > SHOWN_FILES:
        shown = ()
    return prefix + shlex.join(["python", "-m", "pytest", *shown])


def unittest_name(test_id: str) -> str | None:
    """A pytest id as unittest's dotted name, or None when unittest could not run it."""
    path, *names = test_id.split("::")
    if len(names) != 2 or not path.endswith(".py") or "[" in test_id:
        return None
    parts = path.removesuffix(".py").split("/")
    return ".".join((*parts, *names)) if all(part.isidentifier() for part in parts) else None
