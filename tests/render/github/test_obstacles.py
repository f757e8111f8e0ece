"""Why a fix could not take the usual way, asserted whole."""

from __future__ import annotations

from bot.render.github import obstacles


def test_a_branch_that_moved_on_is_named_with_both_commits_and_what_to_do() -> None:
    assert obstacles.head_moved("totals", "a" * 40, "b" * 40) == (
        "`totals` has moved on to `bbbbbbb` while this run worked on `aaaaaaa`, so the proof does not hold for it. "
        "`/fixbugs retry` proves the fix on the new commit."
    )


def test_every_other_obstacle_is_a_sentence_or_two() -> None:
    assert [
        obstacles.head_moved("totals", "a" * 40, None),
        obstacles.thread_closed(34, merged=True),
        obstacles.thread_closed(34, merged=False),
        obstacles.fork_gone(),
        obstacles.fork_locked("eve/shop"),
        obstacles.fork_refused("eve/shop"),
        obstacles.push_refused("totals", "A rule protects it."),
        obstacles.push_refused("totals", ""),
        obstacles.names_taken("fixbugs/issue-12", 20),
        obstacles.branch_changed("fixbugs/issue-12"),
        obstacles.still_a_draft("A draft cannot be made ready here."),
        obstacles.test_alone(100),
        obstacles.not_written("GitHub did not answer. Tried 12 times."),
        obstacles.not_written(""),
    ] == [
        "The branch `totals` is gone.",
        "Pull request 34 was merged before the fix could be pushed to it.",
        "Pull request 34 was closed before the fix could be pushed to it.",
        "The fork that this pull request came from is gone.",
        "The author of this pull request does not let maintainers push to `eve/shop`.",
        "FixBugs may not push to the fork `eve/shop`: it is not installed there.",
        "`totals` takes no push from FixBugs. A rule protects it.",
        "`totals` takes no push from FixBugs.",
        "`fixbugs/issue-12` and 19 names like it are taken: delete old branches, then `/fixbugs retry`.",
        "Somebody changed or deleted `fixbugs/issue-12` while the pull request was being written.",
        "It is still a draft: A draft cannot be made ready here.",
        "Pull request 100 holds the failing test only; apply the patch's second part to it, or close it.",
        "Writing the pull request failed. GitHub did not answer. Tried 12 times.",
        "Writing the pull request failed.",
    ]
