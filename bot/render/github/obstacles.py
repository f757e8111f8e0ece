"""Why a proved fix could not take the usual way to the repository, in a sentence or two: the note of a delivery. What
the way was, and the patch, are said elsewhere. Text between backticks is shown as code."""

from __future__ import annotations


def head_moved(branch: str, proved: str, head: str | None) -> str:
    """`proved` and `head` are full hashes; a `head` of None means that the branch is gone."""
    if head is None:
        return f"The branch `{branch}` is gone."
    return (
        f"`{branch}` has moved on to `{head[:7]}` while this run worked on `{proved[:7]}`, so the proof does not hold "
        "for it. `/fixbugs retry` proves the fix on the new commit."
    )


def thread_closed(number: int, *, merged: bool) -> str:
    return f"Pull request {number} was {'merged' if merged else 'closed'} before the fix could be pushed to it."


def fork_gone() -> str:
    return "The fork that this pull request came from is gone."


def fork_locked(repository: str) -> str:
    return f"The author of this pull request does not let maintainers push to `{repository}`."


def fork_refused(repository: str) -> str:
    return f"FixBugs may not push to the fork `{repository}`: it is not installed there."


def push_refused(branch: str, why: str) -> str:
    """`why` is a sentence of the forge's."""
    return f"`{branch}` takes no push from FixBugs. {why}".strip()


def default_branch(branch: str) -> str:
    return f"`{branch}` is the default branch, to which FixBugs never pushes."


def names_taken(branch: str, tried: int) -> str:
    return f"`{branch}` and {tried - 1} names like it are taken: delete old branches, then `/fixbugs retry`."


def branch_changed(branch: str) -> str:
    return f"Somebody changed or deleted `{branch}` while the pull request was being written."


def still_a_draft(why: str) -> str:
    return f"It is still a draft: {why}"


def test_alone(number: int) -> str:
    """Of a pull request that has the failing test and not the fix."""
    return f"Pull request {number} holds the failing test only; apply the patch's second part to it, or close it."


def not_written(why: str) -> str:
    """`why` is what the stage said; "" when it said nothing."""
    return f"Writing the pull request failed. {why}".strip()
