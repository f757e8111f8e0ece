"""Fixtures that any test may ask for by name."""

from redis_at_hand import redis_client, redis_url, shared_redis

__all__ = ["redis_client", "redis_url", "shared_redis"]
