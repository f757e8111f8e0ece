"""A run as the fields of one Redis hash, and back. Rules of what may change are `transitions`'."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from redis.typing import EncodableT, FieldT

from bot.core.artifacts import Artifact, SourceText
from bot.core.errors import Permanent
from bot.core.evidence import Evidence
from bot.core.outcomes import GiveUp, RunRecord, StageRecord
from bot.core.run import Run, StageName, Verdict
from bot.store.codec import Unreadable, decode, decode_artifact, encode, encode_named
from bot.store.transitions import QUIET_S, Lease, Now, RunState

Fields = Mapping[bytes, bytes]

STARTED = "started_at"
VERDICT = "verdict"  # present once it is certain: `stopped` looks for nothing else
LOOK = "look"  # when to look at the run, leases aside (seconds of the server)
MEMO = "memo:"  # what the run did outside, by name
THREAD = "thread"  # the thread that it belongs to, if any


def lease_field(stage: StageName) -> str:
    """Holds "fence ends deaths"; the end in seconds of the server, 0 when nobody holds it."""
    return f"lease:{stage.value}"


LEASES = tuple(lease_field(stage) for stage in StageName)


def fields_of(after: RunState, before: RunState | None = None) -> dict[FieldT, EncodableT]:
    """The fields to write for a run that is `after` now; all of them when it was nothing before. Nothing is ever taken
    away: artifacts and evidence only grow."""
    new, old = after.record, before.record if before else None
    written: dict[FieldT, EncodableT] = {}
    if old is None:
        written["run"] = encode(new.run)
    if old is None or old.stages != new.stages:
        written["stages"] = encode(new.stages, tuple[StageRecord, ...])
    for number in range(len(old.artifacts) if old else 0, len(new.artifacts)):
        written[f"artifact:{number}"] = encode_named(new.artifacts[number])
    known = len(old.evidence) if old else 0
    if new.evidence[known:]:
        written[f"evidence:{known}"] = encode(new.evidence[known:], tuple[Evidence, ...])
    if new.give_up is not None and (old is None or old.give_up is None):
        written["give_up"] = encode(new.give_up)
    if new.verdict is not None and (old is None or old.verdict is None):
        written[VERDICT] = new.verdict.value.encode()
    if new.started_at is not None and (old is None or old.started_at is None):
        written[STARTED] = new.started_at.isoformat().encode()
    if new.handed_in and (old is None or old.handed_in != new.handed_in):
        written["handed_in"] = encode(new.handed_in, tuple[SourceText, ...])
    for stage, lease in after.leases.items():
        if before is None or before.lease(stage) != lease:
            written[lease_field(stage)] = _lease_text(lease)
    written[LOOK] = repr(after.look_s).encode()
    return written


def started_fields(now: Now) -> dict[FieldT, EncodableT]:
    """The fields to write for a run that is let in."""
    return {STARTED: now.at.isoformat().encode(), LOOK: repr(now.s + QUIET_S).encode()}


def state_of(fields: Fields, run_id: str) -> RunState:
    """Raises Permanent when there is no such run, Unreadable when this version cannot read it."""
    if b"run" not in fields:
        raise Permanent(f"There is no run {run_id}.")
    of = f"Run {run_id}"
    try:
        record = RunRecord(
            run=decode(fields[b"run"], Run, of),
            stages=decode(fields[b"stages"], tuple[StageRecord, ...], of),
            artifacts=tuple(_artifact(data, of) for data in _numbered(fields, b"artifact:")),
            evidence=tuple(fact for data in _numbered(fields, b"evidence:") for fact in _evidence(data, of)),
            verdict=Verdict(fields[b"verdict"].decode()) if b"verdict" in fields else None,
            give_up=decode(fields[b"give_up"], GiveUp, of) if b"give_up" in fields else None,
            started_at=datetime.fromisoformat(fields[b"started_at"].decode()) if b"started_at" in fields else None,
            handed_in=decode(fields[b"handed_in"], tuple[SourceText, ...], of) if b"handed_in" in fields else (),
        )
        leases = {
            stage: _lease(fields[name])
            for stage, name in ((stage, lease_field(stage).encode()) for stage in StageName)
            if name in fields
        }
        return RunState(record, leases, float(fields[LOOK.encode()]))
    except (ValueError, KeyError) as exc:
        raise Unreadable(
            f"{of} cannot be read ({exc!r}): it was kept by another version; ask for the run again."
        ) from exc


@lru_cache(maxsize=32)  # artifacts do not change, and a run is loaded many times: a large baseline takes 15 ms
def _artifact(data: bytes, of: str) -> Artifact:
    return decode_artifact(data, of)


def _evidence(data: bytes, of: str) -> tuple[Evidence, ...]:
    return decode(data, tuple[Evidence, ...], of)


def _numbered(fields: Fields, prefix: bytes) -> list[bytes]:
    found = [(int(name[len(prefix) :]), data) for name, data in fields.items() if name.startswith(prefix)]
    return [data for _, data in sorted(found)]


def _lease_text(lease: Lease) -> bytes:
    return f"{lease.fence} {lease.ends_s!r} {lease.deaths}".encode()


def _lease(data: bytes) -> Lease:
    fence, ends_s, deaths = data.split(b" ")
    return Lease(int(fence), float(ends_s), int(deaths))
