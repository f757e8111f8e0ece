"""Fixtures for tests of the command line: small repositories, and one cache for all of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from command_line import ISSUE, RED_SHOP, SHOP, CommandLine, commit


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests, also for those that run side by side: what one has built, the others need not."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    (shared / "cache").mkdir(exist_ok=True)
    return shared / "cache"


@pytest.fixture
def fixbugs(cache_dir: Path, tmp_path: Path) -> CommandLine:
    return CommandLine(cache_dir, tmp_path / "out")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with one bug that its tests do not see."""
    commit(tmp_path / "shop", SHOP)
    return tmp_path / "shop"


@pytest.fixture
def red_shop(tmp_path: Path) -> Path:
    """The same with a test that fails."""
    commit(tmp_path / "shop", RED_SHOP)
    return tmp_path / "shop"


@pytest.fixture
def issue(tmp_path: Path) -> Path:
    (tmp_path / "issue.md").write_text(ISSUE)
    return tmp_path / "issue.md"
