"""The message broker: Dramatiq on Redis, set up so that idle workers hear quickly and busy ones take nothing that they
cannot start. What a message makes a worker do is the worker's business."""

from __future__ import annotations

import threading
import time

import redis
from dramatiq.brokers.redis import RedisBroker
from redis.typing import EncodableT

POLL_MS = 100  # how long an idle consumer sleeps at most; Dramatiq's own 1,000 ms make a run wait half a second a stage
DELAYED_POLL_MS = 1000
HEARTBEAT_MS = 60_000  # a shorter one takes messages from workers whose interpreter is busy
MAINTENANCE_PER_MILLION = 5_000  # at about ten polls a second: a dead worker's messages are back within two minutes
SOCKET_TIMEOUT_S, CONNECT_TIMEOUT_S = 10.0, 3.0
DELAYED = ".DQ"  # how Dramatiq names the queue in which a message waits for its time


class StageBroker(RedisBroker):
    """Fetches from the queues of stages only as many messages as this process has free threads (`slots`), so that none
    waits here behind a long stage while another worker is idle.

    No middleware: attempts are counted and time is limited in the store and the driver, so Dramatiq's retries, time
    limits and metrics server stay out.
    """

    def __init__(self, client: redis.Redis, *, namespace: str, slots: int | None) -> None:
        super().__init__(  # type: ignore[no-untyped-call] # the library has no types here
            client=client,
            middleware=[],
            namespace=namespace,
            heartbeat_timeout=HEARTBEAT_MS,
            maintenance_chance=MAINTENANCE_PER_MILLION,
        )
        self._slots = slots
        self._taken = 0
        self._lock = threading.Lock()

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = POLL_MS) -> object:  # type: ignore[override] # the library's consumer class is private
        patience_ms = DELAYED_POLL_MS if queue_name.endswith(DELAYED) else timeout
        return super().consume(queue_name, prefetch, patience_ms)

    def enqueue_command(self, queue_name: str, message_id: str, data: bytes) -> tuple[EncodableT, ...]:
        """The Redis command by which Dramatiq puts this encoded message into a queue, for whoever sends it himself."""
        arguments = (
            "enqueue",
            round(time.time() * 1000),
            queue_name,
            self.broker_id,
            self.heartbeat_timeout,
            self.dead_message_ttl,
            0,  # no maintenance now
            1,  # how much maintenance would unpack at once
        )
        return ("EVALSHA", self.scripts["dispatch"].sha, 1, self.namespace, *arguments, message_id, data)

    # Dramatiq's consumers call these four; without ours they come out of its __getattr__.

    def do_fetch(self, queue_name: str, count: int) -> list[bytes]:
        """At most `count` messages, and no more than there are free slots."""
        if self._slots is None or queue_name.endswith(DELAYED):
            return list(self._dispatch("fetch")(queue_name, count))  # type: ignore[no-untyped-call] # as above
        with self._lock:
            free = min(count, self._slots - self._taken)
            if free <= 0:
                return []
            found = list(self._dispatch("fetch")(queue_name, free))  # type: ignore[no-untyped-call] # as above
            self._taken += len(found)
            return found

    def do_ack(self, queue_name: str, message_id: str) -> None:
        self._dispatch("ack")(queue_name, message_id)  # type: ignore[no-untyped-call] # as above
        self._free(queue_name, 1)

    def do_nack(self, queue_name: str, message_id: str) -> None:
        self._dispatch("nack")(queue_name, message_id)  # type: ignore[no-untyped-call] # as above
        self._free(queue_name, 1)

    def do_requeue(self, queue_name: str, *message_ids: str) -> None:
        self._dispatch("requeue")(queue_name, *message_ids)  # type: ignore[no-untyped-call] # as above
        self._free(queue_name, len(message_ids))

    def _free(self, queue_name: str, count: int) -> None:
        if not queue_name.endswith(DELAYED):
            with self._lock:
                self._taken = max(0, self._taken - count)


def broker(url: str, *, namespace: str = "fixbugs-queue", slots: int | None = None) -> StageBroker:
    """A broker on this Redis. It connects when it is first used. `slots`: how many messages this process works on at
    once; None for a process that only rings, or whose messages are all short."""
    client: redis.Redis = redis.Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        health_check_interval=30,
    )
    return StageBroker(client, namespace=namespace, slots=slots)
