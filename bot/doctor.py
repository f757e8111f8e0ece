"""What this machine offers a run, and what to install where something is missing. Changes nothing."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot import __version__
from bot.settings import Settings
from sandbox.bubblewrap import probe

LOW_SPACE_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed`: no run works without it."""

    name: str
    ok: bool
    text: str
    needed: bool = True

    @property
    def line(self) -> str:
        mark = "ok  " if self.ok else ("MISSING" if self.needed else "note")
        return f"{mark:<8}{self.name:<12}{self.text}"


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


def diagnose(settings: Settings) -> Diagnosis:
    """Looks at everything a run on this machine depends on."""
    return Diagnosis(
        (
            Finding("fixbugs", True, f"{__version__} on Python {platform.python_version()}, {platform.system()}"),
            _git(),
            _isolation(),
            Finding("container", False, "the Docker sandbox is not part of this version", needed=False),
            _cache(settings.cache_dir),
        )
    )


def _git() -> Finding:
    git = shutil.which("git")
    if git is None:
        return Finding("git", False, "not found: install git 2.30 or newer")
    version = subprocess.run([git, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return Finding("git", True, version.removeprefix("git version "))


def _isolation() -> Finding:
    reason = probe()
    if reason is None:
        text = "namespaces (bubblewrap): no network, host files hidden, no privileges, limits on all"
        return Finding("isolation", True, text)
    return Finding("isolation", False, f"none. {reason}")


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
