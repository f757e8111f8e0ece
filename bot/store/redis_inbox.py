"""The Inbox on Redis: commands that wait to be carried out, and every delivery that was seen. Carrying out is
`bot.intake`'s business."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import redis
from redis.typing import EncodableT

from bot.core.errors import FixbugsError
from bot.ports import Delivery
from bot.store.codec import Unreadable, decode_command, encode_named
from bot.store.redis_client import DAY_S, ConnectionLost, Keys, answering, text, texts, together

log = logging.getLogger(__name__)

SEEN_S = 10 * DAY_S  # a delivery can be sent again for three days; one is remembered for longer
HELD_S = 60.0
DUE_AT_ONCE = 100

TIME = "local time = redis.call('TIME') local now = tonumber(time[1]) + tonumber(time[2]) / 1000000\n"

# KEYS: the delivery, the queue. A delivery is a hash: event, command, attempts, held (until when).
ACCEPT = """
if not redis.call('SET', KEYS[3], '1', 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'event', ARGV[3], 'command', ARGV[4], 'attempts', 0, 'held', 0)
redis.call('ZADD', KEYS[2], string.format('%.6f', now), ARGV[2])
return 1
"""
TAKE = """
local held = redis.call('HGET', KEYS[1], 'held')
if not held or tonumber(held) > now then return false end
local free = string.format('%.6f', now + tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], 'held', free)
redis.call('ZADD', KEYS[2], free, ARGV[2])
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
return redis.call('HMGET', KEYS[1], 'event', 'command', 'attempts')
"""
GIVE_BACK = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'held', 0)
redis.call('ZADD', KEYS[2], string.format('%.6f', now + tonumber(ARGV[1])), ARGV[2])
return 1
"""
DUE = "return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', now), 'LIMIT', 0, ARGV[1])"


class RedisInbox:
    """Each call is one round trip, atomic, and judged by the server's clock. A delivery that was taken is nobody else's
    for `held_s`: so long it waits when its worker dies."""

    def __init__(self, client: redis.Redis, namespace: str = "fixbugs", *, held_s: float = HELD_S) -> None:
        self._client = client
        self._keys = Keys(namespace)
        self._queue = self._keys.named("inbox")
        self._held_s = held_s
        self._accept = client.register_script(TIME + ACCEPT)
        self._take = client.register_script(TIME + TAKE)
        self._give_back = client.register_script(TIME + GIVE_BACK)
        self._due = client.register_script(TIME + DUE)

    def accept(self, delivery: Delivery) -> bool:
        keys, args = self._accepting(delivery)
        with answering():
            return bool(self._accept(keys=keys, args=args))

    def accept_and(self, delivery: Delivery, command: Sequence[EncodableT]) -> tuple[bool, bool]:
        """As `accept`, and tells Redis a further command in the same write. The second truth is whether that was
        surely done, and done after the delivery was kept."""
        keys, args = self._accepting(delivery)
        mine: tuple[EncodableT, ...] = ("EVALSHA", self._accept.sha, len(keys), *keys, *args)
        try:
            accepted, told = together(self._client, (mine, command))
        except ConnectionLost:  # it went away while it was idle, most often
            return self.accept(delivery), False
        if isinstance(accepted, redis.RedisError):  # the server restarted and does not know the script, for one
            return self.accept(delivery), False
        return bool(accepted), not isinstance(told, redis.RedisError)

    def _accepting(self, delivery: Delivery) -> tuple[list[str], list[EncodableT]]:
        keys = [self._kept(delivery.id), self._queue, self._seen(delivery.id)]
        return keys, [SEEN_S, delivery.id, delivery.event, encode_named(delivery.command)]

    def take(self, delivery_id: str) -> Delivery | None:
        """A delivery that this version cannot read is forgotten, so that it can be sent again: None."""
        with answering():
            found = self._take(keys=[self._kept(delivery_id), self._queue], args=[self._held_s, delivery_id])
        if not found:
            return None
        event, command, attempts = found
        try:
            return Delivery(delivery_id, text(event), decode_command(command, f"Delivery {delivery_id}"), int(attempts))
        except Unreadable as exc:
            log.warning("delivery_unreadable delivery=%s why=%s", delivery_id, exc)
            self._forget(delivery_id)
            return None

    def give_back(self, delivery_id: str, delay_s: float) -> None:
        with answering():
            self._give_back(keys=[self._kept(delivery_id), self._queue], args=[max(0.0, delay_s), delivery_id])

    def done(self, delivery_id: str) -> None:
        with answering(), self._client.pipeline() as pipe:
            pipe.delete(self._kept(delivery_id))
            pipe.zrem(self._queue, delivery_id)
            pipe.execute()

    def due(self) -> tuple[str, ...]:
        """The longest due first, a hundred at most."""
        with answering():
            return texts(self._due(keys=[self._queue], args=[DUE_AT_ONCE]))

    def known(self, delivery_id: str) -> bool:
        with answering():
            return bool(self._client.exists(self._seen(delivery_id)))

    def ignore(self, delivery_id: str) -> None:
        with answering():
            self._client.set(self._seen(delivery_id), "1", nx=True, ex=SEEN_S)

    def _forget(self, delivery_id: str) -> None:
        try:
            self.done(delivery_id)
            with answering():
                self._client.delete(self._seen(delivery_id))
        except FixbugsError as exc:  # it is due again in a minute
            log.warning("delivery_not_forgotten delivery=%s why=%s", delivery_id, exc)

    def _kept(self, delivery_id: str) -> str:
        return self._keys.named("delivery", delivery_id)

    def _seen(self, delivery_id: str) -> str:
        return self._keys.named("seen", delivery_id)
