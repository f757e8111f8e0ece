"""How the operator wants code to be isolated, as it is read out of the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.errors import InputError
from bot.sandbox_settings import SandboxSettings
from bot.settings import Settings

HOME = Path("/home/ada")
GIB = 1 << 30


def load(**environ: str) -> SandboxSettings:
    return SandboxSettings.load(environ, HOME)


def test_what_nobody_said_is_left_to_the_sandbox() -> None:
    assert load() == SandboxSettings()
    assert load(FIXBUGS_DOCKER_RUNTIME="", FIXBUGS_SANDBOX_MEMORY=" ", FIXBUGS_SANDBOXES="") == SandboxSettings()


def test_everything_that_can_be_said() -> None:
    assert load(
        DOCKER_HOST="tcp://engine.example:2376",
        DOCKER_CERT_PATH="/certs",
        DOCKER_TLS_VERIFY="1",
        FIXBUGS_DOCKER_RUNTIME="runsc",
        FIXBUGS_DOCKER_IMAGE_PYTHON="python:3.12-slim",
        FIXBUGS_DOCKER_IMAGE_NODE="node:22-slim",
        FIXBUGS_ALLOWED_IMAGES="python:3.*, node:*",
        FIXBUGS_REGISTRIES="pypi.example.com,npm.example.com:8443",
        FIXBUGS_SANDBOXES="6",
        FIXBUGS_SANDBOX_CPUS="1.5",
        FIXBUGS_SANDBOX_MEMORY="4g",
        FIXBUGS_SANDBOX_DISK="512m",
        FIXBUGS_ENVIRONMENTS_SIZE="50GiB",
    ) == SandboxSettings(
        host="tcp://engine.example:2376",
        cert_path="/certs",
        runtime="runsc",
        images=(("node", "node:22-slim"), ("python", "python:3.12-slim")),
        allowed_images=("python:3.*", "node:*"),
        registries=("pypi.example.com", "npm.example.com:8443"),
        slots=6,
        cpus=1.5,
        memory_bytes=4 * GIB,
        disk_bytes=GIB // 2,
        environments_bytes=50 * GIB,
    )


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("2g", 2 * GIB), ("1.5G", 3 * GIB // 2), ("2 GB", 2 * GIB), (str(GIB), GIB), ("1t", 1 << 40)],
)
def test_sizes_are_read(text: str, size_bytes: int) -> None:
    assert load(FIXBUGS_SANDBOX_MEMORY=text).memory_bytes == size_bytes


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("FIXBUGS_SANDBOX_MEMORY", "much", "is 'much': give a size like 512m or 2g."),
        ("FIXBUGS_SANDBOX_MEMORY", "-1g", "is '-1g': give a size like 512m or 2g."),
        ("FIXBUGS_SANDBOX_MEMORY", "2", "is '2', which is too little: give 128m or more."),
        ("FIXBUGS_SANDBOX_DISK", "1m", "is '1m', which is too little: give 64m or more."),
        ("FIXBUGS_ENVIRONMENTS_SIZE", "1m", "is '1m', which is too little: give 1024m or more."),
        ("FIXBUGS_SANDBOXES", "0", "is '0', which is not a number above zero."),
        ("FIXBUGS_SANDBOXES", "two", "is 'two', which is not a number above zero."),
        ("FIXBUGS_SANDBOX_CPUS", "nan", "is 'nan', which is not a number above zero."),
        ("FIXBUGS_SANDBOX_CPUS", "inf", "is 'inf', which is not a number above zero."),
        (
            "FIXBUGS_DOCKER_IMAGE_COBOL",
            "cobol",
            "is the image of no toolchain that is known: the last word is one of PYTHON, NODE, GO, RUST, JAVA.",
        ),
        (
            "DOCKER_HOST",
            "localhost:2375",
            "is 'localhost:2375': give an address like unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host.",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load(**{name: text})
    assert str(caught.value) == f"{name} {said}"


@pytest.mark.parametrize(
    ("environ", "cert_path"),
    [
        ({"DOCKER_HOST": "tcp://there:2375"}, ""),
        ({"DOCKER_HOST": "tcp://there:2376", "DOCKER_TLS_VERIFY": "1"}, "/home/ada/.docker"),
        ({"DOCKER_HOST": "tcp://there:2376", "DOCKER_TLS_VERIFY": "0"}, ""),
        ({"DOCKER_HOST": "tcp://there:2376", "DOCKER_CERT_PATH": "/certs"}, "/certs"),
        ({"DOCKER_HOST": "unix:///run/docker.sock", "DOCKER_CERT_PATH": "/certs", "DOCKER_TLS_VERIFY": "1"}, ""),
        ({"DOCKER_CERT_PATH": "/certs", "DOCKER_TLS_VERIFY": "1"}, ""),
    ],
)
def test_certificates_are_found_where_dockers_own_tools_find_them(environ: dict[str, str], cert_path: str) -> None:
    assert load(**environ).cert_path == cert_path


@pytest.mark.parametrize(
    ("environ", "context"),
    [
        ({"DOCKER_CONTEXT": "far-away"}, "far-away"),
        ({"DOCKER_CONTEXT": "default"}, ""),
        ({"DOCKER_CONTEXT": "far-away", "DOCKER_HOST": "ssh://there"}, ""),
    ],
)
def test_a_context_counts_only_where_no_host_is_named(environ: dict[str, str], context: str) -> None:
    assert load(**environ).context == context


def test_the_settings_of_a_run_hold_it() -> None:
    assert Settings.load({"FIXBUGS_SANDBOXES": "3"}, HOME).sandbox.slots == 3
