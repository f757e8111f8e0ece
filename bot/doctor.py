"""What this machine offers a run, and what to install where something is missing. Changes nothing; what it has to say
of Docker comes from `bot.doctor_docker`.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot import __version__
from bot.core.errors import SandboxUnavailable
from bot.core.testing import Isolation
from bot.doctor_docker import look_at_docker
from bot.findings import Finding
from bot.settings import Settings
from bot.wiring_sandbox import SandboxChoice, capacity_of
from sandbox.bubblewrap import probe

LOW_SPACE_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`usable`: an isolated run is possible here."""

    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        return all(finding.ok for finding in self.findings if finding.needed)

    @property
    def text(self) -> str:
        return "\n".join(finding.line for finding in self.findings)


def diagnose(settings: Settings, choice: SandboxChoice = SandboxChoice.AUTO) -> Diagnosis:
    """Looks at everything a run on this machine depends on. `choice` is what the operator wants to isolate code."""
    docker = look_at_docker(settings)
    namespaces = _namespaces()
    found = [Finding("fixbugs", True, f"{__version__} on Python {platform.python_version()}, {platform.system()}")]
    found += [_git(), *docker, namespaces]
    isolation = _chosen(choice, docker[0].ok, namespaces.ok)
    found += [_isolation(choice, isolation, (docker[0], namespaces)), *_capacity(settings, isolation)]
    return Diagnosis((*found, _cache(settings.cache_dir)))


def _git() -> Finding:
    git = shutil.which("git")
    if git is None:
        return Finding("git", False, "not found: install git 2.30 or newer")
    version = subprocess.run([git, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return Finding("git", True, version.removeprefix("git version "))


def _namespaces() -> Finding:
    reason = probe()
    text = "bubblewrap: no network, host files hidden, no privileges, limits on all"
    return Finding("namespaces", reason is None, reason or text, needed=False)


def _chosen(choice: SandboxChoice, docker: bool, namespaces: bool) -> Isolation | None:
    if choice is SandboxChoice.NONE:
        return Isolation.NONE
    if docker and choice is not SandboxChoice.NAMESPACE:
        return Isolation.CONTAINER
    return Isolation.NAMESPACE if namespaces and choice is not SandboxChoice.DOCKER else None


def _isolation(choice: SandboxChoice, isolation: Isolation | None, found: Sequence[Finding]) -> Finding:
    if isolation is Isolation.NONE:
        return Finding("isolation", False, "none: FIXBUGS_SANDBOX=none runs code as this user", needed=False)
    if isolation is None:
        wanted = [finding for finding in found if choice is SandboxChoice.AUTO or _meant(choice, finding)]
        return Finding("isolation", False, "none. " + " ".join(finding.text for finding in wanted))
    text = "containers (Docker)" if isolation is Isolation.CONTAINER else "namespaces (bubblewrap)"
    return Finding("isolation", True, text)


def _meant(choice: SandboxChoice, finding: Finding) -> bool:
    return (choice is SandboxChoice.DOCKER) is (finding.name == "docker")


def _capacity(settings: Settings, isolation: Isolation | None) -> list[Finding]:
    if isolation is None:
        return []
    try:
        capacity = capacity_of(settings, isolation)
    except SandboxUnavailable as exc:
        return [Finding("capacity", False, str(exc), needed=False)]
    busy = len(capacity.holders())
    return [Finding("capacity", True, f"{capacity.slots} sandboxes at once, {busy} of them busy")]


def _cache(folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free_bytes = shutil.disk_usage(folder).free
    except OSError as exc:
        return Finding("cache", False, f"{folder} cannot be written ({exc.strerror}): set FIXBUGS_CACHE_DIR")
    text = f"{folder}, {free_bytes / (1 << 30):.1f} GiB free"
    if free_bytes < LOW_SPACE_BYTES:
        return Finding("cache", False, f"{text}: environments may not fit", needed=False)
    return Finding("cache", True, text)
