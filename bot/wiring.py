"""Builds the adapters and bundles them: the only place that names them all."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

from bot.core.errors import InputError, SandboxUnavailable
from bot.core.testing import Isolation
from bot.fixers import FIXERS
from bot.git import GitCode
from bot.local.clock import SystemClock
from bot.local.handed_in import HandedIn
from bot.local.results_folder import ResultsFolder
from bot.locators import LOCATORS
from bot.ports import Deps, Progress, Sandboxes
from bot.reproducers import REPRODUCERS
from bot.settings import Settings
from bot.store.memory import MemoryStore
from sandbox.bubblewrap import probe
from sandbox.local import LocalSandboxes
from sandbox.workbench import SandboxWorkbench


class SandboxChoice(Enum):
    """What a person asked for: the best there is, namespaces, or no isolation at all."""

    AUTO = "auto"
    NAMESPACE = "namespace"
    NONE = "none"


def choose_isolation(
    choice: SandboxChoice, *, unsafe_allowed: bool, probe: Callable[[], str | None] = probe
) -> Isolation:
    """The strongest isolation that this machine offers and the choice allows. `probe` says why there are no
    namespaces, or None where there are.

    Raises SandboxUnavailable, with what to do, rather than fall back to none unasked; InputError for a choice that
    contradicts itself.
    """
    if choice is SandboxChoice.NONE:
        if not unsafe_allowed:
            raise InputError("--sandbox none runs the project's code as you; say so with --unsafe-local too.")
        return Isolation.NONE
    reason = probe()
    if reason is None:
        return Isolation.NAMESPACE
    if choice is SandboxChoice.AUTO and unsafe_allowed:
        return Isolation.NONE
    raise SandboxUnavailable(reason)


def local_sandboxes(settings: Settings, isolation: Isolation) -> Sandboxes:
    """Sandboxes on this machine."""
    return LocalSandboxes(settings.cache_dir / "environments", isolation, environ=settings.environ)


def local_deps(settings: Settings, isolation: Isolation, out: Path, progress: Progress) -> Deps:
    """All that a run on the command line needs: nothing outside this machine."""
    clock = SystemClock()
    return Deps(
        clock=clock,
        reports=HandedIn(),
        code=GitCode(settings.cache_dir / "repositories", settings.environ),
        store=MemoryStore(clock),
        workbench=SandboxWorkbench(local_sandboxes(settings, isolation)),
        publisher=ResultsFolder(out, clock),
        progress=progress,
        locators=LOCATORS,
        reproducers=REPRODUCERS,
        fixers=FIXERS,
    )
