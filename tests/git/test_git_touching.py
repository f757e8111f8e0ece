"""The last commits that changed a file, from real repositories."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from test_git_code import ENVIRON, Repository

from bot.core.errors import InputError
from bot.git import GitCode


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "project")
    made.commit({"a.py": "1", "b.py": "1"}, "one")
    made.commit({"b.py": "2"}, "two")
    made.commit({"lib/c.py": "1"}, "three")
    return made


def subjects(repository: Repository, tmp_path: Path, *paths: str, at: str = "HEAD", limit: int = 5) -> list[str]:
    code = GitCode(tmp_path / "cache", ENVIRON)
    sha = repository.git("rev-parse", at)
    return [commit.subject for commit in asyncio.run(code.touching(str(repository.path), sha, paths, limit))]


def test_only_commits_that_changed_the_file_are_named_newest_first(repository: Repository, tmp_path: Path) -> None:
    assert subjects(repository, tmp_path, "b.py") == ["two", "one"]
    assert subjects(repository, tmp_path, "a.py", "lib") == ["three", "one"]
    assert subjects(repository, tmp_path, "b.py", limit=1) == ["two"]


def test_what_came_after_the_commit_is_not_seen(repository: Repository, tmp_path: Path) -> None:
    assert subjects(repository, tmp_path, "b.py", at="HEAD~2") == ["one"]


def test_a_change_on_a_merged_branch_counts(repository: Repository, tmp_path: Path) -> None:
    repository.git("checkout", "-q", "-b", "side")
    repository.commit({"a.py": "2"}, "aside")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    assert subjects(repository, tmp_path, "a.py", limit=1) == ["aside"]


@pytest.mark.parametrize("path", ["*.py", ":(top)a.py", "--all", "gone.py"])
def test_a_path_is_a_path_and_no_pattern_or_option(repository: Repository, tmp_path: Path, path: str) -> None:
    assert subjects(repository, tmp_path, path) == []


def test_no_paths_are_no_commits(repository: Repository, tmp_path: Path) -> None:
    assert subjects(repository, tmp_path) == []


def test_a_short_hash_is_refused(repository: Repository, tmp_path: Path) -> None:
    code = GitCode(tmp_path / "cache", ENVIRON)
    with pytest.raises(InputError):
        asyncio.run(code.touching(str(repository.path), "abc", ("a.py",), 1))
