"""Ids of the form path::name, as people write them and as they are. Pure; collecting belongs to the workbench."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from posixpath import normpath

from bot.core.tree import Tree
from sandbox.toolchains.base import Selection


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


def normal(target: str) -> str:
    """A target with our separators, without what quotes it or names a case of a test."""
    path, colons, name = target.strip().strip("`'\"").partition("::")
    if "/" in path or "\\" in path or colons:
        cleaned = normpath(path.replace("\\", "/")) if path else path
        case = re.match(r"^(?:(.*)/)?(Test\w*)/\S+$", cleaned)  # TestX/case, as Go prints it
        path = cleaned if case is None or colons else "/".join(part for part in case.groups() if part)
    return path + colons + name.split("/", maxsplit=1)[0]


def files_for(tree: Tree, targets: Sequence[str], defines: Callable[[str, str], bool], suffix: str) -> tuple[str, ...]:
    """The files (or folders) that hold these targets; empty when one could be anywhere. `defines(text, name)` says
    whether a source file holds a test of this name."""
    found: dict[str, None] = {}
    for target in map(normal, targets):
        path, colons, _ = target.partition("::")
        if path in tree or any(other.startswith(f"{path}/") for other in tree):
            found[path] = None
            continue
        name = re.split(r"::|\.|/", target)[-1]
        holding = [file for file in tree if file.endswith(suffix) and defines(tree.text(file) or "", name)]
        if not holding or (colons and path.endswith(suffix)):
            return ()
        found.update(dict.fromkeys(holding))
    return tuple(found)


def _meant(target: str, ids: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The ids, or none and why not. Exact first, then a whole file or folder, then a name alone."""
    if target in ids:
        return (target,), ""
    if not target:
        return (), "it is empty"
    below = tuple(i for i in ids if i.startswith((f"{target}::", f"{target.rstrip('/')}/"))) or (
        tuple(ids) if target == "." else ()
    )
    if below:
        return below, ""
    for name in (target, re.split(r"[./]", target)[-1]):
        loose = tuple(i for i in ids if i.endswith((f"::{name}", f"/{name}")))
        files = {i.partition("::")[0] for i in loose}
        if len(files) == 1:
            return loose, ""
        if files:
            named = ", ".join(sorted(files)[:3])
            return (), f"{len(files)} files have such a test ({named}): name one as path::test"
    return (), ""


def _not_found(target: str, ids: Sequence[str], tree: Tree) -> str:
    names = {form: i for i in ids for form in (i.rpartition("::")[2], i)}
    close = difflib.get_close_matches(target, list(names), n=3, cutoff=0.6)
    hint = ", ".join(dict.fromkeys(names[name] for name in close))
    file, colons, _ = target.partition("::")
    if colons:
        what = "no such test in it" if file in tree else f"there is no file {file}"
    else:
        what = "it holds no tests" if target in tree else "there is no test of this name"
    return f"{what}; closest: {hint}" if hint else what
