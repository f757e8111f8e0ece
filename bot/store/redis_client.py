"""How we talk to Redis: the connection with its time limits, its errors in our words, names of keys, and changes that
are made all at once. What a key's value means belongs to the files that use it."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar, cast

import redis
from redis.backoff import ExponentialBackoff
from redis.client import Pipeline
from redis.connection import AbstractConnection
from redis.exceptions import NoPermissionError
from redis.retry import Retry
from redis.typing import EncodableT

from bot.core.errors import InputError, Permanent, Transient
from bot.store.transitions import Now

T = TypeVar("T")
CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 5.0
HEALTH_CHECK_S = 30  # a connection that was idle for longer is tried before it is used
TRIES = 200  # of a change that others keep getting ahead of: seconds, with the pauses in between
DAY_S = 86_400
# What the library says of an address may quote a part of the password.
UNUSABLE = (
    "The Redis address cannot be used. It looks like redis://localhost:6379/0 or redis://:password@host:6379/0, where "
    "special characters of the password are written as in any address (a slash is %2F)."
)
OVERLOADED = (redis.OutOfMemoryError, redis.ReadOnlyError)
OVERLOADED_WORDS = re.compile(r"\b(OOM|MISCONF|READONLY|BUSY|MASTERDOWN|NOREPLICAS|TRYAGAIN)\b")  # in a script's error


def connect(url: str) -> redis.Redis:
    """A client that never waits without end; thread-safe, and connects when it is first used. Takes redis://,
    rediss:// and unix:// addresses. Raises InputError for another."""
    try:
        return redis.Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=ANSWER_TIMEOUT_S,
            health_check_interval=HEALTH_CHECK_S,
            # Once more, for a connection that went away while idle; a server that is away is the caller's matter.
            retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), 1),
        )
    except ValueError as exc:
        raise InputError(UNUSABLE) from exc


@contextmanager
def answering() -> Iterator[None]:
    """Redis' errors as ours: Transient where trying again may help, else Permanent."""
    try:
        yield
    except (redis.AuthenticationError, NoPermissionError) as exc:
        raise Permanent(f"Redis refuses us ({_said(exc)}): check the user and password in its address.") from exc
    except (redis.ConnectionError, redis.TimeoutError) as exc:
        raise Transient(f"Redis does not answer ({_said(exc)}): is it running, and is its address right?") from exc
    except redis.RedisError as exc:
        if isinstance(exc, OVERLOADED) or OVERLOADED_WORDS.search(_said(exc)):
            raise Transient(f"Redis cannot take this now ({_said(exc)}): look at its memory, disk and role.") from exc
        raise Permanent(f"Redis refused a command ({_said(exc)}): does something else use this database?") from exc


class ConnectionLost(Exception):
    """A connection ended while something was asked over it: it is not known what was carried out."""


def together(client: redis.Redis, commands: Sequence[Sequence[EncodableT]]) -> list[object]:
    """Sends these commands in one write; returns what the server said to each, an error of one command in its place.
    Raises ConnectionLost; Transient when there is no connection to be had, or no answer in time.

    A webhook is answered once for each delivery, and the library's own pipeline costs more than two single commands.
    """
    with answering():
        connection = client.connection_pool.get_connection()
        try:
            return _exchange(connection, commands)
        except redis.ConnectionError as exc:
            raise ConnectionLost from exc
        finally:
            client.connection_pool.release(connection)


def _exchange(connection: AbstractConnection, commands: Sequence[Sequence[EncodableT]]) -> list[object]:
    answers: list[object] = []
    try:
        packed = connection.pack_commands(commands)  # type: ignore[no-untyped-call] # the library has no types here
        connection.send_packed_command(packed)  # type: ignore[no-untyped-call] # as above
        for _ in commands:
            try:
                answers.append(connection.read_response())
            except redis.ResponseError as exc:
                answers.append(exc)
    except BaseException:
        # Or the next one to use it would read our answers.
        connection.disconnect()  # type: ignore[no-untyped-call] # as above
        raise
    return answers


def _said(error: redis.RedisError) -> str:
    """What Redis said, without the command: that may hold what people wrote."""
    return str(error).rpartition("caused error: ")[2][:200]


def text(value: object) -> str:
    """A text that Redis holds."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def texts(values: object) -> tuple[str, ...]:
    return tuple(text(value) for value in values) if isinstance(values, (list, set, tuple)) else ()


def raw(fields: object) -> dict[bytes, bytes]:
    """A hash as Redis holds it: our clients do not decode what they are told."""
    return cast("dict[bytes, bytes]", fields)


def moment(time_of_server: tuple[int, int]) -> Now:
    """The server's time: one clock for all workers."""
    seconds, microseconds = time_of_server
    return Now(datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds), seconds + microseconds / 1e6)


@dataclass(frozen=True, slots=True)
class Keys:
    """Where things are; `namespace` lets several servers share one database."""

    namespace: str

    def run(self, run_id: str) -> str:
        """Hash: one run, see `redis_records`."""
        return f"{self.namespace}:run:{run_id}"

    @property
    def due(self) -> str:
        """Sorted set: open runs that were let in, by when somebody should look at them (seconds of the server)."""
        return f"{self.namespace}:due"

    @property
    def waiting(self) -> str:
        """Sorted set: runs that wait to be let in, by their number."""
        return f"{self.namespace}:waiting"

    @property
    def active(self) -> str:
        """Set: runs that count as active."""
        return f"{self.namespace}:active"

    @property
    def homes(self) -> str:
        """Hash: run to "installation/owner/name", for runs that have not ended."""
        return f"{self.namespace}:homes"

    @property
    def numbers(self) -> str:
        """Counter: one number per run, in the order they were opened."""
        return f"{self.namespace}:numbers"

    def current(self, thread: str) -> str:
        """The run of a thread that has not ended."""
        return f"{self.namespace}:thread:{thread}"

    def latest(self, thread: str) -> str:
        return f"{self.namespace}:latest:{thread}"

    def named(self, kind: str, name: str = "") -> str:
        """Any other key."""
        return f"{self.namespace}:{kind}:{name}" if name else f"{self.namespace}:{kind}"


def changing(client: redis.Redis, step: Callable[[Pipeline], T], *watched: str) -> T:
    """What `step` returns, once the writes it queued were carried out all at once, with nothing that it watched
    changed in between; it is called again until then, so it must have no other effect.

    `step` reads through the pipeline it is given, which watches `watched` already, then calls `multi()` and writes.
    """
    with answering(), client.pipeline() as pipe:
        for tried in range(TRIES):
            try:
                if watched:
                    pipe.watch(*watched)  # type: ignore[no-untyped-call] # redis-py's own
                found = step(pipe)
                if pipe.command_stack:
                    pipe.execute()
                return found
            except redis.WatchError:
                time.sleep(random.uniform(0.0, 0.002 * min(tried + 1, 25)))  # noqa: S311 (spreads out, hides nothing)
            finally:
                pipe.reset()
    raise Transient("Too many others change the same thing in Redis at once: it is tried again later.")
