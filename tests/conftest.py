"""Fixtures that any test may ask for by name."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from docker_at_hand import docker_engine, docker_sandboxes
from redis_at_hand import redis_client, redis_url, shared_redis
from shops_at_hand import cache_dir, fixbugs, issue, red_shop, shop

__all__ = [
    "cache_dir",
    "docker_engine",
    "docker_sandboxes",
    "fixbugs",
    "issue",
    "red_shop",
    "redis_client",
    "redis_url",
    "shared_redis",
    "shop",
]

# What a shell starts in the background ignores interrupts, and so would every command that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time, so that a red run means a change. `HYPOTHESIS_PROFILE=explore make test` looks further.
# How long an example takes is the machine's business.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", patient, derandomize=True, database=None)
settings.register_profile("explore", patient, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

HERE = Path(__file__).parent
SLOWEST = ("e2e", "sandbox", "worker", "git")  # folders, the slowest first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest is begun first: side by side, nobody then waits for a last long file."""
    rank = {name: number for number, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(HERE).parts[0], len(rank)))
