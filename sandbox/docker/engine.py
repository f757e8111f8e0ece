"""The Docker engine: reaching it (here, over TLS or over ssh), and saying in plain words what it refuses. What is asked
of it does not belong here."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import docker
import docker.errors
import docker.tls
import requests

from bot.core.errors import EnvironmentBroken, FixbugsError, Permanent, SandboxUnavailable, Transient
from sandbox.docker.settings import KINDS, DockerSettings

LEAST_API = (1, 41)  # Docker 20.10: the last whose hosts are still about
CALL_S = 120  # one call; starting a container on a busy machine takes seconds
TUNNEL_S = 15.0
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
INSTALL = (
    "install Docker (docs.docker.com/engine/install) and start it, or run with `--sandbox namespace` for code that "
    "you trust more"
)


@dataclass
class Engine:
    """An engine that answered. `cpus` is how many processors it has. Safe to use from several threads."""

    api: docker.APIClient
    settings: DockerSettings
    version: str
    cpus: int
    details: dict[str, str] = field(default_factory=dict)
    tunnel: subprocess.Popen[bytes] | None = None

    @classmethod
    def connect(cls, settings: DockerSettings) -> Engine:
        """Raises SandboxUnavailable, saying what is wrong and what to do, when there is none to be had."""
        address, tunnel = _address(settings)
        try:
            api = docker.APIClient(
                base_url=address, version="auto", timeout=CALL_S, tls=_tls(settings), num_pools=8, max_pool_size=64
            )
            version = tuple(int(part) for part in api.api_version.split("."))
            if version < LEAST_API:
                raise SandboxUnavailable(
                    f"The Docker engine is too old (API {api.api_version}): FixBugs needs Docker 20.10 or newer."
                )
            found = api.info()
            return cls(
                api, settings, str(found.get("ServerVersion", "")), int(found.get("NCPU", 1)), _told(found), tunnel
            )
        except (docker.errors.DockerException, requests.RequestException, OSError) as error:
            _end(tunnel)
            raise SandboxUnavailable(_unreachable(settings, error)) from error
        except BaseException:
            _end(tunnel)
            raise

    def close(self) -> None:
        self.api.close()
        _end(self.tunnel)

    def image(self, name: str) -> dict[str, object] | None:
        """What the engine knows of an image; None when it has none of that name."""
        try:
            found: dict[str, object] = self.api.inspect_image(name)
        except docker.errors.ImageNotFound:
            return None
        return found


def probe_docker(settings: DockerSettings) -> str | None:
    """None when sandboxes can run in containers here; else a plain reason and what to do."""
    try:
        engine = Engine.connect(settings)
    except SandboxUnavailable as error:
        return str(error)
    try:
        if not any(engine.image(name) for name in settings.images.values()):
            return missing_image(settings.images.get(KINDS[0], ""))
    finally:
        engine.close()
    return None


def missing_image(name: str) -> str:
    """What to say of a base image that the engine does not have."""
    return (
        f"The image {name!r} is not on the Docker engine. `make images` builds the base images (see "
        "docs/sandbox-images.md); FIXBUGS_DOCKER_IMAGE_<KIND> names others."
    )


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turns what the engine, or the way to it, refuses into our errors. `doing` completes "The engine could not …"."""
    try:
        yield
    except docker.errors.APIError as error:
        raise refusal(error, doing) from error
    except (requests.RequestException, docker.errors.DockerException, OSError) as error:
        raise Transient(
            f"The Docker engine went away while it should {doing} ({_short(error)}). Does it run (`docker info`)?"
        ) from error


def refusal(error: docker.errors.APIError, doing: str) -> FixbugsError:
    """The engine's own refusal as one of our errors."""
    said = str(error.explanation or error)
    low = said.lower()
    if "no space left on device" in low or "disk quota" in low:
        return Permanent(
            "No space left on the disk of the Docker engine. Make room there (`docker system df` shows what takes it; "
            "`fixbugs doctor --clean --environments` removes what FixBugs built), then run again."
        )
    if (
        "no such image" in low
        or "pull access denied" in low
        or "manifest unknown" in low
        or "not found: manifest" in low
    ):
        return EnvironmentBroken(f"The Docker engine could not {doing}: the image is not to be had ({_short(said)}).")
    if "unknown runtime" in low or "unknown or invalid runtime" in low:
        return SandboxUnavailable(
            f"The Docker engine does not know the runtime of FIXBUGS_DOCKER_RUNTIME ({_short(said)}). Add it to the "
            "engine's daemon.json, or unset the variable."
        )
    if "permission denied" in low or error.status_code in (401, 403):
        return SandboxUnavailable(f"The Docker engine does not allow it to {doing}: {_short(said)}")
    if error.status_code is not None and error.status_code >= 500:
        return Transient(f"The Docker engine could not {doing}: {_short(said)}")
    return Permanent(f"The Docker engine could not {doing}: {_short(said)}")


