"""What a repository wants of a run on the command line: its own `.github/fixbugs.yml`, at the commit that the run
builds on. On a server it is the default branch's, and read elsewhere.
"""

from __future__ import annotations

from contextlib import suppress

from bot.core.errors import FixbugsError, InputError
from bot.core.policy import Policy
from bot.core.run import Run
from bot.core.tree import Tree
from bot.ports import Code
from bot.repo_config import PATH, PolicyErrors, read_policy


async def base_policy(code: Code, run: Run) -> Policy:
    """Of the commit that a change is held against, or that is to be fixed: never of the change itself. The default
    where there is no such file, and where the commit cannot be read: the run itself says why.

    Raises InputError when the file is wrong.
    """
    tree = Tree({})
    with suppress(FixbugsError):
        commit = await code.resolve(run.repository, run.base or run.ref)
        tree = await code.tree(run.repository, commit.sha)
    text = tree.text(PATH)
    read = Policy() if text is None else read_policy(text)
    if isinstance(read, PolicyErrors):
        first, *others = read.errors
        more = f" (and {len(others)} more)" if others else ""
        raise InputError(
            f"{PATH} cannot be used as it is committed. Line {first.line}: {first.message}{more} Correct and commit it."
        )
    return read
