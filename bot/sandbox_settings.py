"""How the operator wants code to be isolated, out of the environment: plain values. What they make is in `bot.wiring`;
a repository's own wishes are in `bot.repo_config`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import InputError
from bot.variables import Variables

IMAGES = (
    "FIXBUGS_DOCKER_IMAGE_PYTHON",
    "FIXBUGS_DOCKER_IMAGE_NODE",
    "FIXBUGS_DOCKER_IMAGE_GO",
    "FIXBUGS_DOCKER_IMAGE_RUST",
    "FIXBUGS_DOCKER_IMAGE_JAVA",
)
IMAGE = re.compile(IMAGES[0].replace("PYTHON", r"(\w+)"))
SCHEMES = ("unix://", "tcp://", "ssh://", "http://", "https://")
LEAST_MEMORY_BYTES, LEAST_DISK_BYTES, LEAST_ENVIRONMENTS_BYTES = 128 << 20, 64 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """What is None or empty was not said, and has the sandbox's own default.

    `host`, `cert_path` and `context` are Docker's own: the engine's address, a folder with certificates for TLS ("" for
    none), and the name of a context of its command line, which is not read. `images` are (kind of toolchain, image).
    `slots` is how many sandboxes may run at once on this host; bytes and `cpus` are one sandbox's, except
    `environments_bytes`, which all built environments may take together.
    """

    host: str = ""
    cert_path: str = ""
    context: str = ""
    runtime: str = ""
    images: tuple[tuple[str, str], ...] = ()
    allowed_images: tuple[str, ...] = ()
    registries: tuple[str, ...] = ()
    slots: int | None = None
    cpus: float | None = None
    memory_bytes: int | None = None
    disk_bytes: int | None = None
    environments_bytes: int | None = None

    @classmethod
    def load(cls, environ: Mapping[str, str], home: Path) -> SandboxSettings:
        """From Docker's own variables and FIXBUGS_* (docs/server.md lists them). Raises InputError naming the one that
        is wrong."""
        read = Variables(environ)
        host = read.value("DOCKER_HOST")
        if host and not host.startswith(SCHEMES):
            raise InputError(
                f"DOCKER_HOST is {host!r}: give an address like unix:///var/run/docker.sock, tcp://host:2376 or "
                "ssh://user@host."
            )
        return cls(
            host=host,
            cert_path=_cert_path(read, host, home),
            context="" if host or read.value("DOCKER_CONTEXT") == "default" else read.value("DOCKER_CONTEXT"),
            runtime=read.value("FIXBUGS_DOCKER_RUNTIME"),
            images=tuple(_images(read)),
            allowed_images=read.names("FIXBUGS_ALLOWED_IMAGES"),
            registries=read.names("FIXBUGS_REGISTRIES"),
            slots=read.number("FIXBUGS_SANDBOXES", 0, int) or None,
            cpus=read.number("FIXBUGS_SANDBOX_CPUS", 0.0, float) or None,
            memory_bytes=read.size_bytes("FIXBUGS_SANDBOX_MEMORY", LEAST_MEMORY_BYTES),
            disk_bytes=read.size_bytes("FIXBUGS_SANDBOX_DISK", LEAST_DISK_BYTES),
            environments_bytes=read.size_bytes("FIXBUGS_ENVIRONMENTS_SIZE", LEAST_ENVIRONMENTS_BYTES),
        )


def _cert_path(read: Variables, host: str, home: Path) -> str:
    """As Docker's own tools find it. Only an engine on the network speaks TLS."""
    if not host.startswith(("tcp://", "https://")):
        return ""
    named = read.value("DOCKER_CERT_PATH")
    wanted = read.value("DOCKER_TLS_VERIFY") not in ("", "0", "false")
    return named or (str(home / ".docker") if wanted or host.startswith("https://") else "")


def _images(read: Variables) -> list[tuple[str, str]]:
    found = []
    for name in sorted(read.environ):
        match = IMAGE.fullmatch(name)
        image = read.value(name)
        if match and image:
            if name not in IMAGES:
                known = ", ".join(known.rpartition("_")[2] for known in IMAGES)
                raise InputError(f"{name} is the image of no toolchain that is known: the last word is one of {known}.")
            found.append((match[1].lower(), image))
    return found
