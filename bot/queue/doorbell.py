"""`DramatiqDoorbell`: tells workers that there may be something to do. It only enqueues; the actors are the worker's,
so that a web process loads nothing of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import redis
from dramatiq import Message
from redis.typing import EncodableT

from bot.core.errors import Transient
from bot.core.run import StageName
from bot.queue.broker import StageBroker
from bot.queue.names import DELIVERY, NOTICE

LONGEST_DELAY_S = 6 * 24 * 3600.0  # Dramatiq refuses a week


class DramatiqDoorbell:
    """Implements `bot.ports.Doorbell`. A queue and its one actor share their name; a message is an id."""

    def __init__(self, broker: StageBroker) -> None:
        self._broker = broker

    def stage(self, run_id: str, stage: StageName, delay_s: float = 0.0) -> None:
        self._ring(stage.value, run_id, delay_s)

    def notice(self, run_id: str, delay_s: float = 0.0) -> None:
        self._ring(NOTICE, run_id, delay_s)

    def delivery(self, delivery_id: str, delay_s: float = 0.0) -> None:
        self._ring(DELIVERY, delivery_id, delay_s)

    def delivery_command(self, delivery_id: str) -> tuple[EncodableT, ...]:
        """What `delivery` would tell Redis, to be told in the same breath as something else."""
        id = uuid4().hex
        message: Message[None] = Message(
            DELIVERY, DELIVERY, (delivery_id,), {}, {"redis_message_id": id}, message_id=id
        )
        with _answering():
            return self._broker.enqueue_command(DELIVERY, id, message.encode())

    def _ring(self, queue: str, subject: str, delay_s: float) -> None:
        message: Message[None] = Message(queue_name=queue, actor_name=queue, args=(subject,), kwargs={}, options={})
        delay_ms = round(min(delay_s, LONGEST_DELAY_S) * 1000)
        with _answering():
            self._broker.enqueue(message, delay=delay_ms if delay_ms > 0 else None)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OSError) as exc:
        raise Transient(f"The queue in Redis does not answer ({exc}): check that Redis is up.") from exc
