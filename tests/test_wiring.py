"""Which isolation is chosen, and that it is never weaker than what was allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.errors import InputError, SandboxUnavailable
from bot.core.testing import Isolation
from bot.fixers import FIXERS
from bot.locators import LOCATORS
from bot.progress import SilentProgress
from bot.reproducers import REPRODUCERS
from bot.settings import Settings
from bot.wiring import SandboxChoice, choose_isolation, local_deps


def test_no_isolation_has_to_be_said_twice() -> None:
    with pytest.raises(InputError) as caught:
        choose_isolation(SandboxChoice.NONE, unsafe_allowed=False)
    assert str(caught.value) == "--sandbox none runs the project's code as you; say so with --unsafe-local too."
    assert choose_isolation(SandboxChoice.NONE, unsafe_allowed=True) is Isolation.NONE


@pytest.mark.parametrize("choice", [SandboxChoice.AUTO, SandboxChoice.NAMESPACE])
@pytest.mark.parametrize("unsafe_allowed", [True, False])
def test_where_namespaces_can_be_had_they_are_used_even_where_less_is_allowed(
    choice: SandboxChoice, unsafe_allowed: bool
) -> None:
    isolation = choose_isolation(choice, unsafe_allowed=unsafe_allowed, probe=lambda: None)
    assert isolation is Isolation.NAMESPACE


@pytest.mark.parametrize(
    ("choice", "unsafe_allowed"),
    [(SandboxChoice.AUTO, False), (SandboxChoice.NAMESPACE, False), (SandboxChoice.NAMESPACE, True)],
)
def test_without_namespaces_it_refuses_rather_than_isolate_less(choice: SandboxChoice, unsafe_allowed: bool) -> None:
    with pytest.raises(SandboxUnavailable, match="bubblewrap is not installed"):
        choose_isolation(choice, unsafe_allowed=unsafe_allowed, probe=lambda: "bubblewrap is not installed")


def test_without_namespaces_it_isolates_nothing_only_where_that_is_allowed() -> None:
    isolation = choose_isolation(SandboxChoice.AUTO, unsafe_allowed=True, probe=lambda: "bubblewrap is not installed")
    assert isolation is Isolation.NONE


def test_building_the_world_touches_nothing(tmp_path: Path) -> None:
    settings = Settings.load({"FIXBUGS_CACHE_DIR": str(tmp_path / "cache")}, tmp_path)
    deps = local_deps(settings, Isolation.NONE, tmp_path / "out", SilentProgress())

    assert (deps.locators, deps.reproducers, deps.fixers) == (LOCATORS, REPRODUCERS, FIXERS)
    assert list(tmp_path.iterdir()) == []
