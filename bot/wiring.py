"""Builds the adapters of a run on the command line and bundles them. Sandboxes come from `bot.wiring_sandbox`."""

from __future__ import annotations

from pathlib import Path

from bot.core.testing import Isolation
from bot.fixers import FIXERS
from bot.git import GitCode
from bot.local.clock import SystemClock
from bot.local.handed_in import HandedIn
from bot.local.results_folder import ResultsFolder
from bot.locators import LOCATORS
from bot.ports import Deps, Progress
from bot.reproducers import REPRODUCERS
from bot.settings import Settings
from bot.store.memory import MemoryStore
from bot.wiring_sandbox import SandboxChoice, choose_isolation, workbench_of

__all__ = ["SandboxChoice", "choose_isolation", "local_deps"]


def local_deps(settings: Settings, isolation: Isolation, out: Path, progress: Progress) -> Deps:
    """All that a run on the command line needs: nothing outside this machine."""
    clock = SystemClock()
    return Deps(
        clock=clock,
        reports=HandedIn(),
        code=GitCode(settings.cache_dir / "repositories", settings.environ),
        store=MemoryStore(clock),
        workbench=workbench_of(settings, isolation),
        publisher=ResultsFolder(out, clock),
        progress=progress,
        locators=LOCATORS,
        reproducers=REPRODUCERS,
        fixers=FIXERS,
    )
