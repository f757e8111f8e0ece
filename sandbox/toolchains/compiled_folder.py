"""Which of several Go modules or Cargo packages in a repository is meant. Pure; what one needs is its toolchain's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname, normpath

from bot.core.errors import EnvironmentBroken
from bot.core.tree import Tree

TOP = "."
NEVER = re.compile(r"(?:^|/)(?:vendor|third[-_]party|testdata|node_modules|target|fixtures?|examples?|[._][^/]*)(?=/)")
A_TEST_COUNTS = 100  # a named test can only be run where it belongs; other files may be anybody's
NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """A folder with a manifest ("." for the top), and a sentence for people where that was a decision."""

    folder: str
    note: str = ""


def choose(
    tree: Tree, manifest: str, is_test: Callable[[str], bool], wished: str, paths: Sequence[str]
) -> Choice | None:
    """The folder that holds the manifest that is meant; None when the tree (or the wished folder) holds none.

    Raises EnvironmentBroken for a wished folder that is not there.
    """
    folders = {dirname(path) or TOP for path in tree if basename(path) == manifest and not NEVER.search(path)}
    if wished:
        return _wished(tree, folders, wished)
    votes: Counter[str] = Counter()
    for path in paths:
        folder = nearest(path, folders)
        if folder is not None:
            votes[folder] += A_TEST_COUNTS if is_test(path) else 1
    if votes:
        chosen = max(votes, key=lambda name: votes[name])
        return Choice(chosen, _note(chosen, "the report speaks of files in it"))
    if TOP in folders or not folders:
        return Choice(TOP) if folders else None
    tests = Counter(nearest(path, folders) for path in tree if is_test(path))
    first, *others = sorted(folders, key=lambda folder: (-tests[folder], folder.count("/"), folder))
    if not others:
        return Choice(first)
    named = ", ".join(others[:NAMED_AT_MOST]) + (", …" if len(others) > NAMED_AT_MOST else "")
    why = f"it has the most tests (others: {named}); name another as `folder` in .github/fixbugs.yml"
    return Choice(first, _note(first, why))


def nearest(path: str, folders: Iterable[str]) -> str | None:
    """The one of these folders that a path lies in, the deepest of several."""
    return next((folder for folder in ancestors(path) if folder in folders), None)


def ancestors(path: str) -> Iterator[str]:
    """The folders above a path, the nearest first; "." last."""
    while path := dirname(path):
        yield path
    yield TOP


def _wished(tree: Tree, folders: set[str], wished: str) -> Choice | None:
    folder = normpath(wished.strip().replace("\\", "/").lstrip("/") or TOP)
    if folder != TOP and not any(path.startswith(f"{folder}/") for path in tree):
        raise EnvironmentBroken(
            f"The folder {wished!r}, which the repository's settings (.github/fixbugs.yml) name as `folder`, is not "
            "there at this commit. Correct the setting, or leave it out."
        )
    found = folder if folder in folders else nearest(f"{folder}/file", folders)
    return None if found is None else Choice(found, _note(found, "the repository's settings name it"))


def _note(folder: str, why: str) -> str:
    return "" if folder == TOP else f"Only the project in {folder} is built and tested: {why}."
