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
from bot.sandbox_settings import SandboxSettings
from bot.settings import Settings
from bot.wiring import local_deps
from bot.wiring_sandbox import SandboxChoice, capacity_of, choose_isolation, docker_settings, why_no_docker
from bot.wiring_server import for_servers
from sandbox.docker.settings import DockerSettings

UNSET = SandboxSettings()


def chosen(choice: SandboxChoice, *, docker: str | None, namespaces: str | None, unsafe: bool = False) -> Isolation:
    """The choice on a machine where Docker and namespaces are lacking for these reasons (None: they are not)."""
    return choose_isolation(
        choice, UNSET, unsafe_allowed=unsafe, no_docker=lambda _: docker, no_namespaces=lambda: namespaces
    )


def test_no_isolation_has_to_be_said_twice() -> None:
    with pytest.raises(InputError) as caught:
        chosen(SandboxChoice.NONE, docker=None, namespaces=None)
    assert str(caught.value) == "--sandbox none runs the project's code as you; say so with --unsafe-local too."
    assert chosen(SandboxChoice.NONE, docker=None, namespaces=None, unsafe=True) is Isolation.NONE


@pytest.mark.parametrize("unsafe", [True, False])
@pytest.mark.parametrize(
    ("choice", "docker", "namespaces", "isolation"),
    [
        (SandboxChoice.AUTO, None, None, Isolation.CONTAINER),
        (SandboxChoice.AUTO, None, "none", Isolation.CONTAINER),
        (SandboxChoice.AUTO, "no engine", None, Isolation.NAMESPACE),
        (SandboxChoice.DOCKER, None, "none", Isolation.CONTAINER),
        (SandboxChoice.NAMESPACE, None, None, Isolation.NAMESPACE),
    ],
)
def test_the_strongest_that_is_there_is_used_even_where_less_is_allowed(
    choice: SandboxChoice, docker: str | None, namespaces: str | None, isolation: Isolation, unsafe: bool
) -> None:
    assert chosen(choice, docker=docker, namespaces=namespaces, unsafe=unsafe) is isolation


@pytest.mark.parametrize(
    ("choice", "unsafe", "said"),
    [
        (SandboxChoice.AUTO, False, "No engine: start it. No bubblewrap: install it"),
        (SandboxChoice.DOCKER, False, "No engine: start it."),
        (SandboxChoice.DOCKER, True, "No engine: start it."),
        (SandboxChoice.NAMESPACE, True, "No bubblewrap: install it"),
    ],
)
def test_it_refuses_rather_than_isolate_less_than_was_asked_for(choice: SandboxChoice, unsafe: bool, said: str) -> None:
    with pytest.raises(SandboxUnavailable) as caught:
        chosen(choice, docker="No engine: start it.", namespaces="No bubblewrap: install it", unsafe=unsafe)
    assert str(caught.value) == said


def test_without_any_it_isolates_nothing_only_where_that_is_allowed() -> None:
    assert chosen(SandboxChoice.AUTO, docker="none", namespaces="none", unsafe=True) is Isolation.NONE


def test_a_server_is_told_what_else_its_operator_may_choose() -> None:
    reason = "There is no Docker engine at this machine: install it, or run with `--sandbox namespace` for this."
    assert for_servers(reason) == (
        "There is no Docker engine at this machine: install it, or run with FIXBUGS_SANDBOX=namespace for this. "
        "FIXBUGS_SANDBOX=none runs it as this user, without isolation: only for repositories that you trust like your "
        "own."
    )


def test_a_context_of_docker_is_not_silently_ignored() -> None:
    said = why_no_docker(SandboxSettings(context="far-away"))
    assert said is not None
    assert said.startswith("DOCKER_CONTEXT is 'far-away', and FixBugs does not read Docker's contexts: set DOCKER_HOST")


def test_the_settings_of_containers_are_those_given_and_else_the_defaults() -> None:
    given = SandboxSettings(
        host="ssh://there",
        images=(("go", "golang:1.24"),),
        registries=("pypi.example.com",),
        memory_bytes=1 << 30,
        slots=3,
    )
    made, default = docker_settings(given), DockerSettings()

    assert docker_settings(UNSET) == default
    assert (made.host, made.memory_bytes, made.disk_bytes, made.capacity) == (
        "ssh://there",
        1 << 30,
        default.disk_bytes,
        3,
    )
    assert made.images == {**default.images, "go": "golang:1.24"}
    assert made.registries == (*default.registries, "pypi.example.com")


def test_a_registry_that_is_none_is_named() -> None:
    with pytest.raises(InputError, match="FIXBUGS_REGISTRIES"):
        docker_settings(SandboxSettings(registries=("ftp://x",)))


def test_all_processes_of_a_host_count_their_sandboxes_together_and_each_engine_apart(tmp_path: Path) -> None:
    def folder(host: str) -> Path:
        settings = Settings(tmp_path, "ada", {}, SandboxSettings(host=host, slots=2))
        return capacity_of(settings, Isolation.CONTAINER).folder

    assert folder("") == folder("unix:///var/run/docker.sock") == tmp_path / "slots" / "here"
    assert len({folder(""), folder("ssh://one"), folder("ssh://two")}) == 3


def test_building_the_world_touches_nothing(tmp_path: Path) -> None:
    settings = Settings.load({"FIXBUGS_CACHE_DIR": str(tmp_path / "cache")}, tmp_path)
    deps = local_deps(settings, Isolation.NONE, tmp_path / "out", SilentProgress())

    assert (deps.locators, deps.reproducers, deps.fixers) == (LOCATORS, REPRODUCERS, FIXERS)
    assert list(tmp_path.iterdir()) == []
