"""Tests as people and build tools name them, and the ids they stand for, where results come as JUnit's XML. Pure;
making ids is done inside the sandbox (`sandbox.inside.translate.junit_cases`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from posixpath import splitext

from bot.core.tree import Tree
from sandbox.toolchains.base import Selection

BEFORE_PARAMETERS = re.compile(r"[\[({ ]")
OLD_STYLE = re.compile(r"^([\w$]+)\(([\w.$]+)\)$")  # "adds(shop.CartTest)", as JUnit 4 prints it
PARTS = re.compile(r"::|[./#$>\s]+")
MOST_NAMED = 3


def select(targets: Sequence[str], ids: Sequence[str], tree: Tree) -> Selection:
    """The ids these targets stand for, in the order of `ids` per target; each target without any, with a reason.

    A target is an id, the beginning of one (a folder, a file, a class), or what runners print: `shop.CartTest#adds`,
    `shop.CartTest.adds`, `CartTest > adds()`, `adds(shop.CartTest)`, `adds`.
    """
    found: dict[str, None] = {}
    unknown = []
    for target in targets:
        wanted = normal(target)
        meant = _meant(wanted, ids)
        files = sorted({file_of(test_id) for test_id in meant})
        if len(files) > 1 and not _is_folder(wanted, tree):
            named = ", ".join(files[:MOST_NAMED])
            unknown.append((target, f"{len(files)} files have such a test ({named}): name one as path::test"))
        elif meant:
            found.update(dict.fromkeys(meant))
        else:
            unknown.append((target, _not_found(wanted, ids, tree)))
    return Selection(tuple(found), tuple(unknown))


def normal(target: str) -> str:
    """Without quotes, with "/" between folders, and JUnit 4's own form turned round."""
    target = target.strip().strip("`'\"")
    old = OLD_STYLE.match(target)
    if old:
        return f"{old[2]}#{old[1]}"
    return target.replace("\\", "/").removeprefix("./").rstrip("/")


def file_of(test_id: str) -> str:
    """What stands before the first "::": a file's path, or a class's name where the file is not known."""
    return test_id.partition("::")[0]


def _meant(target: str, ids: Sequence[str]) -> tuple[str, ...]:
    if target in ids:
        return (target,)
    if not target:
        return ()
    below = tuple(
        i for i in ids if i.startswith(target) and (i[len(target)] in "/[{(" or i.startswith("::", len(target)))
    )
    if below:
        return below
    exact = tuple(i for i in ids if i.endswith((f"::{target}", f"/{target}")))
    if exact:
        return exact
    parts = _parts(target)
    return tuple(i for i in ids if _fits(parts, i)) if parts else ()


def _fits(parts: Sequence[str], test_id: str) -> bool:
    """Whether the target's parts are the last ones of the test, or of a class or file that it lies in."""
    path, *names = test_id.split("::")
    home = splitext(path)[0].split("/") if "/" in path or path.count(".") <= 1 else path.split(".")
    whole = [*home, *(_bare(name) for name in names)]
    return any(list(parts) == whole[max(0, end - len(parts)) : end] for end in range(len(home), len(whole) + 1))


def _parts(target: str) -> tuple[str, ...]:
    path, colons, rest = target.partition("::")
    if colons or "/" in path:
        path = splitext(path)[0]
    base = BEFORE_PARAMETERS.split(f"{path}{colons}{rest}".replace(" > ", "#"))[0]
    return tuple(filter(None, PARTS.split(base)))


def _bare(name: str) -> str:
    return BEFORE_PARAMETERS.split(name)[0] or name


def _is_folder(target: str, tree: Tree) -> bool:
    return any(path.startswith(f"{target}/") for path in tree)


def _not_found(target: str, ids: Sequence[str], tree: Tree) -> str:
    if not target:
        return "it is empty"
    names: dict[str, str] = {}
    for test_id in ids:
        for name in (test_id, file_of(test_id), test_id.rpartition("::")[2], _bare(test_id.rpartition("::")[2])):
            names.setdefault(name, test_id)
    close = difflib.get_close_matches(target, list(names), n=MOST_NAMED, cutoff=0.6)
    hint = ", ".join(dict.fromkeys(names[name] for name in close))
    what = "it holds no tests" if target in tree or _is_folder(target, tree) else "there is no test of this name"
    return f"{what}; closest: {hint}" if hint else what
