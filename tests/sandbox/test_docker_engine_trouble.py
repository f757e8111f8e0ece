"""What an engine may answer instead of what it was asked for: each an error of ours that says what to do, and soon."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from bot.core.errors import EnvironmentBroken, FixbugsError, Permanent, SandboxUnavailable, Transient
from fake_engine import FakeEngine
from sandbox.docker import engine as module
from sandbox.docker.container import Box, Container, _host_config
from sandbox.docker.engine import Engine, probe_docker, refusal
from sandbox.docker.images import Images
from sandbox.docker.settings import DockerSettings

BOX = Box("fixbugs-env:x", "run")
FOUND = {"Id": "sha256:" + "a" * 64, "Config": {}}


def refused(tmp_path: Path, status: int, message: str, **settings: Any) -> FixbugsError:
    """What starting a sandbox ends with when the engine says this."""
    answers = {"POST /containers/create": (status, {"message": message})}
    with FakeEngine(answers=answers).on_socket(tmp_path / "engine.sock") as host:
        engine = Engine.connect(DockerSettings(host=host, **settings))
        try:
            with pytest.raises(FixbugsError) as caught:
                Container.start(engine, BOX)
        finally:
            engine.close()
    return caught.value


@pytest.mark.parametrize(
    ("status", "message", "kind", "said"),
    [
        (500, "write /x: no space left on device", Permanent, "No space left on the disk of the Docker engine."),
        (404, "No such image: fixbugs-env:x", EnvironmentBroken, "the image is not to be had"),
        (400, "Unknown runtime specified runsc", SandboxUnavailable, "the runtime of FIXBUGS_DOCKER_RUNTIME"),
        (400, "unknown or invalid runtime name: kata", SandboxUnavailable, "Add it to the engine's daemon.json"),
        (403, "authorization denied by plugin", SandboxUnavailable, "does not allow it to start a sandbox"),
        (500, "something broke", Transient, "could not start a sandbox: something broke"),
        (409, "Container abc is not running", Transient, "is not running"),
        (400, "invalid mount", Permanent, "could not start a sandbox: invalid mount"),
        (
            400,
            'OCI runtime create failed: exec: "timeout": executable file not found in $PATH: unknown',
            EnvironmentBroken,
            "The image has no `timeout`. A sandbox needs Python 3.8 or newer",
        ),
        (400, "exec /bin/sh: exec format error", EnvironmentBroken, "made for another kind of processor"),
    ],
)
def test_a_refusal_is_an_error_of_ours(
    tmp_path: Path, status: int, message: str, kind: type[FixbugsError], said: str
) -> None:
    found = refused(tmp_path, status, message)

    assert type(found) is kind
    assert said in str(found)


def test_the_runtime_that_is_set_reaches_every_container(tmp_path: Path) -> None:
    with FakeEngine().on_socket(tmp_path / "engine.sock") as host:
        engine = Engine.connect(DockerSettings(host=host, runtime="runsc"))
        made: Any = _host_config(engine, BOX)
        engine.close()

    assert made["Runtime"] == "runsc"


@contextmanager
def mute(path: Path, hang_up: bool) -> Iterator[str]:
    """An engine that takes every connection and says nothing, or hangs up in the middle of its first line."""
    taken: list[socket.socket] = []

    def take() -> None:
        with suppress(OSError):
            while True:
                guest, _ = door.accept()
                taken.append(guest)
                if hang_up:
                    guest.recv(1 << 16)
                    guest.sendall(b"HTTP/1.1 200 O")
                    guest.close()

    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        threading.Thread(target=take, daemon=True).start()
        yield f"unix://{path}"
        door.shutdown(socket.SHUT_RDWR)
    for guest in taken:
        guest.close()


def test_an_engine_that_hangs_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_ANSWER_S", 0.5)
    started = time.monotonic()
    with mute(tmp_path / "engine.sock", hang_up=False) as host:
        said = probe_docker(DockerSettings(host=host))

    assert said is not None
    assert said.startswith(f"The Docker engine at {host} does not answer in time: ")
    assert time.monotonic() - started < 5


def test_an_engine_that_hangs_up_in_the_middle_is_said(tmp_path: Path) -> None:
    with mute(tmp_path / "engine.sock", hang_up=True) as host:
        said = probe_docker(DockerSettings(host=host))

    assert said is not None
    assert said.startswith(f"The Docker engine at {host} does not answer (")


@pytest.mark.parametrize("answer", [(200, {"hello": "world"}), (200, ["x"]), (200, {"ApiVersion": "new"})])
def test_a_server_that_is_no_engine_is_said(tmp_path: Path, answer: tuple[int, Any]) -> None:
    with FakeEngine(answers={"GET /version": answer}).on_socket(tmp_path / "engine.sock") as host:
        said = probe_docker(DockerSettings(host=host))

    assert said == (
        f"The Docker engine at {host} does not answer (what answers is no Docker engine): see that DOCKER_HOST is "
        "right and it runs."
    )


def test_an_engine_that_cannot_say_which_images_it_has_is_said(tmp_path: Path) -> None:
    answers = {"GET /images/": (500, {"message": "layer does not exist"})}
    with FakeEngine(answers=answers).on_socket(tmp_path / "engine.sock") as host:
        said = probe_docker(DockerSettings(host=host))

    assert said == "The Docker engine could not look for images: layer does not exist"


def test_a_call_that_takes_too_long_may_be_tried_again(tmp_path: Path) -> None:
    def slow(*_: object) -> tuple[int, Any]:
        time.sleep(2)
        return 200, FOUND

    class Slow(FakeEngine):
        def answer(self, method: str, path: str) -> tuple[int, Any]:
            return slow() if "/images/" in path else super().answer(method, path)

    with Slow().on_socket(tmp_path / "engine.sock") as host:
        engine = Engine.connect(DockerSettings(host=host), call_s=0.3)
        with pytest.raises(Transient, match="did not answer in time while it should look for an environment"):
            Images(engine, tmp_path).kept("x")
        engine.close()


@pytest.mark.parametrize("volume", ["/env", "/sandbox/tree", "/tmp"])
def test_an_image_with_a_volume_where_sandboxes_keep_theirs_is_refused(tmp_path: Path, volume: str) -> None:
    image = {**FOUND, "Config": {"Volumes": {"/data": {}, volume: {}}}}
    with FakeEngine(answers={"GET /images/acme": (200, image)}).on_socket(tmp_path / "engine.sock") as host:
        engine = Engine.connect(DockerSettings(host=host, allowed_images=("acme/*",)))
        with pytest.raises(EnvironmentBroken, match=f"declares the volume '{volume}'"):
            Images(engine, tmp_path).base("acme/python:3")
        engine.close()


def test_a_pull_that_fails_in_the_middle_is_said_with_the_registrys_words(tmp_path: Path) -> None:
    answers = {"POST /images/create": (200, {"status": "Pulling", "error": "toomanyrequests: slow down"})}
    fake = FakeEngine(answers=answers)
    with fake.on_socket(tmp_path / "engine.sock") as host:
        engine = Engine.connect(DockerSettings(host=host, allowed_images=("registry:5000/*",)))
        with pytest.raises(EnvironmentBroken, match="could not be pulled: toomanyrequests: slow down"):
            Images(engine, tmp_path).base("registry:5000/acme/python")
        engine.close()
    assert any("tag=latest&fromImage=registry%3A5000%2Facme%2Fpython" in asked for asked in fake.asked)


def test_an_error_without_a_status_is_refused_for_good() -> None:
    assert type(refusal(docker.errors.APIError("odd"), "do it")) is Permanent
