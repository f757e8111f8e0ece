"""The Docker engine: reaching it, here, over TLS or over ssh. What is asked of it, and what it refuses, do not belong
here."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

import docker
import docker.errors
import docker.tls
import requests

from bot.core.errors import FixbugsError, SandboxUnavailable
from sandbox.docker.refusals import engine_errors, in_short, refusal, unreachable
from sandbox.docker.settings import KINDS, DockerSettings
from sandbox.docker.ssh_tunnel import SshTunnel

__all__ = ["Engine", "engine_errors", "missing_image", "probe_docker", "refusal"]

OLDEST_API = "1.24"  # that the library speaks: enough to ask which one the engine speaks
LEAST_API = (1, 41)  # Docker 20.10: the last whose hosts are still about
CONNECT_S = 5.0
FIRST_ANSWER_S = 10.0  # an engine that is asked who it is answers at once, or it hangs
CALL_S = 120.0  # one call; starting a container on a busy machine takes seconds
LONG_CALL_S = 1800.0  # making an image of gigabytes, or fetching one
DEFAULT_SOCKET = "unix:///var/run/docker.sock"


@dataclass
class Engine:
    """An engine that answered. `patient` is the same as `api`, for calls that take minutes. `cpus` is how many
    processors it has. Safe to use from several threads."""

    api: docker.APIClient
    patient: docker.APIClient
    settings: DockerSettings
    version: str
    cpus: int
    details: dict[str, str] = field(default_factory=dict)
    tunnel: SshTunnel | None = None

    @classmethod
    def connect(cls, settings: DockerSettings, call_s: float = CALL_S) -> Engine:
        """`call_s` is how long one call may take. Raises SandboxUnavailable, saying what is wrong and what to do, when
        there is none to be had."""
        tls = _tls(settings)
        address, tunnel = _address(settings)
        try:
            version = _spoken(_client(address, tls, OLDEST_API, FIRST_ANSWER_S))
            found = _client(address, tls, version, FIRST_ANSWER_S).info()
            return cls(
                _client(address, tls, version, call_s),
                _client(address, tls, version, LONG_CALL_S),
                settings,
                str(found.get("ServerVersion", "")),
                int(found.get("NCPU", 1)),
                _told(found),
                tunnel,
            )
        except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
            _end(tunnel)
            raise SandboxUnavailable(unreachable(settings, error)) from error
        except BaseException:
            _end(tunnel)
            raise

    def close(self) -> None:
        for client in (self.api, self.patient):
            client.close()
        _end(self.tunnel)

    def image(self, name: str) -> dict[str, object] | None:
        """What the engine knows of an image; None when it has none of that name."""
        try:
            found: dict[str, object] = self.api.inspect_image(name)
        except docker.errors.ImageNotFound:
            return None
        return found


def probe_docker(settings: DockerSettings) -> str | None:
    """None when sandboxes can run in containers here; else a plain reason and what to do. Answers within seconds."""
    try:
        engine = Engine.connect(settings, FIRST_ANSWER_S)
    except SandboxUnavailable as error:
        return str(error)
    try:
        with engine_errors("look for images"):
            if not any(engine.image(name) for name in settings.images.values()):
                return missing_image(settings.images.get(KINDS[0], ""))
    except FixbugsError as error:
        return str(error)
    finally:
        engine.close()
    return None


def missing_image(name: str) -> str:
    """What to say of a base image that the engine does not have."""
    return (
        f"The image {name!r} is not on the Docker engine. `make images` builds the base images (see "
        "docs/sandbox-images.md); FIXBUGS_DOCKER_IMAGE_<KIND> names others."
    )


# ------------------------------------------------------------------ the way there


def _client(address: str, tls: docker.tls.TLSConfig | bool, version: str, call_s: float) -> docker.APIClient:
    client = docker.APIClient(base_url=address, version=version, timeout=call_s, tls=tls, num_pools=8, max_pool_size=64)
    client.timeout = (CONNECT_S, call_s)
    # Else REQUESTS_CA_BUNDLE would be trusted instead of the engine's own CA, and ~/.netrc be sent to it.
    client.trust_env = False
    return client


def _spoken(client: docker.APIClient) -> str:
    """The newest version of the API that the engine speaks. Raises SandboxUnavailable when that is too old, ValueError
    when what answers is no Docker engine."""
    try:
        found = client.version(api_version=False)
        version = str(found["ApiVersion"]) if isinstance(found, dict) else ""
        parts = tuple(int(part) for part in version.split("."))
    except (KeyError, ValueError) as error:
        raise ValueError("what answers is no Docker engine") from error
    finally:
        client.close()
    if parts < LEAST_API:
        raise SandboxUnavailable(f"The Docker engine is too old (API {version}): FixBugs needs Docker 20.10 or newer.")
    return version


def _address(settings: DockerSettings) -> tuple[str, SshTunnel | None]:
    host = settings.host or DEFAULT_SOCKET
    if not host.startswith("ssh://"):
        return host, None
    tunnel = SshTunnel.open(host)
    return tunnel.address, tunnel


def _end(tunnel: SshTunnel | None) -> None:
    if tunnel is not None:
        tunnel.close()


def _tls(settings: DockerSettings) -> docker.tls.TLSConfig | bool:
    if not settings.cert_path:
        return False
    folder = Path(settings.cert_path)
    lacking = [name for name in ("ca.pem", "cert.pem", "key.pem") if not (folder / name).is_file()]
    if lacking:
        raise SandboxUnavailable(f"DOCKER_CERT_PATH is {folder}, where {', '.join(lacking)} cannot be found.")
    _check_readable(folder)
    return docker.tls.TLSConfig(
        client_cert=(str(folder / "cert.pem"), str(folder / "key.pem")), ca_cert=str(folder / "ca.pem"), verify=True
    )


def _check_readable(folder: Path) -> None:
    try:
        context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem", password="")  # else it asks
    except (OSError, ValueError) as error:
        raise SandboxUnavailable(
            f"What DOCKER_CERT_PATH names cannot be used ({in_short(error)}): ca.pem, cert.pem and key.pem in "
            f"{folder} must be PEM files that this user may read, and the key the certificate's, without a password."
        ) from error


def _told(found: dict[str, object]) -> dict[str, str]:
    keys = ("ServerVersion", "Driver", "CgroupVersion", "DefaultRuntime", "OperatingSystem", "Architecture")
    return {key: str(found.get(key, "")) for key in keys}
