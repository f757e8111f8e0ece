"""The base images: what every one of them gives a sandbox, whichever way it was made, and how the two scripts that make
them behave."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from sandbox.docker.container import INSIDE_UID, PATH
from sandbox.docker.engine import Engine
from sandbox.docker.settings import KINDS, DockerSettings

IMAGES = Path(__file__).parents[2] / "sandbox" / "images"
SHELLS = {"build": "bash", "from-debian": "bash", "equip": "sh"}

# ------------------------------------------------------------------ what an image gives

# The least version of what a sandbox of each kind counts on. The agent runs on any Python from 3.8 on.
EVERYWHERE = {"python3": (3, 8), "git": (2, 30), "gcc": (10,), "make": (4,)}
LEAST: dict[str, dict[str, tuple[int, ...]]] = {
    "python": {"uv": (0, 5)},
    "node": {
        "node": (20,),
        "npm": (10,),
        "npx": (10,),
        "pnpm": (9,),
        "yarn": (1, 22),
        "yarn-berry": (4,),
        "g++": (10,),
    },
    "go": {"go": (1, 19)},
    "rust": {"cargo": (1, 63), "rustc": (1, 63)},
    "java": {"javac": (17,), "mvn": (3, 6)},
}
PRESENT = dict[str, tuple[str, ...]].fromkeys(KINDS, ()) | {"node": ("npx",), "go": ("gofmt",), "java": ("java",)}
PATIENCE_S = 300  # package managers start slowly on a busy machine
# One line for each: its name, and the first line of what it says of itself.
ASK = """
for name in $WANTED; do
  case $name in go) how=version;; *) how=--version;; esac
  echo "$name: $($name $how 2>&1 | grep -m 1 '[0-9]\\.[0-9]')"
