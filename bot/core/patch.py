"""A change to a tree: whole-file edits, the unified diff people read, and the hunks that the proof takes away."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.errors import InputError
from bot.core.tree import Tree

CONTEXT_LINES = 3


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file before and after, as text. `before` None: the file is new; `after` None: it is removed."""

    path: str
    before: str | None
    after: str | None

    @property
    def diff(self) -> str:
        """Unified diff in git's form, applicable with `git apply`."""
        old, new = lines_of(self.before or ""), lines_of(self.after or "")
        body = list(_unified(old, new))
        if not body and self.before is not None and self.after is not None:
            return ""
        head = [f"diff --git a/{self.path} b/{self.path}\n"]
        if self.before is None:
            head.append("new file mode 100644\n")
        if self.after is None:
            head.append("deleted file mode 100644\n")
        if body:
            head.append(f"--- {'/dev/null' if self.before is None else 'a/' + self.path}\n")
            head.append(f"+++ {'/dev/null' if self.after is None else 'b/' + self.path}\n")
        return "".join(head + body)


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of changed lines: `old` (without context) at 1-based `line` of the file before, replaced by `new`.

    For a pure insertion `old` is empty and `line` is the line it goes in front of.
    """

    path: str
    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def text(self) -> str:
        """The changed lines with their signs, as a diff shows them."""
        return "".join(_signed("-", line) for line in self.old) + "".join(_signed("+", line) for line in self.new)

    @property
    def size(self) -> int:
        return len(self.old) + len(self.new)


@dataclass(frozen=True, slots=True)
class Patch:
    """Edits to distinct files."""

    edits: tuple[FileEdit, ...]

    def __post_init__(self) -> None:
        paths = [edit.path for edit in self.edits]
        if len(set(paths)) != len(paths):
            raise InputError(f"A patch names a file twice: {', '.join(paths)}.")

    @property
    def diff(self) -> str:
        return "".join(edit.diff for edit in self.edits)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(edit.path for edit in self.edits)

    @property
    def empty(self) -> bool:
        return all(edit.before == edit.after for edit in self.edits)

    def hunks(self) -> tuple[Hunk, ...]:
        """The changed runs of lines of every edit, in order."""
        found: list[Hunk] = []
        for edit in self.edits:
            old, new = lines_of(edit.before or ""), lines_of(edit.after or "")
            for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
                if tag != "equal":
                    found.append(Hunk(edit.path, i1 + 1, tuple(old[i1:i2]), tuple(new[j1:j2])))
        return tuple(found)

    def apply(self, tree: Tree) -> Tree:
        """The tree with this patch in it. Raises InputError when a file is not as `before` says."""
        for edit in self.edits:
            present = tree.text(edit.path) if edit.path in tree else None
            if present != edit.before:
                raise InputError(f"The patch does not fit: {edit.path} is not as the patch expects it.")
        return tree.with_text({edit.path: edit.after for edit in self.edits})


def patch_from_hunks(tree: Tree, hunks: Iterable[Hunk]) -> Patch:
    """The patch that makes just these hunks' changes. Raises InputError when a hunk does not fit the tree."""
    by_path: dict[str, list[Hunk]] = {}
    for hunk in hunks:
        by_path.setdefault(hunk.path, []).append(hunk)
    edits = []
    for path, own in by_path.items():
        before = tree.text(path)
        if before is None:
            before_lines: Sequence[str] = ()
        else:
            before_lines = lines_of(before)
        after = list(before_lines)
        for hunk in sorted(own, key=lambda h: h.line)[::-1]:  # last first; insertions at one line keep their order
            start, stop = hunk.line - 1, hunk.line - 1 + len(hunk.old)
            if tuple(before_lines[start:stop]) != hunk.old:
                raise InputError(f"A hunk does not fit {path} at line {hunk.line}.")
            after[start:stop] = hunk.new
        edits.append(FileEdit(path, before, "".join(after)))
    return Patch(tuple(edits))


def edit_of(tree: Tree, path: str, after: str | None) -> FileEdit:
    """The edit that takes a tree's file to this text."""
    return FileEdit(path, tree.text(path), after)


def lines_of(text: str) -> list[str]:
    r"""Lines with their ends, cut at "\n" only (a form feed is not a line end for git)."""
    parts = text.split("\n")
    lines = [part + "\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _signed(sign: str, line: str) -> str:
    return f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def _unified(old: list[str], new: list[str]) -> Iterable[str]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for group in matcher.get_grouped_opcodes(CONTEXT_LINES):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (_signed(" ", line) for line in old[i1:i2])
                continue
            yield from (_signed("-", line) for line in old[i1:i2])
            yield from (_signed("+", line) for line in new[j1:j2])


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
