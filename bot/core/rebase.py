"""Carries a patch over to a newer tree. Pure; whether it still does its work there has to be shown anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from bot.core.patch import CONTEXT_LINES, FileEdit, Hunk, Patch, lines_of, patch_from_hunks
from bot.core.tree import Tree


def carried_over(patch: Patch, tree: Tree) -> Patch | None:
    """The same change made to `tree`, or None when it cannot be carried over without a decision.

    A file that is as it was takes its edit as it is. In another, each hunk moves with the lines around it, which must
    be there unchanged. A new file must not exist by now, a removed one must be as it was.
    """
    edits: list[FileEdit] = []
    for edit in patch.edits:
        present = tree.text(edit.path) if edit.path in tree else None
        if present == edit.before:
            edits.append(edit)
            continue
        if present is None or edit.before is None or edit.after is None:
            return None
        hunks = [_moved(hunk, lines_of(edit.before), lines_of(present)) for hunk in Patch((edit,)).hunks()]
        kept = [hunk for hunk in hunks if hunk is not None]
        if len(kept) < len(hunks):
            return None
        edits += patch_from_hunks(tree, kept).edits
    return Patch(tuple(edits))


def _moved(hunk: Hunk, before: Sequence[str], present: Sequence[str]) -> Hunk | None:
    """The hunk at its new place: where the lines that it replaces, and those around it, are now."""
    first = max(0, hunk.line - 1 - CONTEXT_LINES)
    last = min(len(before), hunk.line - 1 + len(hunk.old) + CONTEXT_LINES)
    for block in SequenceMatcher(None, before, present, autojunk=False).get_matching_blocks():
        if block.a <= first and last <= block.a + block.size:
            return replace(hunk, line=hunk.line + block.b - block.a)
    return None
