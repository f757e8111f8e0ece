"""What is left of ours on a real engine: found by whose it is, and removed; nobody else's is touched."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.docker.cleaning import Kind, Leftover, environments, orphans, remove
from sandbox.docker.container import EXPIRY_S
from sandbox.docker.engine import Engine
from sandbox.docker.labels import labels, owner

HERE = socket.gethostname()
DEAD = f"{HERE}:4194305:1"  # no process has a number beyond the kernel's most
REUSED = f"{HERE}:1:1"  # another process has the number now
ELSEWHERE = "another-host:1:1"


@dataclass
class Bench:
    """Things of a test's own on the engine; all are removed in the end."""

    engine: Engine
    mark: str = field(default_factory=lambda: f"cleaning-{secrets.token_hex(4)}")
    containers: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)

    def container(self, name: str, known: dict[str, str]) -> None:
        """Made, never started."""
        image = next(name for name in self.engine.settings.images.values() if self.engine.image(name))
        made = self.engine.api.create_container(image, ["true"], name=f"{self.mark}-{name}", labels=known)
        self.containers.append(made["Id"])

    def network(self, name: str, known: dict[str, str]) -> None:
        made = self.engine.api.create_network(f"{self.mark}-{name}", internal=True, labels=known)
        self.networks.append(made["Id"])

    def volume(self, name: str, known: dict[str, str]) -> None:
        self.volumes.append(self.engine.api.create_volume(f"{self.mark}-{name}", labels=known)["Name"])

    def mine(self, found: tuple[Leftover, ...]) -> dict[str, Leftover]:
        """Those of this test, by the names that it gave."""
        return {left.name.removeprefix(f"{self.mark}-"): left for left in found if left.name.startswith(self.mark)}

    def there(self) -> set[str]:
        api = self.engine.api
        listed: list[Any] = [found["Names"][0].lstrip("/") for found in api.containers(all=True)]
        listed += [found["Name"] for found in (*api.networks(), *(api.volumes().get("Volumes") or ()))]
        return {name.removeprefix(f"{self.mark}-") for name in listed if name.startswith(self.mark)}


@pytest.fixture
def bench(docker_engine: Engine) -> Iterator[Bench]:
    bench = Bench(docker_engine)
    yield bench
    left = [Leftover(Kind.CONTAINER, one, one) for one in bench.containers]
    left += [Leftover(Kind.NETWORK, one, one) for one in bench.networks]
    left += [Leftover(Kind.VOLUME, one, one) for one in bench.volumes]
    assert remove(docker_engine, left).kept == ()


def of(whose: str, purpose: str = "run") -> dict[str, str]:
    return {**labels(purpose), "fixbugs.owner": whose}


def test_what_dead_processes_left_is_found_and_removed_and_nothing_else(bench: Bench) -> None:
    bench.container("dead", of(DEAD))
    bench.container("reused", of(REUSED))
    bench.container("alive", of(owner()))
    bench.container("elsewhere", of(ELSEWHERE))
    bench.container("theirs", {"org.example": "1", "fixbugs.owner": DEAD})
    bench.network("dead-net", of(DEAD))
    bench.network("alive-net", of(owner()))
    bench.volume("dead-volume", of(DEAD))
    bench.volume("packages", of(DEAD, "downloads"))

    found = bench.mine(orphans(bench.engine, time.time()))
    cleaned = remove(bench.engine, tuple(found.values()))

    gone = {"dead", "reused", "dead-net", "dead-volume"}
    assert set(found) == gone
    assert set(bench.mine(cleaned.removed)) == gone
    assert cleaned.kept == ()
    assert bench.there() == {"alive", "elsewhere", "theirs", "alive-net", "packages"}
    assert str(found["dead"]) == f"container {bench.mark}-dead (of {DEAD})"


def test_what_another_host_left_is_an_orphan_once_no_sandbox_gets_so_old(bench: Bench) -> None:
    bench.container("elsewhere", of(ELSEWHERE))
    bench.container("nobodys", {"fixbugs": "1"})
    bench.network("elsewhere-net", of(ELSEWHERE))
    bench.volume("elsewhere-volume", of(ELSEWHERE))
    now = time.time()

    assert bench.mine(orphans(bench.engine, now + EXPIRY_S - 60)) == {}
    late = bench.mine(orphans(bench.engine, now + EXPIRY_S + 60))

    assert set(late) == {"elsewhere", "nobodys", "elsewhere-net", "elsewhere-volume"}


def test_kept_packages_belong_to_the_environments_and_what_is_gone_counts_as_removed(bench: Bench) -> None:
    bench.volume("packages", of(DEAD, "downloads"))
    found = bench.mine(environments(bench.engine))
    assert set(found) == {"packages"}

    for _ in range(2):
        assert remove(bench.engine, tuple(found.values())).removed == tuple(found.values())
    assert bench.there() == set()


def test_what_is_in_use_is_kept_with_the_reason_and_the_rest_removed(bench: Bench) -> None:
    bench.volume("used", of(DEAD))
    bench.volume("unused", of(DEAD))
    image = next(name for name in bench.engine.settings.images.values() if bench.engine.image(name))
    config = bench.engine.api.create_host_config(binds=[f"{bench.mark}-used:/used"])
    made = bench.engine.api.create_container(image, ["true"], name=f"{bench.mark}-user", host_config=config)
    bench.containers.append(made["Id"])

    cleaned = remove(bench.engine, tuple(bench.mine(orphans(bench.engine, time.time())).values()))

    assert set(bench.mine(cleaned.removed)) == {"unused"}
    [(kept, why)] = cleaned.kept
    assert kept.name == f"{bench.mark}-used"
    assert "volume is in use" in why
