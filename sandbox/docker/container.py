"""One container: how it is fenced in, started, talked to and removed. What runs in it does not belong here.

Its main process does nothing but read the input that this process holds open, under a user of its own: when this
process dies, however it dies, the engine closes that input, the main process ends, and the container is gone.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import docker.errors
import requests
from docker.types import LogConfig, Mount, Ulimit

from bot.core.errors import SandboxCrashed
from bot.ports import Service
from sandbox.docker.engine import Engine, engine_errors
from sandbox.docker.labels import labels
from sandbox.docker.services import Beside

GUARD_UID, INSIDE_UID = 10_000, 10_001
EXPIRY_S = 7 * 3600  # a run takes six hours at most
ENVIRONMENT, ROOT, TEMPORARY, CACHE = "/env", "/sandbox", "/tmp", "/cache"  # noqa: S108 (the container's own)
PATH = f"{ENVIRONMENT}/bin:/usr/local/bin:/usr/bin:/bin"
TEMPORARY_BYTES, SHARED_BYTES = 512 << 20, 128 << 20
SHARED_FILES = 10_000
EVERYBODYS = ("/var/tmp", "/run/lock")  # noqa: S108 (as above): folders of the base that anybody may write
SLACK_BYTES = 256 << 20  # for the agent and the kernel's own accounting
GONE = (404, 409)  # what the engine answers for a container that is removed, or ended
SECCOMP = Path(__file__).parent / "seccomp.json"


@dataclass(frozen=True, slots=True)
class Box:
    """What a container is made of. `build`: its file system is writable, and `cache` is the volume that keeps downloads
    ("" for none). `label` says what it is for."""

    image: str
    label: str
    build: bool = False
    cache: str = ""
    memory_bytes: int = 0  # 0: the settings' own
    volumes: tuple[str, ...] = ()  # folders that the image declares as volumes
    services: tuple[Service, ...] = ()


@dataclass(eq=False)
class Container:
    """A started container. All methods block; `remove` may be called twice, and from any thread."""

    engine: Engine
    id: str
    keeper: object = field(repr=False, default=None)
    beside: Beside | None = None
    gone: bool = False

    @classmethod
    def start(cls, engine: Engine, box: Box) -> Container:
        """Raises what `engine_errors` makes of the engine's refusal."""
        with engine_errors("start a sandbox"):
            made = engine.api.create_container(
                box.image,
                command=["cat"],
                entrypoint=["timeout", "-s", "KILL", str(EXPIRY_S)],
                user=f"{GUARD_UID}:{GUARD_UID}",
                stdin_open=True,
                working_dir="/",
                healthcheck={"test": ["NONE"]},
                labels=labels(box.label),
                host_config=_host_config(engine, box),
                use_config_proxy=False,
            )
            container = cls(engine, made["Id"])
            try:
                container.keeper = engine.api.attach_socket(container.id, {"stdin": 1, "stream": 1})
                engine.api.start(container.id)
                if box.services:
                    container.beside = Beside(engine, container.id)
                    container.beside.start(box.services)
            except BaseException:
                container.remove()
                raise
        return container

    def run(self, argv: Sequence[str], environ: Mapping[str, str], uid: int = INSIDE_UID) -> socket.socket:
        """Starts a program in it; the connection to its stdin, stdout and stderr in the engine's framing. Raises
        SandboxCrashed when the container is gone."""
        api = self.engine.api
        with engine_errors("run a program in a sandbox"):
            try:
                made = api.exec_create(
                    self.id, list(argv), stdin=True, user=f"{uid}:{uid}", workdir="/", environment=dict(environ)
                )
                found = api.exec_start(made["Id"], socket=True)
            except docker.errors.APIError as error:
                if error.status_code in GONE:
                    raise SandboxCrashed("The sandbox went away before anything ran in it.") from error
                raise
        if isinstance(found, ssl.SSLSocket):
            return found
        ours: socket.socket = found._sock.dup()  # the library's object closes its own when it is dropped
        return ours

    def written_bytes(self) -> int:
        """How much the container's own layer holds."""
        with engine_errors("measure an environment"):
            found = self.engine.api.containers(all=True, size=True, filters={"id": self.id})
        return int(found[0].get("SizeRw") or 0) if found else 0

    def runs(self) -> bool:
        """Whether it is still there to be used."""
        try:
            return bool(self.engine.api.inspect_container(self.id)["State"]["Running"])
        except (docker.errors.APIError, requests.RequestException):
            return False

    def remove(self) -> None:
        """Ends everything in it and removes it; quiet when it is gone, or the engine is."""
        if self.gone:
            return
        self.gone = True
        if self.beside:
            self.beside.remove()
        with contextlib.suppress(docker.errors.APIError, requests.RequestException):
            self.engine.api.remove_container(self.id, force=True, v=True)
        with contextlib.suppress(OSError, AttributeError):
            self.keeper.close()  # type: ignore[attr-defined] # whatever kind of socket the library gave
        self.keeper = None


@cache
def _seccomp() -> str:
    return json.dumps(json.loads(SECCOMP.read_text(encoding="utf-8")))


def _host_config(engine: Engine, box: Box) -> object:
    settings = engine.settings
    tmpfs = {
        TEMPORARY: f"size={TEMPORARY_BYTES},nr_inodes={settings.files},mode=1777,nosuid,nodev,exec",
        "/dev/shm": f"size={SHARED_BYTES},nr_inodes={SHARED_FILES},mode=1777,nosuid,nodev,noexec",  # noqa: S108 (its own)
    }
    if box.build:  # who may write there may leave nothing there
        tmpfs |= dict.fromkeys(EVERYBODYS, f"size={TEMPORARY_BYTES},mode=1777,nosuid,nodev,noexec")
    else:
        own = f"size={settings.disk_bytes},nr_inodes={settings.files},mode=0755,nosuid,nodev,exec"
        tmpfs[ROOT] = f"{own},uid={INSIDE_UID},gid={INSIDE_UID}"
    tmpfs |= {folder: "size=16m,nr_inodes=1000,nosuid,nodev,noexec" for folder in box.volumes if folder not in tmpfs}
    memory_bytes = (box.memory_bytes or settings.memory_bytes) + SLACK_BYTES
    if not box.build:
        memory_bytes += settings.disk_bytes + TEMPORARY_BYTES  # files in memory count too
    mounts = [Mount(CACHE, box.cache, type="volume", labels=labels("downloads"))] if box.cache else []
    return engine.api.create_host_config(
        network_mode="none",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true", f"seccomp={_seccomp()}"],
        read_only=not box.build,
        ipc_mode="private",
        init=True,
        auto_remove=True,
        extra_hosts={service.name: "127.0.0.1" for service in box.services},
        tmpfs=tmpfs,
        mounts=mounts,
        sysctls={"kernel.shm_rmid_forced": "1"},  # shared memory goes with the last process that has it
        mem_limit=memory_bytes,
        memswap_limit=memory_bytes,
        pids_limit=settings.processes,
        nano_cpus=int(min(settings.cpus, engine.cpus) * 1e9),
        ulimits=[
            Ulimit(name="nofile", soft=4096, hard=4096),
            Ulimit(name="core", soft=0, hard=0),
        ],
        oom_score_adj=500,
        log_config=LogConfig(type=LogConfig.types.NONE),
        runtime=settings.runtime or None,
    )
