"""Servers beside a sandbox: real containers, reached at localhost and by name, gone with the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bot.core.errors import EnvironmentBroken
from bot.core.tree import Tree
from bot.ports import Command, Completed, Limits, Recipe, Service
from docker_at_hand import docker_settings
from sandbox.docker.engine import Engine
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.docker.services import decoded, encoded

SERVER = (
    "import os, socketserver\n"
    "class Answer(socketserver.BaseRequestHandler):\n"
    "    def handle(self): self.request.sendall(os.environ['WORD'].encode())\n"
    "socketserver.ThreadingTCPServer(('0.0.0.0', 5432), Answer).serve_forever()\n"
)
ASK = (
    "import socket\n"
    "for host in ('localhost', 'store'):\n"
    "    print(socket.create_connection((host, 5432), 5).recv(100).decode())\n"
)
NAME = "fixbugs-test-store"
STORE = Service("store", f"{NAME}:1", (("WORD", "hello"),), (5432,))


@pytest.fixture(scope="module")
def sandboxes(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerSandboxes]:
    """With the image of a small server, which a repository may use."""
    api = docker_engine.api
    made = api.create_container(docker_settings().images["python"], command=["true"])
    api.commit(made["Id"], NAME, "1", conf={"Cmd": ["python3", "-c", SERVER], "Entrypoint": []})
    api.remove_container(made["Id"])
    settings = docker_settings(allowed_images=(f"{NAME}:*",), warm=0)
    sandboxes = DockerSandboxes(settings, tmp_path_factory.mktemp("docker"), {})
    yield sandboxes
    sandboxes.close()
    for image in (f"{NAME}:1", "fixbugs-env:with-store", "fixbugs-env:without-store"):
        api.remove_image(image, force=True)


def asked(sandboxes: DockerSandboxes, key: str, *services: Service) -> tuple[Completed, tuple[str, ...]]:
    async def go() -> tuple[Completed, tuple[str, ...]]:
        built = await sandboxes.build(Recipe(key, (), Tree({}), services=services))
        async with sandboxes.start(key) as sandbox:
            return await sandbox.run(Command(("python3", "-c", ASK)), Limits(wall_s=20.0)), built.notes

    return asyncio.run(asyncio.wait_for(go(), 100))


def test_a_service_is_reached_at_localhost_and_by_its_name_and_goes_with_the_sandbox(
    sandboxes: DockerSandboxes, docker_engine: Engine
) -> None:
    done, notes = asked(sandboxes, "with-store", STORE)

    assert (done.stdout, notes) == (b"hello\nhello\n", ())
    left = docker_engine.api.containers(all=True, filters={"ancestor": f"{NAME}:1"})
    assert left == []


def test_a_service_that_is_not_allowed_is_left_out_and_named(sandboxes: DockerSandboxes) -> None:
    done, notes = asked(sandboxes, "without-store", Service("db", "somebody/elses:1", (), (5432,)))

    assert done.exit_code == 1
    assert notes == (
        "Tests may need the service 'db' (somebody/elses:1), which this server does not allow: its operator can add "
        "the image to FIXBUGS_ALLOWED_IMAGES.",
    )


def test_a_service_that_does_not_come_up_is_named(
    sandboxes: DockerSandboxes, docker_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.docker.services.READY_S", 1.0)
    with pytest.raises(EnvironmentBroken, match=r"The service 'store' \(fixbugs-test-store:1\) did not come up"):
        asked(sandboxes, "with-store", Service("store", f"{NAME}:1", (), (9999,)))
    assert docker_engine.api.containers(all=True, filters={"ancestor": f"{NAME}:1"}) == []


def test_services_survive_being_written_down() -> None:
    services = (STORE, Service("cache", "redis:7", health="redis-cli ping"))
    assert decoded(encoded(services)) == services
    assert decoded("") == ()
