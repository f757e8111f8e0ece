"""Fixtures that any test may ask for by name."""

from redis_at_hand import redis_client, redis_url, shared_redis
from shops_at_hand import cache_dir, fixbugs, issue, red_shop, shop

__all__ = ["cache_dir", "fixbugs", "issue", "red_shop", "redis_client", "redis_url", "shared_redis", "shop"]
