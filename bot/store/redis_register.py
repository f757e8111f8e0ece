"""The Register on Redis: which thread has which run, who may start, which pull requests are ours. What happens inside a
run is `redis_store`'s; who may start next is `admission`'s."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import redis
from redis.client import Pipeline

from bot.core.forge import Place
from bot.core.run import Run, StageName
from bot.ports import Opened, Opening
from bot.store import admission, transitions
from bot.store.admission import Home, Waiting
from bot.store.redis_client import DAY_S, Keys, answering, changing, moment, text, texts
from bot.store.redis_locks import alone
from bot.store.redis_records import THREAD, fields_of, started_fields
from bot.store.transitions import QUIET_S

MEANING_KEPT_S = 30 * DAY_S  # no longer than a run that ended is kept
PULL_KEPT_S = 400 * DAY_S

COUNT = """
local number = redis.call('INCR', KEYS[1])
if number == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return number
"""


class RedisRegister:
    """`active` runs go on at once at most, `per_repository` of them in one repository."""

    def __init__(
        self, client: redis.Redis, namespace: str = "fixbugs", *, active: int = 4, per_repository: int = 2
    ) -> None:
        self._client = client
        self._keys = Keys(namespace)
        self._active = active
        self._per_repository = per_repository
        self._count = client.register_script(COUNT)

    # --------------------------------------------------------------- opening

    async def open(self, run: Run, stages: Sequence[StageName], *, meaning: str) -> Opened:
        """Opening the very same run (its id) again says CREATED and changes nothing."""
        return await asyncio.to_thread(self._open, run, tuple(stages), meaning)

    def _open(self, run: Run, stages: tuple[StageName, ...], meaning: str) -> Opened:
        keys = self._keys
        thread = run.origin.thread if run.origin else ""
        asked = keys.named("meaning", hashlib.sha256(meaning.encode("utf-8", "surrogatepass")).hexdigest())

        def step(pipe: Pipeline) -> Opened:
            if pipe.exists(keys.run(run.id)):
                return Opened(run.id, Opening.CREATED)
            # In this order: one that is opened in between is then seen as going on, not as answered before.
            answered = self._known(pipe, pipe.get(asked)) if meaning else None
            going_on = self._known(pipe, pipe.get(keys.current(thread))) if thread else None
            if going_on:
                return Opened(going_on, Opening.JOINED)
            if answered:
                return Opened(answered, Opening.REPEATED)
            state = transitions.opened(run, stages, moment(pipe.time()), started=False)
            number = pipe.incr(keys.numbers)
            pipe.multi()
            pipe.hset(keys.run(run.id), mapping={**fields_of(state), THREAD: thread.encode("utf-8", "surrogatepass")})
            pipe.zadd(keys.waiting, {run.id: float(number)})
            pipe.hset(keys.homes, run.id, str(_home(run)))
            if thread:
                pipe.set(keys.current(thread), run.id)
                pipe.set(keys.latest(thread), run.id)
            if meaning:
                pipe.set(asked, run.id, ex=MEANING_KEPT_S)
            return Opened(run.id, Opening.CREATED)

        return changing(self._client, step, keys.run(run.id), keys.current(thread), asked)

    def _known(self, pipe: Pipeline, found: object) -> str | None:
        """A run that a key names, unless the run is gone."""
        run_id = text(found) if found else ""
        return run_id if run_id and pipe.exists(self._keys.run(run_id)) else None

    # ------------------------------------------------------------- admitting

    async def admit(self) -> tuple[str, ...]:
        return await asyncio.to_thread(changing, self._client, self._admit, self._keys.waiting, self._keys.active)

    def _admit(self, pipe: Pipeline) -> tuple[str, ...]:
        keys = self._keys
        waiting, active = self._queue(pipe)
        chosen = admission.admitted(waiting, active, at_most=self._active, per_repository=self._per_repository)
        if not chosen:
            return ()
        now = moment(pipe.time())
        pipe.multi()
        for one in chosen:
            pipe.zrem(keys.waiting, one.run_id)
            pipe.sadd(keys.active, one.run_id)
            pipe.hset(keys.run(one.run_id), mapping=started_fields(now))
            pipe.zadd(keys.due, {one.run_id: now.s + QUIET_S})
        return tuple(one.run_id for one in chosen)

    async def ahead(self, run_id: str) -> int | None:
        return await asyncio.to_thread(self._ahead, run_id)

    def _ahead(self, run_id: str) -> int | None:
        with answering():
            if self._client.zscore(self._keys.waiting, run_id) is None:
                return None
            waiting, active = self._queue(self._client)
        return admission.ahead(waiting, active, run_id)

    def _queue(self, client: redis.Redis) -> tuple[list[Waiting], list[Home]]:
        """Who waits, oldest first, and the homes of who is active."""
        if not (waiting := texts(client.zrange(self._keys.waiting, 0, -1))):
            return [], []
        homes = {text(run_id): Home.parse(text(home)) for run_id, home in client.hgetall(self._keys.homes).items()}
        active = texts(client.smembers(self._keys.active))
        nowhere = Home(0, "")
        return [Waiting(one, homes.get(one, nowhere)) for one in waiting], [homes.get(one, nowhere) for one in active]

    # --------------------------------------------------------------- threads

    async def current(self, thread: str) -> str | None:
        return await asyncio.to_thread(self._get, self._keys.current(thread))

    async def latest(self, thread: str) -> str | None:
        return await asyncio.to_thread(self._get, self._keys.latest(thread))

    async def going_on(self, installation_id: int, repositories: Sequence[str] = ()) -> tuple[str, ...]:
        return await asyncio.to_thread(self._going_on, installation_id, {name.lower() for name in repositories})

    def _going_on(self, installation_id: int, repositories: set[str]) -> tuple[str, ...]:
        with answering():
            homes = self._client.hgetall(self._keys.homes).items()
        found = [(text(run_id), Home.parse(text(home))) for run_id, home in homes]
        here = [(run_id, home) for run_id, home in found if home.installation_id == installation_id]
        return tuple(sorted(run_id for run_id, home in here if not repositories or home.repository in repositories))

    # --------------------------------------------------------- pull requests

    async def set_pull(self, run_id: str, place: Place, number: int) -> None:
        await asyncio.to_thread(self._set, self._pull(place, number), run_id, PULL_KEPT_S)

    async def run_of_pull(self, place: Place, number: int) -> str | None:
        """The run's own record may be gone by then: it is kept for 30 days after its end, this for longer."""
        return await asyncio.to_thread(self._get, self._pull(place, number))

    async def set_outcome(self, place: Place, number: int, *, accepted: bool) -> None:
        said = "accepted" if accepted else "rejected"
        await asyncio.to_thread(self._set, self._outcome(place, number), said, PULL_KEPT_S)

    async def outcome(self, place: Place, number: int) -> bool | None:
        """Whether a person accepted this pull request of ours; None when nobody decided."""
        said = await asyncio.to_thread(self._get, self._outcome(place, number))
        return None if said is None else said == "accepted"

    def _pull(self, place: Place, number: int) -> str:
        return self._keys.named("pull", f"{place.repository.lower()}#{number}")

    def _outcome(self, place: Place, number: int) -> str:
        return self._keys.named("outcome", f"{place.repository.lower()}#{number}")

    # -------------------------------------------------------- once and alone

    async def first(self, key: str, within_s: float) -> bool:
        return await asyncio.to_thread(self._first, self._keys.named("first", key), within_s)

    def _first(self, key: str, within_s: float) -> bool:
        with answering():
            return bool(self._client.set(key, "1", nx=True, px=_ms(within_s)))

    async def count(self, key: str, within_s: float) -> int:
        return await asyncio.to_thread(self._counted, self._keys.named("count", key), within_s)

    def _counted(self, key: str, within_s: float) -> int:
        with answering():
            return int(self._count(keys=[key], args=[_ms(within_s)]))

    def alone(self, key: str, lease_s: float) -> AbstractAsyncContextManager[None]:
        """The lease is renewed for as long as the block goes on."""
        return alone(self._client, self._keys.named("alone", key), lease_s)

    # --------------------------------------------------------- installations

    async def set_installed(self, installation_id: int, repositories: Sequence[str], *, installed: bool) -> None:
        await asyncio.to_thread(self._set_installed, installation_id, tuple(repositories), installed)

    def _set_installed(self, installation_id: int, repositories: tuple[str, ...], installed: bool) -> None:
        state = self._keys.named("installed", str(installation_id))
        names = self._keys.named("repositories", str(installation_id))
        with answering(), self._client.pipeline() as pipe:
            if installed or not repositories:
                pipe.set(state, "yes" if installed else "no")
            if repositories and installed:
                pipe.sadd(names, *repositories)
            elif repositories:
                pipe.srem(names, *repositories)
            elif not installed:
                pipe.delete(names)
            pipe.execute()

    async def installed(self, installation_id: int) -> bool | None:
        said = await asyncio.to_thread(self._get, self._keys.named("installed", str(installation_id)))
        return None if said is None else said == "yes"

    async def repositories(self, installation_id: int) -> tuple[str, ...]:
        """Those that we were told of, sorted; an installation that was suspended forgets its own."""
        return await asyncio.to_thread(self._members, self._keys.named("repositories", str(installation_id)))

    # ------------------------------------------------------------ single keys

    def _members(self, key: str) -> tuple[str, ...]:
        with answering():
            return tuple(sorted(texts(self._client.smembers(key))))

    def _get(self, key: str) -> str | None:
        with answering():
            found = self._client.get(key)
        return None if found is None else text(found)

    def _set(self, key: str, value: str, kept_s: int) -> None:
        with answering():
            self._client.set(key, value, ex=kept_s)


def _home(run: Run) -> Home:
    if run.origin is None:
        return Home(0, run.repository.lower())
    return Home(run.origin.place.installation_id, run.origin.place.repository.lower())


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
