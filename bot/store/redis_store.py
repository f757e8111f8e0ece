"""The Store on Redis: runs that several processes work on and that survive all of them. Which run may start, and which
thread has which run, is `redis_register`'s; what a change does to a run is `transitions`'."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import redis
from redis.client import Pipeline

from bot.core.artifacts import SourceText
from bot.core.errors import Permanent
from bot.core.evidence import Evidence
from bot.core.outcomes import GiveUp, RunRecord, StageOutcome, StageRecord
from bot.core.run import Run, StageName
from bot.ports import Claim
from bot.store import transitions
from bot.store.redis_client import DAY_S, Keys, answering, changing, connect, moment, raw, texts
from bot.store.redis_records import LEASES, LOOK, MEMO, THREAD, VERDICT, fields_of, lease_field, state_of
from bot.store.transitions import Now, RunState

log = logging.getLogger(__name__)

T = TypeVar("T")
KEPT_S = 30 * DAY_S  # a run that ended
UNREADABLE_S = 3600.0  # a run that nobody can read is given up this long after somebody last did
LOOKED_AT_ONCE = 100  # overdue runs per call: the rest is overdue in the next one

# A lease that is held ends later; the run is due when its first lease ends, or when it was to be looked at anyhow.
RENEW = """
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
local lease = redis.call('HGET', KEYS[1], ARGV[1]) or '0 0 0'
local fence, ends, deaths = lease:match('^(%S+) (%S+) (%S+)$')
if fence ~= ARGV[2] or tonumber(ends) <= 0 then return 0 end
local time = redis.call('TIME')
local mine = tonumber(time[1]) + tonumber(time[2]) / 1000000 + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], string.format('%s %.6f %s', fence, mine, deaths))
local first = math.min(mine, tonumber(redis.call('HGET', KEYS[1], ARGV[4]) or mine))
for i = 5, #ARGV do
  local other = redis.call('HGET', KEYS[1], ARGV[i])
  local other_ends = other and tonumber(other:match('^%S+ (%S+)')) or 0
  if other_ends > 0 and other_ends < first then first = other_ends end