# ------------------------------------------------------------------ the way there


def _address(settings: DockerSettings) -> tuple[str, subprocess.Popen[bytes] | None]:
    host = settings.host or DEFAULT_SOCKET
    if not host.startswith("ssh://"):
        return host, None
    return _through_ssh(host)


def _through_ssh(host: str) -> tuple[str, subprocess.Popen[bytes]]:
    """A tunnel to the engine's socket there: plain streams, which the library's own way over ssh does not give."""
    parts = urlsplit(host)
    if shutil.which("ssh") is None:
        raise SandboxUnavailable(f"DOCKER_HOST is {host}, but there is no `ssh` here: install an ssh client.")
    folder = tempfile.mkdtemp(prefix="fixbugs-docker-")
    socket = f"{folder}/engine.sock"
    port = ["-p", str(parts.port)] if parts.port else []
    who = f"{parts.username}@{parts.hostname}" if parts.username else str(parts.hostname)
    options = ["-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=15"]
    there = parts.path or "/var/run/docker.sock"
    tunnel = subprocess.Popen(
        ["ssh", "-nNT", *options, *port, "-L", f"{socket}:{there}", "--", who],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + TUNNEL_S
    while not Path(socket).exists():
        if tunnel.poll() is not None or time.monotonic() > deadline:
            said = (
                tunnel.stderr.read().decode("utf-8", "replace").strip()
                if tunnel.poll() is not None and tunnel.stderr
                else ""
            )
            _end(tunnel)
            raise SandboxUnavailable(f"The Docker engine at {host} cannot be reached over ssh: {said or 'no answer'}.")
        time.sleep(0.05)
    return f"unix://{socket}", tunnel


def _end(tunnel: subprocess.Popen[bytes] | None) -> None:
    if tunnel is not None:
        tunnel.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            tunnel.wait(5)


def _tls(settings: DockerSettings) -> docker.tls.TLSConfig | bool:
    if not settings.cert_path:
        return False
    folder = Path(settings.cert_path)
    lacking = [name for name in ("ca.pem", "cert.pem", "key.pem") if not (folder / name).is_file()]
    if lacking:
        raise SandboxUnavailable(f"DOCKER_CERT_PATH is {folder}, where {', '.join(lacking)} cannot be found.")
    return docker.tls.TLSConfig(
        client_cert=(str(folder / "cert.pem"), str(folder / "key.pem")), ca_cert=str(folder / "ca.pem"), verify=True
    )


def _unreachable(settings: DockerSettings, error: BaseException) -> str:
    where = settings.host or "this machine"
    low = str(error).lower()
    if "permission denied" in low:
        return (
            f"The Docker engine at {where} does not let this user in. Add the user to the group `docker` (then log in "
            "again), or run as one who may."
        )
    if "no such file or directory" in low or "filenotfounderror" in low:
        return f"There is no Docker engine at {where}: {INSTALL}."
    if "connection refused" in low:
        return f"The Docker engine at {where} is not running: start it (`systemctl start docker`), then run again."
    if "certificate" in low or "ssl" in low:
        return f"The Docker engine at {where} and DOCKER_CERT_PATH do not fit together: {_short(error)}"
    return f"The Docker engine at {where} does not answer ({_short(error)}): see that DOCKER_HOST is right and it runs."


def _told(found: dict[str, object]) -> dict[str, str]:
    keys = ("ServerVersion", "Driver", "CgroupVersion", "DefaultRuntime", "OperatingSystem", "Architecture")
    return {key: str(found.get(key, "")) for key in keys}


def _short(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:300]}…"
