"""Which language of a repository that holds several is meant. Pure; whether a project of that language can be tested is
for its toolchain to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.tree import Tree
from sandbox.toolchains.base import Toolchain
from sandbox.toolchains.compiled_folder import NEVER


@dataclass(frozen=True, slots=True)
class Language:
    """What its source files, and its test files, are called."""

    source: re.Pattern[str]
    test: re.Pattern[str]


LANGUAGES = {
    "python": Language(re.compile(r"\.pyi?$"), re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests?)\.py$")),
    "node": Language(
        re.compile(r"\.[cm]?[jt]sx?$"),
        re.compile(r"[._-](?:test|spec)\.[cm]?[jt]sx?$|(?:^|/)(?:__tests__|tests?)/.*\.[cm]?[jt]sx?$"),
    ),
    "go": Language(re.compile(r"\.go$"), re.compile(r"_test\.go$")),
    "rust": Language(re.compile(r"\.rs$"), re.compile(r"(?:^|/)tests/[^/]*\.rs$")),
    "java": Language(re.compile(r"\.java$"), re.compile(r"(?:^|/)src/test/.*\.java$")),
}


def in_order(toolchains: Sequence[Toolchain], tree: Tree, paths: Iterable[str]) -> tuple[Toolchain, ...]:
    """The toolchains in the order in which they are to look.

    First those that belong to no language. Then by how many of `paths`, the files that a report speaks of, are of a
    language; by its test files; by its source files; and as they were.
    """
    named = tuple(paths)
    files = [path for path in tree if not NEVER.search(path)]

    def rank(toolchain: Toolchain) -> tuple[int, int, int, int]:
        language = LANGUAGES.get(toolchain.name)
        if language is None:
            return (0, 0, 0, 0)
        spoken_of = sum(language.source.search(path) is not None for path in named)
        tests = sum(language.test.search(path) is not None for path in files)
        sources = sum(language.source.search(path) is not None for path in files)
        return (1, -spoken_of, -tests, -sources)

    return tuple(sorted(toolchains, key=rank))
