"""Ids of JavaScript tests (`path::suite > test`) as people write them, and what people type to run them. Pure; listing
them belongs to the workbench.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator, Sequence
from posixpath import normpath

from bot.core.tree import Tree
from sandbox.toolchains.base import Selection

SHOWN_FILES = 10
SEPARATORS = re.compile(r"\s*[›»❯→>]\s*|\s+::\s+")
NAME_OPTION = re.compile(r"^(.*?)\s+(?:-t|-g|-f|--grep|--testNamePattern|--test-name-pattern)[ =](.+)$")
REPEATED = re.compile(r" #\d+$")


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
    """A target as an id is written: `path::suite > test`, with one kind of separator."""
    target = target.strip().strip("`")
    option = NAME_OPTION.match(target)
    if option:
        target = f"{option[1].split()[-1]}::{option[2].strip().strip(chr(34) + chr(39))}"
    path, colons, name = target.partition("::")
    if not colons and " " in path:
        head, _, rest = path.partition(" ")
        first = head.rstrip(":")
        looks_like_path = "/" in first or re.search(r"\.[cm]?[jt]sx?$", first)
        path, colons, name = (first, "::", rest) if looks_like_path else ("", "", path)
    if path and re.search(r":\d+(?::\d+)?$", path):  # a line, as editors write it
        path = re.sub(r"(?::\d+){1,2}$", "", path)
    if path:
        path = normpath(path.replace("\\", "/"))
    cleaned = SEPARATORS.sub(" > ", re.sub(r"\s+", " ", name)).removeprefix(" > ").strip()
    return path + colons + cleaned if path else cleaned


def _meant(target: str, ids: Sequence[str]) -> tuple[tuple[str, ...], str]:
    if target in ids:
        return (target,), ""
    if not target:
        return (), "it is empty"
    for matches in (_exactly, _below, _loosely):
        found = tuple(test_id for test_id in ids if matches(target, test_id))
        if not found:
            continue
        files = {test_id.partition("::")[0] for test_id in found}
        if matches is _loosely and len(files) > 1:
            named = ", ".join(sorted(files)[:3])
            return (), f"{len(files)} files have such a test ({named}): name one as path::suite > test"
        return found, ""
    return (), ""


def _exactly(target: str, test_id: str) -> bool:
    return REPEATED.sub("", test_id) == target


def _below(target: str, test_id: str) -> bool:
    """A file, a folder, a suite of a file."""
    return test_id.startswith((f"{target}::", f"{target}/", f"{target} > "))


def _loosely(target: str, test_id: str) -> bool:
    """A path's end, a test's or suite's name, or the names joined by spaces, as some runners print them."""
    path, _, name = test_id.partition("::")
    wanted_path, colons, wanted = target.rpartition("::")
    if colons and not (path == wanted_path or path.endswith(f"/{wanted_path}")):
        return False
    if not colons and (path.endswith(f"/{target}") or path == target):
        return True
    parts = REPEATED.sub("", name).split(" > ")
    plain = REPEATED.sub("", name).replace(" > ", " ")
    return wanted in (name, *_tails(parts)) or wanted.replace(" > ", " ") == plain or _suite(wanted, parts)


def _tails(parts: Sequence[str]) -> Iterator[str]:
    for start in range(len(parts)):
        yield " > ".join(parts[start:])


def _suite(wanted: str, parts: Sequence[str]) -> bool:
    return any(" > ".join(parts[:stop]) == wanted for stop in range(1, len(parts)))


def files_for(targets: Sequence[str], tree: Tree) -> tuple[str, ...]:
    """The files that hold these targets; empty when one of them could be anywhere, or is a folder."""
    files = []
    for target in map(normal, targets):
        path = target.partition("::")[0]
        same = [path] if path in tree else [p for p in tree if p.endswith(f"/{path}") and "/node_modules/" not in p]
        if len(same) != 1:
            return ()
        files.append(same[0])
    return tuple(dict.fromkeys(files))


def _not_found(target: str, ids: Sequence[str], tree: Tree) -> str:
    path, colons, _ = target.partition("::")
    close = difflib.get_close_matches(target, ids, n=3, cutoff=0.6)
    if colons:
        what = "no such test in it" if path in tree else f"there is no file {path}"
    else:
        what = "it holds no tests" if target in tree else "there is no test of this name"
    return f"{what}; closest: {', '.join(close)}" if close else what


def person_command(runner: str, folder: str, node_flags: Sequence[str], test_ids: Sequence[str]) -> str:
    """What a person types in their checkout."""
    files = tuple(dict.fromkeys(i.partition("::")[0].removeprefix(f"{folder}/" if folder else "") for i in test_ids))
    shown = files if len(files) <= SHOWN_FILES else ()
    name = test_ids[0].partition("::")[2] if len(test_ids) == 1 else ""
    pattern = re.escape(REPEATED.sub("", name)).replace("\\ ", " ").replace("'", ".")
    command = {
        "vitest": ["npx", "vitest", "run", *shown, *(["-t", pattern.replace(" > ", " ")] if name else [])],
        "jest": ["npx", "jest", *shown, *(["-t", pattern.replace(" > ", " ")] if name else [])],
        "mocha": ["npx", "mocha", *shown, *(["--grep", pattern.replace(" > ", " ")] if name else [])],
    }.get(runner)
    if command is None:
        only = [f"--test-name-pattern={pattern.rpartition(' > ')[2]}"] if name and not name.startswith("(") else []
        command = ["node", *node_flags, "--test", *only, *shown]
    typed = shlex.join(command)
    return f"cd {shlex.quote(folder)} && {typed}" if folder else typed
