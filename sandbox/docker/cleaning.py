"""What is left of ours on an engine: finds containers, networks and volumes whose process is gone, and environments,
and removes them. Nothing without our label is ever touched; what our processes do before they end is not done here.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import docker.errors

from bot.core.errors import FixbugsError
from sandbox.docker.container import EXPIRY_S
from sandbox.docker.engine import Engine, engine_errors
from sandbox.docker.images import BASES, ENVIRONMENTS
from sandbox.docker.labels import LABEL, started_at

OURS = {"label": f"{LABEL}=1"}
OWNER, PURPOSE = f"{LABEL}.owner", f"{LABEL}.purpose"
DOWNLOADS = "downloads"  # a repository's packages, kept for the next build: nobody's process owns them


class Kind(Enum):
    CONTAINER = "container"
    NETWORK = "network"
    VOLUME = "volume"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing of ours. `id` is the engine's, `name` is for people. `size_bytes` is known of images only."""

    kind: Kind
    id: str
    name: str
    owner: str = ""
    size_bytes: int = 0

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}" + (f" (of {self.owner})" if self.owner else "")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed, and what could not be, each with the reason."""

    removed: tuple[Leftover, ...]
    kept: tuple[tuple[Leftover, str], ...]


def orphans(engine: Engine, now: float) -> tuple[Leftover, ...]:
    """Containers, networks and volumes whose process is gone. Processes of other hosts cannot be seen: what they own is
    an orphan once it is older than any sandbox gets. `now` is in seconds since 1970."""
    with engine_errors("list what is left of FixBugs on it"):
        found = [*_containers(engine), *_networks(engine), *_volumes(engine)]
    return tuple(leftover for leftover, made_at in found if not _alive(leftover.owner, now - made_at))


def environments(engine: Engine) -> tuple[Leftover, ...]:
    """Built environments, the bases they were made of, and the packages kept for the next build."""
    found = []
    with engine_errors("list environments"):
        for image in engine.api.images(filters=OURS):
            size_bytes = int((image.get("Labels") or {}).get(f"{LABEL}.size", 0))
            for tag in image.get("RepoTags") or ():
                if str(tag).partition(":")[0] in (ENVIRONMENTS, BASES):
                    found.append(Leftover(Kind.IMAGE, str(tag), str(tag), size_bytes=size_bytes))
        for volume in _listed_volumes(engine):
            if _labels(volume).get(PURPOSE) == DOWNLOADS:
                found.append(Leftover(Kind.VOLUME, str(volume["Name"]), str(volume["Name"])))
    # Bases last: environments are made of them.
    return tuple(sorted(found, key=lambda left: (left.name.startswith(BASES), left.name)))


def remove(engine: Engine, leftovers: Sequence[Leftover]) -> Cleaned:
    """Containers go first, because they use the rest. What is gone already counts as removed."""
    order = list(Kind)
    removed, kept = [], []
    for leftover in sorted(leftovers, key=lambda left: order.index(left.kind)):
        try:
            with engine_errors(f"remove {leftover}"):
                _remove(engine, leftover)
        except FixbugsError as error:  # the others are still to be removed
            kept.append((leftover, str(error)))
        else:
            removed.append(leftover)
    return Cleaned(tuple(removed), tuple(kept))


def _remove(engine: Engine, leftover: Leftover) -> None:
    api = engine.api
    try:
        if leftover.kind is Kind.CONTAINER:
            api.remove_container(leftover.id, force=True, v=True)
        elif leftover.kind is Kind.NETWORK:
            api.remove_network(leftover.id)
        elif leftover.kind is Kind.VOLUME:
            api.remove_volume(leftover.id)
        else:
            api.remove_image(leftover.id)
    except docker.errors.NotFound:
        pass
    except docker.errors.APIError as error:
        if "already in progress" not in str(error.explanation):  # it removes itself just now
            raise


# ------------------------------------------------------------------ listing


def _containers(engine: Engine) -> Iterator[tuple[Leftover, float]]:
    for found in engine.api.containers(all=True, filters=OURS):
        name = str((found.get("Names") or [found["Id"]])[0]).lstrip("/")
        yield Leftover(Kind.CONTAINER, str(found["Id"]), name, _owner(found)), float(found.get("Created") or 0)


def _networks(engine: Engine) -> Iterator[tuple[Leftover, float]]:
    for found in engine.api.networks(filters=OURS):
        leftover = Leftover(Kind.NETWORK, str(found["Id"]), str(found["Name"]), _owner(found))
        yield leftover, _seconds(found.get("Created"))


def _volumes(engine: Engine) -> Iterator[tuple[Leftover, float]]:
    for found in _listed_volumes(engine):
        if _labels(found).get(PURPOSE) != DOWNLOADS:
            leftover = Leftover(Kind.VOLUME, str(found["Name"]), str(found["Name"]), _owner(found))
            yield leftover, _seconds(found.get("CreatedAt"))


def _listed_volumes(engine: Engine) -> Sequence[Mapping[str, Any]]:
    return engine.api.volumes(filters=OURS).get("Volumes") or ()


def _labels(found: Mapping[str, Any]) -> Mapping[str, str]:
    return found.get("Labels") or {}


def _owner(found: Mapping[str, Any]) -> str:
    return str(_labels(found).get(OWNER, ""))


def _seconds(written: object) -> float:
    """Of the engine's "2026-01-02T03:04:05.123456789Z", since 1970; 0 (long ago) for what is no time."""
    try:
        return datetime.fromisoformat(re.sub(r"\.\d+", "", str(written))).timestamp()
    except ValueError:
        return 0.0


def _alive(owner: str, age_s: float) -> bool:
    """Whether the process that owns something may still be there."""
    host, pid, started = owner.rsplit(":", 2) if owner.count(":") >= 2 else ("", "", "")
    if host == socket.gethostname() and pid.isdigit():
        return started != "" and started_at(int(pid)) == started
    return age_s < EXPIRY_S
