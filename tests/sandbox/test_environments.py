"""Built environments are kept as long as they are used, and not without end."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from sandbox.environments import IN_USE_S, KEPT_S, MOST_KEPT, Built, EnvironmentCache

NOW = time.time()


def built(cache: EnvironmentCache, key: str, unused_s: float) -> Path:
    """An environment that was used last so long ago."""
    slot = cache.slot(key)
    slot.clear()
    (slot.environment / "site.py").write_text("")
    slot.finish(Built(1.0, ""))
    os.utime(slot.folder / "built.json", (NOW - unused_s, NOW - unused_s))
    return slot.folder


def left(cache: EnvironmentCache) -> set[str]:
    asyncio.run(cache.tidy(NOW))
    return {folder.name for folder in cache.root.iterdir() if folder.is_dir()}


@pytest.fixture
def cache(tmp_path: Path) -> EnvironmentCache:
    return EnvironmentCache(tmp_path)


def test_what_nobody_used_for_two_weeks_goes(cache: EnvironmentCache) -> None:
    built(cache, "old", KEPT_S + 1)
    built(cache, "new", KEPT_S - 1)

    assert left(cache) == {"new"}


def test_beyond_so_many_the_longest_unused_go_but_nothing_that_a_run_may_still_need(cache: EnvironmentCache) -> None:
    for number in range(MOST_KEPT):
        built(cache, f"busy-{number}", 60.0 * number)
    built(cache, "idle", IN_USE_S + 3600.0)
    built(cache, "just-used", IN_USE_S - 60.0)

    assert left(cache) == {"just-used", *(f"busy-{number}" for number in range(MOST_KEPT))}


def test_one_that_is_used_is_new_again(cache: EnvironmentCache) -> None:
    built(cache, "old", KEPT_S + 1)
    cache.slot("old").use()

    assert left(cache) == {"old"}


def test_one_that_is_built_just_now_is_left_alone(cache: EnvironmentCache) -> None:
    cache.slot("building").clear()

    assert left(cache) == {"building"}
