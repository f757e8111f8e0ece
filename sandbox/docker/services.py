"""Servers that a project's tests talk to, as containers beside a sandbox's. They share its network, which leads
nowhere: so tests find them at localhost, and nobody else finds them at all."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import docker.errors
import requests
from docker.types import LogConfig

from bot.core.errors import EnvironmentBroken
from bot.ports import Service
from sandbox.docker.engine import Engine, engine_errors
from sandbox.docker.labels import labels

READY_S = 60.0  # a database makes its files first
LOOK_S = 0.2
MEMORY_BYTES = 1 << 30
DATA_BYTES = 512 << 20
# Its image comes as its maker packed it: most start as root, hand their data over and become somebody else.
CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"]
SOCKETS = ("cat", "/proc/net/tcp", "/proc/net/tcp6")
LISTENS = "0A"  # the kernel's name for a socket that waits for connections


def encoded(services: Sequence[Service]) -> str:
    """As text that `decoded` reads, for the label of an environment; "" for none."""
    return json.dumps([asdict(service) for service in services]) if services else ""


def decoded(text: str) -> tuple[Service, ...]:
    """Raises ValueError, KeyError or TypeError for what `encoded` did not write."""
    return tuple(
        Service(
            one["name"],
            one["image"],
            tuple((name, value) for name, value in one["env"]),
            tuple(one["ports"]),
            one["health"],
        )
        for one in json.loads(text or "[]")
    )


@dataclass
class Beside:
    """The services of one sandbox, whose container is `host`. Methods block."""

    engine: Engine
    host: str
    ids: list[str] = field(default_factory=list)

    def start(self, services: Sequence[Service]) -> None:
        """Starts them and waits until they can be used. Raises EnvironmentBroken with what a service printed when it
        does not come up."""
        for service in services:
            with engine_errors(f"start the service {service.name}"):
                self._start(service)
        deadline = time.monotonic() + READY_S
        for service, container in zip(services, self.ids, strict=True):
            while not self._ready(service, container):
                if time.monotonic() > deadline or not self._runs(container):
                    raise EnvironmentBroken(
                        f"The service {service.name!r} ({service.image}) did not come up within {READY_S:.0f} s. See "
                        "that its image and its `env` in the repository's CI workflow are right."
                    )
                time.sleep(LOOK_S)

    def _start(self, service: Service) -> None:
        api = self.engine.api
        config = api.create_host_config(
            network_mode=f"container:{self.host}",
            cap_drop=["ALL"],
            cap_add=CAPABILITIES,
            security_opt=["no-new-privileges:true"],
            ipc_mode="private",
            init=True,
            auto_remove=True,
            mem_limit=MEMORY_BYTES,
            memswap_limit=MEMORY_BYTES,
            pids_limit=self.engine.settings.processes,
            tmpfs=dict.fromkeys(self._volumes(service.image), f"size={DATA_BYTES}"),
            log_config=LogConfig(type=LogConfig.types.NONE),
            runtime=self.engine.settings.runtime or None,
        )
        made = api.create_container(
            service.image,
            environment=dict(service.env),
            labels=labels("service"),
            host_config=config,
            detach=True,
            use_config_proxy=False,
        )
        self.ids.append(made["Id"])
        api.start(made["Id"])

    def _volumes(self, image: str) -> tuple[str, ...]:
        """The folders that its data would lie in: kept in memory, so that nothing of it is left."""
        found = self.engine.image(image) or {}
        config = found.get("Config")
        return tuple((config.get("Volumes") or {}) if isinstance(config, dict) else ())

    def _ready(self, service: Service, container: str) -> bool:
        if service.health:
            return self._run(container, ["sh", "-c", service.health])[0] == 0
        return set(service.ports) <= _listening(self._run(self.host, SOCKETS)[1])

    def _run(self, container: str, argv: Sequence[str]) -> tuple[int, str]:
        api = self.engine.api
        try:
            made = api.exec_create(container, list(argv))
            said = api.exec_start(made["Id"])[:100_000]
            return int(api.exec_inspect(made["Id"])["ExitCode"] or 0), said.decode("utf-8", "replace")
        except (docker.errors.APIError, requests.RequestException):
            return 1, ""

    def _runs(self, container: str) -> bool:
        try:
            return bool(self.engine.api.inspect_container(container)["State"]["Running"])
        except (docker.errors.APIError, requests.RequestException):
            return False

    def remove(self) -> None:
        """Quiet when they are gone, or the engine is."""
        for container in self.ids:
            with contextlib.suppress(docker.errors.APIError, requests.RequestException):
                self.engine.api.remove_container(container, force=True, v=True)
        self.ids.clear()


def _listening(table: str) -> set[int]:
    """The ports in the kernel's tables of sockets on which somebody waits for connections."""
    rows = [line.split() for line in table.splitlines()]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 3 and row[3] == LISTENS}
