"""Asks the workbench for a run's environment: for its owner, as its repository wishes, for the project it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.core.artifacts import Dossier, Environment
from bot.core.tree import Tree
from bot.stages.base import StageContext

PATH = re.compile(r"[\w@.+-]+(?:[/\\][\w@.+-]+)*\.\w{1,5}")
MOST_PATHS = 50


async def prepared(context: StageContext, tree: Tree) -> Environment:
    """The environment of this tree. Raises what `Workbench.prepare` raises."""
    dossier = context.need(Dossier)
    paths = mentioned(tree, (*dossier.failing_tests, *(text.text for text in dossier.texts)))
    run = context.run
    return await context.deps.workbench.prepare(tree, owner=run.owner, wishes=run.policy.wishes, paths=paths)


def mentioned(tree: Tree, texts: Iterable[str]) -> tuple[str, ...]:
    """The tree's files that these texts name, by a path from the root or from any folder above it (one part alone only
    names files of the root); in the order of the texts, at most 50."""
    by_tail: dict[tuple[str, str], list[str]] = {}
    for path in tree:
        folder, _, name = path.rpartition("/")
        by_tail.setdefault((folder.rpartition("/")[2], name), []).append(path)
    found: dict[str, None] = {}
    for text in texts:
        for match in PATH.finditer(text):
            named = match[0].replace("\\", "/")
            folder, _, name = named.rpartition("/")
            for path in by_tail.get((folder.rpartition("/")[2], name), ()):
                if f"/{named}".endswith(f"/{path}") or f"/{path}".endswith(f"/{named}"):
                    found[path] = None
            if len(found) >= MOST_PATHS:
                return tuple(found)[:MOST_PATHS]
    return tuple(found)
