"""A proved fix as the forge takes it: the commit it stands on and the files of its one or two commits. Making them is
elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.artifacts import Dossier, Reproduction, Validation
from bot.core.errors import Permanent
from bot.core.forge import FileChange
from bot.core.outcomes import RunRecord
from bot.core.patch import Patch
from bot.core.tree import Tree, TreeFile, changed_paths


@dataclass(frozen=True, slots=True)
class ProvedChange:
    """`base` is the full hash of the commit on which it was proved last; `test` is None when the failing test was in
    the tree already."""

    base: str
    test: Patch | None
    fix: Patch

    def commits(self, tree: Tree) -> tuple[tuple[FileChange, ...], tuple[FileChange, ...]]:
        """The files of the test's commit (none when it was there already) and of the fix's, from the base's tree.
        Raises InputError when a patch does not fit it."""
        tested = self.test.apply(tree) if self.test else tree
        fixed = self.fix.apply(tested)
        return file_changes(tree, tested), file_changes(tested, fixed)


def proved_change(record: RunRecord) -> ProvedChange:
    """What the proof holds for. Raises Permanent when the record has no proof."""
    dossier, reproduction, validation = (
        record.artifact(Dossier),
        record.artifact(Reproduction),
        record.artifact(Validation),
    )
    if dossier is None or reproduction is None or validation is None:
        raise Permanent(f"Run {record.run.id} says that it proved a fix, but its proof is not there.")
    if validation.rebased:
        return ProvedChange(validation.rebased.commit.sha, validation.rebased.test, validation.rebased.fix)
    return ProvedChange(dossier.commit.sha, reproduction.test.patch, validation.fix)


def file_changes(before: Tree, after: Tree) -> tuple[FileChange, ...]:
    """The files that differ, exact bytes and mode, by path."""
    return tuple(_file_change(path, after.files.get(path)) for path in changed_paths(before, after))


def _file_change(path: str, entry: TreeFile | None) -> FileChange:
    return FileChange(path, None) if entry is None else FileChange(path, entry.content, entry.executable)