done
for name in cat cp timeout ps sh $PRESENT; do command -v $name >/dev/null || echo "missing: $name"; done
python3 -c 'import ctypes, selectors, ssl, venv' || echo "missing: modules of Python"
[ -s /etc/ssl/certs/ca-certificates.crt ] || echo "missing: certificates"
echo "user: $(id -un)"
echo "privileged: $(find / -xdev -type f -perm /6000 2>/dev/null | head -n 3 | tr '\\n' ' ')"
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a container said of its image. `starts_something`: the image has a program of its own to start."""

    said: dict[str, str]
    starts_something: bool

    def version(self, name: str) -> tuple[int, ...]:
        found = re.search(r"\d+(\.\d+)+", self.said.get(name, ""))
        return tuple(int(part) for part in found[0].split(".")) if found else ()


def ask(engine: Engine, image: str, kinds: Sequence[str]) -> Told:
    """Asks in a container that is fenced in as a sandbox is, for what these kinds count on."""
    wanted = {name for kind in kinds for name in EVERYWHERE | LEAST[kind]}
    present = {name for kind in kinds for name in PRESENT[kind]}
    made = engine.api.create_container(
        image,
        command=["sh", "-c", ASK],
        user=f"{INSIDE_UID}:{INSIDE_UID}",
        environment={"WANTED": " ".join(wanted), "PRESENT": " ".join(present), "HOME": "/tmp", "PATH": PATH},
        network_disabled=True,
        labels={"fixbugs.test": "1"},
        host_config=engine.api.create_host_config(
            network_mode="none",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            read_only=True,
            tmpfs={"/tmp": ""},
        ),
    )
    try:
        engine.api.start(made["Id"])
        engine.api.wait(made["Id"], timeout=PATIENCE_S)
        lines = engine.api.logs(made["Id"]).decode().splitlines()
    finally:
        engine.api.remove_container(made["Id"], force=True, v=True)
    said = {name: text for name, _, text in (line.partition(": ") for line in lines)}
    config: Any = (engine.image(image) or {}).get("Config")
    return Told(said, bool(config.get("Entrypoint") or config.get("Cmd")))


def hold_to_the_contract(told: Told, kind: str) -> None:
    least = EVERYWHERE | LEAST[kind]
    lacking = {name: told.said.get(name, "") for name, version in least.items() if told.version(name) < version}
    assert lacking == {}
    assert "missing" not in told.said
    assert (told.said["user"], told.said["privileged"].strip()) == ("sandbox", "")
    assert not told.starts_something


@pytest.fixture(scope="module")
def told_by_kind(docker_engine: Engine) -> dict[str, Told]:
    """By one container for each image: where one image bears several names, it is asked once."""
    images = docker_engine.settings.images
    by_id: dict[str, list[str]] = {}
    for kind in KINDS:
        by_id.setdefault(str((docker_engine.image(images[kind]) or {}).get("Id", "")), []).append(kind)
    assert "" not in by_id, f"not on the engine: {by_id['']}; `make images` builds all kinds"
    told = {image: ask(docker_engine, image, kinds) for image, kinds in by_id.items()}
    return {kind: told[image] for image, kinds in by_id.items() for kind in kinds}


@pytest.mark.parametrize("kind", KINDS)
def test_a_base_gives_a_sandbox_what_it_counts_on(told_by_kind: dict[str, Told], kind: str) -> None:
    hold_to_the_contract(told_by_kind[kind], kind)


@pytest.fixture
def from_dockerfile(docker_engine: Engine) -> Iterator[str]:
    """An image that the Dockerfile made out of a base with an entry point, without a network: the base has it all."""
    steps = []
    base = docker_engine.settings.images["go"]
    made = docker_engine.api.create_container(base, command=["true"], labels={"fixbugs.test": "1"})
    conf = {"Entrypoint": ["/bin/false"], "Cmd": ["never"], "User": "nobody", "Env": ["PATH=/opt/go/bin:/usr/bin:/bin"]}
    docker_engine.api.commit(made["Id"], "fixbugs-test-official", "latest", conf=conf)
    docker_engine.api.remove_container(made["Id"])
    try:
        for line in docker_engine.api.build(
            fileobj=_context(),
            custom_context=True,
            tag="fixbugs-test-base",
            network_mode="none",
            buildargs={"KIND": "go", "BASE": "fixbugs-test-official"},
            rm=True,
            decode=True,
        ):
            assert "error" not in line, line
            steps += re.findall(r"^ ---> ([0-9a-f]{12})$", line.get("stream", ""), re.MULTILINE)
        yield "fixbugs-test-base"
    finally:
        for name in ("fixbugs-test-base", "fixbugs-test-official", *reversed(steps)):
            with suppress(docker.errors.APIError):
                docker_engine.api.remove_image(name)


def _context() -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in ("Dockerfile", "equip"):
            archive.add(IMAGES / name, name)
        archive.addfile(tarfile.TarInfo("certificates"))
    packed.seek(0)
    return packed


def test_the_dockerfile_makes_of_another_base_what_the_packages_make(
    docker_engine: Engine, from_dockerfile: str
) -> None:
    hold_to_the_contract(ask(docker_engine, from_dockerfile, ("go",)), "go")


# ------------------------------------------------------------------ the scripts


@dataclass(frozen=True, slots=True)
class Machine:
    """A PATH of a test's own: what the scripts call, with stand-ins for what needs an engine or root."""

    bin: Path

    def stand_in(self, name: str, body: str) -> None:
        (self.bin / name).unlink(missing_ok=True)
        (self.bin / name).write_text(f"#!/bin/sh\n{body}\n")
        (self.bin / name).chmod(0o755)

    def run(self, script: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [IMAGES / script, *arguments],
            env={"PATH": str(self.bin), "TMPDIR": str(self.bin.parent), **environ},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def asked_of_docker(self) -> list[list[str]]:
        log = self.bin.parent / "docker.log"
        return [line.split("\t") for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    made = Machine(tmp_path / "bin")
    used = "bash cat chmod cp cut dirname sha256sum mktemp rm tail head xargs df awk findmnt grep ls date tr"
    for name in used.split():
        (made.bin / name).symlink_to(shutil.which(name) or f"/missing/{name}")
    made.stand_in("id", "echo 0")
    made.stand_in("docker", f"""printf '%s\\t' "$@" >>{tmp_path}/docker.log; echo >>{tmp_path}/docker.log""")
    return made


def builds(machine: Machine) -> list[list[str]]:
    return [words for words in machine.asked_of_docker() if words[0] == "build"]


def build_arguments(words: list[str]) -> dict[str, str]:
    given = [after for word, after in pairwise(words) if word == "--build-arg"]
    return {name: value for name, _, value in (one.partition("=") for one in given)}


@pytest.mark.parametrize("script", SHELLS)
def test_a_script_can_be_read_by_its_shell(script: str) -> None:
    subprocess.run([SHELLS[script], "-n", IMAGES / script], check=True)


def test_one_command_builds_every_image_that_the_settings_name(machine: Machine) -> None:
    done = machine.run("build")

    assert done.returncode == 0, done.stderr
    tags = [words[words.index("--tag") + 1] for words in builds(machine)]
    assert tags == [DockerSettings().images[kind] for kind in KINDS]
    assert [build_arguments(words)["KIND"] for words in builds(machine)] == list(KINDS)


def test_a_kind_can_have_a_base_of_ones_own_and_options_of_docker(machine: Machine) -> None:
    machine.run("build", "python=python:3.13-slim", "--", "--network", "host")

    [words] = builds(machine)
    assert build_arguments(words)["BASE"] == "python:3.13-slim"
    assert words[words.index("--network") + 1] == "host"


def test_the_dockerfile_takes_every_argument_that_it_is_given(machine: Machine) -> None:
    settings = {"PIP_INDEX_URL": "https://me:word@index.example/simple", "NPM_CONFIG_REGISTRY": "https://npm.example"}
    machine.run("build", "node", HTTPS_PROXY="http://proxy.example:8080", **settings)

    [words] = builds(machine)
    declared = set(re.findall(r"^ARG (\w+)", (IMAGES / "Dockerfile").read_text(), re.MULTILINE))
    assert set(build_arguments(words)) == declared | {"HTTPS_PROXY"}  # which docker build itself declares
    assert "me:word" not in str(words), "what an address holds is not for the list of processes"


def test_an_image_that_cannot_be_built_points_to_the_way_without_a_registry(machine: Machine) -> None:
    machine.stand_in("docker", '[ "$1" = version ] || { echo "no such host" >&2; exit 1; }')
    done = machine.run("build", "go")

    assert done.returncode == 1
    assert "no such host" in done.stderr
    assert done.stderr.endswith("Where no registry of images can be reached, use: sandbox/images/from-debian go\n")


@pytest.mark.parametrize("script", ["build", "from-debian"])
def test_an_unknown_kind_is_answered_with_the_known_ones(machine: Machine, script: str) -> None:
    done = machine.run(script, "cobol")

    assert done.returncode == 1
    assert done.stderr == f"{script}: There is no kind 'cobol'; choose from: {' '.join(KINDS)}.\n"
    assert builds(machine) == []


@pytest.mark.parametrize("script", ["build", "from-debian"])
def test_an_engine_that_does_not_answer_is_named(machine: Machine, script: str) -> None:
    machine.stand_in("docker", "echo 'Cannot connect to the Docker daemon.' >&2; exit 1")
    done = machine.run(script)

    assert done.returncode == 1
    assert done.stderr == f"{script}: No Docker engine answers: Cannot connect to the Docker daemon.\n"


def test_packages_are_not_unpacked_by_who_is_not_root(machine: Machine) -> None:
    machine.stand_in("id", "echo 1000")
    done = machine.run("from-debian")

    assert done.returncode == 1
    assert "must run as root" in done.stderr
    assert "sudo" in done.stderr


def test_what_unpacks_packages_is_asked_for_when_it_is_missing(machine: Machine) -> None:
    done = machine.run("from-debian")

    assert done.returncode == 1
    assert done.stderr == "from-debian: mmdebstrap is missing. Install it: apt-get install mmdebstrap\n"
    assert [path.name for path in machine.bin.parent.iterdir() if "fixbugs-images" in path.name] == []


def test_images_that_this_very_recipe_made_are_left_alone(machine: Machine) -> None:
    machine.stand_in("mmdebstrap", "exit 9")
    files = (IMAGES / "from-debian").read_bytes() + (IMAGES / "versions").read_bytes()
    recipe = subprocess.run(["sha256sum"], input=files, capture_output=True, check=True).stdout.decode()[:16]
    machine.stand_in("docker", f'[ "$1" = version ] || echo {recipe}')

    assert machine.run("from-debian", "--once", "go", "rust").stdout == (
        "There already: fixbugs-sandbox-go fixbugs-sandbox-rust\n"
    )
