"""How the Docker sandbox is set up: which engine, which images, how much of the machine. Reading the operator's
environment does not belong here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS = ("python", "node", "go", "rust", "java")
PREFIX = "fixbugs-sandbox-"
REGISTRIES = (
    "pypi.org",
    "files.pythonhosted.org",
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "proxy.golang.org",
    "sum.golang.org",
    "index.crates.io",
    "static.crates.io",
    "crates.io",
    "repo.maven.apache.org",
    "repo1.maven.org",
    "plugins.gradle.org",
    "plugins-artifacts.gradle.org",
    "services.gradle.org",
)


@dataclass(frozen=True, slots=True)
class DockerSettings:
    """`host` is the engine's address as Docker's own tools take it ("" for this machine's; `unix://`, `tcp://` with
    TLS certificates in `cert_path`, `ssh://`). `runtime` names a stronger one that the engine knows ("runsc", "kata").

    `images` are the bases by kind of toolchain; `allowed_images` are patterns ("python:3.*") of those that a repository
    may name itself. `registries` are the hosts that a build may reach, besides those of the operator's own package
    settings. `capacity` is how many sandboxes may run at once on the engine (0: as many as it has processors); `warm`
    how many containers wait started for each environment used lately. Bytes and processors are one sandbox's, except
    `environments_bytes`, which all built environments may take together.
    """

    host: str = ""
    cert_path: str = ""
    runtime: str = ""
    images: Mapping[str, str] = field(default_factory=lambda: {kind: f"{PREFIX}{kind}" for kind in KINDS})
    allowed_images: tuple[str, ...] = ()
    registries: tuple[str, ...] = REGISTRIES
    cpus: float = 2.0
    memory_bytes: int = 2 << 30
    disk_bytes: int = 1 << 30
    files: int = 200_000
    processes: int = 512
    environments_bytes: int = 20 << 30
    capacity: int = 0
    warm: int = 1
