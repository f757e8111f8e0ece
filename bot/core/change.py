"""The difference between two trees, sorted by what a proof can say about it. Pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from bot.core.parsing import UNPARSABLE, parse_source
from bot.core.patch import FileEdit, Patch
from bot.core.path_roles import PathRole, is_config_path, is_test_path, role_of
from bot.core.tree import Tree, TreeFile, changed_paths


@dataclass(frozen=True, slots=True)
class Change:
    """`tests`, `config` and `others` are paths; `code` holds the edits to code that a proof can take away hunk by hunk.
    `silent` are paths of code files whose change no interpreter sees (comments, blank lines). A code file that is
    added or removed as bytes, renamed, or not text counts among `others`."""

    tests: tuple[str, ...]
    config: tuple[str, ...]
    others: tuple[str, ...]
    code: Patch
    silent: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(sorted({*self.tests, *self.config, *self.others, *self.code.paths, *self.silent}))


def change_between(base: Tree, head: Tree) -> Change:
    """What `head` has that `base` has not, and the other way round."""
    tests, config, others, silent = [], [], [], []
    code: list[FileEdit] = []
    for path in changed_paths(base, head):
        edit = _edit(base.files.get(path), head.files.get(path), path, base, head)
        if is_test_path(path):
            tests.append(path)
        elif is_config_path(path):
            config.append(path)
        elif role_of(path) is PathRole.OTHER or edit is None:
            others.append(path)
        elif edit.before is not None and same_code(edit.before, edit.after or ""):
            silent.append(path)
        else:
            code.append(edit)
    return Change(tuple(tests), tuple(config), tuple(others), Patch(tuple(code)), tuple(silent))


def with_files(tree: Tree, source: Tree, paths: tuple[str, ...]) -> Tree:
    """The tree with these files as they are in `source`, absent where they are absent there."""
    files = {path: file for path, file in tree.files.items() if path not in paths}
    return Tree(files | {path: source.files[path] for path in paths if path in source})


def same_code(one: str, other: str) -> bool:
    """Whether two texts are the same program: they differ in comments and layout only."""
    try:
        return ast.dump(parse_source(one)) == ast.dump(parse_source(other))
    except UNPARSABLE:
        return False


def same_but_docstrings(one: str, other: str) -> bool:
    """Whether two texts are the same program but for what their docstrings say."""
    try:
        return ast.dump(_undocumented(one)) == ast.dump(_undocumented(other))
    except UNPARSABLE:
        return False


def _undocumented(text: str) -> ast.Module:
    module = parse_source(text)
    for node in ast.walk(module):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return module


def _edit(before: TreeFile | None, after: TreeFile | None, path: str, base: Tree, head: Tree) -> FileEdit | None:
    """None where the change cannot be told as text, or removes a file."""
    old, new = base.text(path) if before else None, head.text(path) if after else None
    if after is None or new is None or (before is not None and old is None) or old == new:
        return None
    return FileEdit(path, old, new)
