"""Fixtures that any test may ask for by name."""

import os

from hypothesis import settings

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

# The same examples every time, so that a red run means a change. `HYPOTHESIS_PROFILE=explore make test` looks further.
settings.register_profile("repeatable", derandomize=True, database=None)
settings.register_profile("explore", max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