end
redis.call('ZADD', KEYS[2], 'XX', string.format('%.6f', first), ARGV[#ARGV])
return 1
"""
REMEMBER = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""


class RedisStore:
    """Every change is made under WATCH, so it is atomic and based on what is there; the server's clock judges leases.

    A stage whose worker died may be claimed again once its lease ran out; after `transitions.MAX_DEATHS` such deaths it
    has failed for good, and the run ends as FAILED. A run that ended is kept for 30 days.
    """

    def __init__(self, client: redis.Redis, namespace: str = "fixbugs") -> None:
        self._client = client
        self._keys = Keys(namespace)
        self._renew = client.register_script(RENEW)
        self._remember = client.register_script(REMEMBER)

    # ------------------------------------------------------------ the Store port

    async def create(self, run: Run, stages: Sequence[StageName]) -> None:
        """A run that no register knows: it does not wait, and does not count as active."""

        def step(pipe: Pipeline) -> None:
            if pipe.exists(self._keys.run(run.id)):
                raise Permanent(f"Run {run.id} exists already.")
            state = transitions.opened(run, stages, moment(pipe.time()), started=True)
            pipe.multi()
            pipe.hset(self._keys.run(run.id), mapping=fields_of(state))
            pipe.zadd(self._keys.due, {run.id: state.overdue_s})

        await asyncio.to_thread(changing, self._client, step, self._keys.run(run.id))

    async def load(self, run_id: str) -> RunRecord:
        """A run that waits to be let in has no `started_at`."""
        return (await asyncio.to_thread(self._read, run_id)).record

    async def claim(self, run_id: str, stage: StageName, lease_s: float) -> Claim | None:
        """None also for a run that was not let in, and once the verdict is certain (then publication alone starts)."""
        return await self._change(run_id, lambda state, now: transitions.claimed(state, stage, lease_s, now))

    async def renew(self, claim: Claim, lease_s: float) -> bool:
        return await asyncio.to_thread(self._renewed, claim, lease_s)

    async def finish(
        self, claim: Claim, record: StageRecord, outcome: StageOutcome | None, evidence: Sequence[Evidence]
    ) -> bool:
        return await self._keep(
            claim, lambda state, now: transitions.finished(state, claim, record, outcome, evidence, now=now)
        )

    async def hand_back(self, claim: Claim) -> None:
        await self._keep(claim, lambda state, now: transitions.handed_back(state, claim, now))

    async def give_up(self, run_id: str, reason: GiveUp) -> None:
        """A run that waits to be let in waits no longer: its verdict may be written at once."""
        await self._change(run_id, lambda state, now: (transitions.given_up(state, reason, now), None))

    async def stopped(self, run_id: str) -> bool:
        return await asyncio.to_thread(self._has_verdict, run_id)

    async def found(self, run_id: str, stage: StageName, text: str) -> None:
        await self._change(run_id, lambda state, _: (transitions.found(state, stage, text), None))

    async def hand_in(self, run_id: str, text: SourceText) -> None:
        await self._change(run_id, lambda state, _: (transitions.handed_in(state, text), None))

    async def remember(self, run_id: str, name: str, value: str) -> None:
        await asyncio.to_thread(self._keep_memo, run_id, name, value)

    async def recall(self, run_id: str, name: str) -> str | None:
        return await asyncio.to_thread(self._memo, run_id, name)

    # ------------------------------------------------------- for sweeper and health

    async def overdue(self) -> tuple[str, ...]:
        """Open runs that somebody should ring for now: a worker of theirs died, or nothing happened for a while.

        The lost leases are settled (see `transitions.settled`), so that `load` shows which stages wait again; each run
        is named to one caller, and again only some seconds later.
        """
        return await asyncio.to_thread(self._overdue)

    async def beat(self, worker_id: str, ttl_s: float) -> None:
        """Says that this worker lives, for so long."""
        await asyncio.to_thread(self._beat, worker_id, ttl_s)

    async def workers(self) -> tuple[str, ...]:
        """The workers that live, by what they said."""
        return await asyncio.to_thread(self._workers)

    # ------------------------------------------------------------------ changing

    async def _keep(self, claim: Claim, rule: Callable[[RunState, Now], RunState | None]) -> bool:
        """True when the rule let the claim change the run."""

        def change(state: RunState, now: Now) -> tuple[RunState, bool]:
            after = rule(state, now)
            return (state, False) if after is None else (after, True)

        return await self._change(claim.run_id, change)

    async def _change(self, run_id: str, rule: Callable[[RunState, Now], tuple[RunState, T]]) -> T:
        def step(pipe: Pipeline) -> T:
            fields = raw(pipe.hgetall(self._keys.run(run_id)))
            before = state_of(fields, run_id)
            after, found = rule(before, moment(pipe.time()))
            if after != before:
                self._write(pipe, before, after, fields)
            return found

        return await asyncio.to_thread(changing, self._client, step, self._keys.run(run_id))

    def _write(self, pipe: Pipeline, before: RunState, after: RunState, fields: dict[bytes, bytes]) -> None:
        keys, run_id = self._keys, after.record.run.id
        if after.ended:
            self._ended(pipe, run_id, fields)
        else:
            pipe.multi()
        pipe.hset(keys.run(run_id), mapping=fields_of(after, before))
        if after.started and not after.ended:
            pipe.zadd(keys.due, {run_id: after.overdue_s})
            pipe.zrem(keys.waiting, run_id)

    def _ended(self, pipe: Pipeline, run_id: str, fields: dict[bytes, bytes]) -> None:
        """Begins the writes: the run counts no more, and its thread is free."""
        keys, thread = self._keys, fields.get(THREAD.encode(), b"").decode("utf-8", "surrogatepass")
        frees = bool(thread) and pipe.get(keys.current(thread)) == run_id.encode()
        pipe.multi()
        pipe.zrem(keys.due, run_id)
        pipe.zrem(keys.waiting, run_id)
        pipe.srem(keys.active, run_id)
        pipe.hdel(keys.homes, run_id)
        pipe.expire(keys.run(run_id), KEPT_S)
        if frees:
            pipe.delete(keys.current(thread))
            pipe.expire(keys.latest(thread), KEPT_S)

    # ------------------------------------------------------------- one question each

    def _read(self, run_id: str) -> RunState:
        with answering():
            fields = raw(self._client.hgetall(self._keys.run(run_id)))
        return state_of(fields, run_id)

    def _renewed(self, claim: Claim, lease_s: float) -> bool:
        others = [name for name in LEASES if name != lease_field(claim.stage)]
        with answering():
            done = self._renew(
                keys=[self._keys.run(claim.run_id), self._keys.due],
                args=[lease_field(claim.stage), claim.fence, lease_s, LOOK, *others, claim.run_id],
            )
        if done < 0:
            raise Permanent(f"There is no run {claim.run_id}.")
        return bool(done)

    def _has_verdict(self, run_id: str) -> bool:
        with answering():
            run, verdict = self._client.hmget(self._keys.run(run_id), [LOOK, VERDICT])
        if run is None:
            raise Permanent(f"There is no run {run_id}.")
        return verdict is not None

    def _keep_memo(self, run_id: str, name: str, value: str) -> None:
        with answering():
            done = self._remember(
                keys=[self._keys.run(run_id)], args=[f"{MEMO}{name}", value.encode("utf-8", "surrogatepass")]
            )
        if not done:
            raise Permanent(f"There is no run {run_id}.")

    def _memo(self, run_id: str, name: str) -> str | None:
        with answering():
            found = self._client.hget(self._keys.run(run_id), f"{MEMO}{name}")
        return found.decode("utf-8", "surrogatepass") if isinstance(found, bytes) else found

    def _overdue(self) -> tuple[str, ...]:
        with answering():
            now = moment(self._client.time())
            late = texts(self._client.zrangebyscore(self._keys.due, "-inf", now.s, start=0, num=LOOKED_AT_ONCE))
        return tuple(run_id for run_id in late if self._looked_at(run_id))

    def _looked_at(self, run_id: str) -> bool:
        """Settles a run that is overdue; False when somebody else did just now, or it cannot be read."""

        def step(pipe: Pipeline) -> bool:
            fields = raw(pipe.hgetall(self._keys.run(run_id)))
            now = moment(pipe.time())
            try:
                before = state_of(fields, run_id)
            except Permanent as exc:
                self._set_aside(pipe, run_id, fields, now)
                log.warning("run_unreadable run=%s why=%s", run_id, exc)
                return False
            if before.ended or before.overdue_s > now.s:
                return False
            self._write(pipe, before, transitions.looked_at(before, now), fields)
            return True

        return changing(self._client, step, self._keys.run(run_id))

    def _set_aside(self, pipe: Pipeline, run_id: str, fields: dict[bytes, bytes], now: Now) -> None:
        """Looks at a run that cannot be read later again: a newer worker may know it. At last it is given up, and what
        it keeps from others is free."""
        if now.s - float(fields.get(LOOK.encode(), 0.0)) < UNREADABLE_S:
            pipe.multi()
            pipe.zadd(self._keys.due, {run_id: now.s + transitions.LOOK_S})
        else:
            self._ended(pipe, run_id, fields)

    def _beat(self, worker_id: str, ttl_s: float) -> None:
        with answering():
            now = moment(self._client.time())
            self._client.zadd(self._keys.named("workers"), {worker_id: now.s + ttl_s})

    def _workers(self) -> tuple[str, ...]:
        with answering():
            now = moment(self._client.time())
            self._client.zremrangebyscore(self._keys.named("workers"), "-inf", now.s)
            return texts(self._client.zrange(self._keys.named("workers"), 0, -1))


__all__ = ["RedisStore", "connect"]
