"""Asks of whole patches what `bot.core.restraint` asks of one file. Shared by the search and the proof."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.patch import Patch
from bot.core.restraint import literals_of, refusal
from bot.core.tree import Tree


def literals_of_tests(tree: Tree, test_ids: Sequence[str]) -> frozenset[str]:
    """The literals in these tests' files."""
    paths = {test_id.split("::")[0] for test_id in test_ids}
    return literals_of("\n".join(tree.text(path) or "" for path in sorted(paths)))


def refusal_of(patch: Patch, literals: frozenset[str]) -> str:
    """Why this patch may not be called a fix, or "" when it may."""
    for edit in patch.edits:
        reason = refusal(edit.before or "", edit.after or "", literals)
        if reason:
            return reason
    return ""
