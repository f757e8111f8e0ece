"""The Docker engine for tests, where there is one with our base images; else they are skipped with a line that says how
to get them. No assertions here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from sandbox.docker.engine import Engine, probe_docker
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.docker.settings import DockerSettings

GET = "Start Docker, then `make images` or `sandbox/images/from-debian`."


def docker_settings(**others: object) -> DockerSettings:
    """As the engine of these tests is reached."""
    return DockerSettings(host=os.environ.get("DOCKER_HOST", ""), **others)  # type: ignore[arg-type] # any of its fields


@cache
def why_no_docker() -> str | None:
    """None where containers can be used."""
    return probe_docker(docker_settings())


def need_docker() -> None:
    """Skips the test where containers cannot be used."""
    reason = why_no_docker()
    if reason:
        pytest.skip(f"{reason} {GET}")


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    need_docker()
    engine = Engine.connect(docker_settings())
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def docker_sandboxes(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerSandboxes]:
    """With notes of their own; environments stay on the engine from one run of the tests to the next."""
    sandboxes = DockerSandboxes(docker_settings(), _notes(tmp_path_factory), os.environ)
    yield sandboxes
    sandboxes.close()


def _notes(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("docker")
