"""What people read when Docker is not as it must be: each trouble by its name, with what to do. Engines here are fakes;
runs in real containers are elsewhere."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from command_line import ISSUE, ROOT, SHOP, commit
from fake_engine import FakeEngine

Says = Callable[..., str]
IMAGE = {"Id": "sha256:" + "a" * 64, "Config": {}}
THERE = {"GET /images/fixbugs-sandbox-": (200, IMAGE), "GET /images/fixbugs-base": (200, IMAGE)}
NOTHING_LEFT: dict[str, tuple[int, Any]] = {
    "GET /containers/json": (200, []),
    "GET /networks": (200, []),
    "GET /volumes": (200, {"Volumes": None}),
    "GET /images/json": (200, []),
}


@pytest.fixture(autouse=True)
def untouched_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    commit(folder, SHOP)
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], shop: Path) -> Says:
    """What `fixbugs run --sandbox docker` says with this engine, and that it ends with this exit code."""
    (tmp_path / "issue.md").write_text(ISSUE)
    for name in [name for name in os.environ if name.startswith(("DOCKER_", "FIXBUGS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FIXBUGS_CACHE_DIR", str(tmp_path / "cache"))

    def run(host: str, code: int = 2, repository: Path = shop, **environ: str) -> str:
        for name, value in {"DOCKER_HOST": host, **environ}.items():
            monkeypatch.setenv(name, value)
        arguments = ["--repo", str(repository), "--issue", str(tmp_path / "issue.md"), "--out", str(tmp_path / "out")]
        assert main(["run", *arguments, "--sandbox", "docker"]) == code
        said = capfd.readouterr()
        assert "Traceback" not in said.err
        return said.err.removeprefix("fixbugs: ").rstrip("\n") if code == 2 else said.out + said.err

    return run


def in_one_line(text: str) -> str:
    """As people read it, whatever the terminal's width."""
    return " ".join(text.split())


# ------------------------------------------------------------- no engine


def test_an_engine_that_is_not_installed(run: Says, tmp_path: Path) -> None:
    assert run(f"unix://{tmp_path}/none.sock") == (
        f"There is no Docker engine at unix://{tmp_path}/none.sock: install Docker (docs.docker.com/engine/install) "
        "and start it, or run with `--sandbox namespace` for code that you trust more."
    )


def test_an_engine_that_is_not_running(run: Says, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(tmp_path / "engine.sock"))
    assert run(f"unix://{tmp_path}/engine.sock") == (
        f"The Docker engine at unix://{tmp_path}/engine.sock is not running: start it (`systemctl start docker`), then "
        "run again."
    )


def test_an_engine_that_does_not_let_this_user_in(tmp_path: Path, shop: Path) -> None:
    path = tmp_path / "engine.sock"
    as_a_user: list[str] = []
    with FakeEngine().on_socket(path) as host:
        if os.getuid() == 0:  # who is let in everywhere, until it has no capability any more
            os.chown(path, 65534, 65534)
            as_a_user = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
        path.chmod(0)
        arguments = ["--repo", str(shop), "--log", str(shop / "pricing.py"), "--sandbox", "docker"]
        done = subprocess.run(
            [*as_a_user, sys.executable, "-m", "bot.cli", "run", *arguments],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "DOCKER_HOST": host},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (
        2,
        f"fixbugs: The Docker engine at {host} does not let this user in. Add the user to the group `docker` (then log "
        "in again), or run as one who may.\n",
    )


def test_an_engine_that_is_too_old(run: Says, tmp_path: Path) -> None:
    with FakeEngine(api="1.40").on_socket(tmp_path / "engine.sock") as host:
        said = run(host)
    assert said == "The Docker engine is too old (API 1.40): FixBugs needs Docker 20.10 or newer."


def test_an_engine_whose_address_does_not_exist(run: Says) -> None:
    said = run("tcp://engine.invalid:2375")
    assert said.startswith("The Docker engine at tcp://engine.invalid:2375 does not answer (")
    assert said.endswith("see that DOCKER_HOST is right and it runs.")


def test_certificates_that_are_not_there(run: Says, tmp_path: Path) -> None:
    said = run("tcp://127.0.0.1:1", DOCKER_CERT_PATH=str(tmp_path))
    assert said == f"DOCKER_CERT_PATH is {tmp_path}, where ca.pem, cert.pem, key.pem cannot be found."


def test_an_engine_that_speaks_no_tls(run: Says, tmp_path: Path) -> None:
    make_certificates(tmp_path / "certs")
    with FakeEngine().on_port() as host:
        said = run(host, DOCKER_CERT_PATH=str(tmp_path / "certs"))
    assert said.startswith(f"The Docker engine at {host} and DOCKER_CERT_PATH do not fit together: ")


def make_certificates(folder: Path) -> None:
    """Any that can be read; the engine here takes none."""
    folder.mkdir()
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=me", "-days", "2"]
    argv += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(argv, check=True, capture_output=True)
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())


def test_a_context_that_is_not_read(run: Says) -> None:
    assert run("", DOCKER_CONTEXT="far").startswith("DOCKER_CONTEXT is 'far', and FixBugs does not read")


# ------------------------------------------------- an engine that refuses


def test_an_engine_without_our_images(run: Says, tmp_path: Path) -> None:
    with FakeEngine().on_socket(tmp_path / "engine.sock") as host:
        said = run(host)
    assert said == (
        "The image 'fixbugs-sandbox-python' is not on the Docker engine. `make images` builds the base images (see "
        "docs/sandbox-images.md); FIXBUGS_DOCKER_IMAGE_<KIND> names others."
    )


def test_an_engine_whose_disk_is_full(run: Says, tmp_path: Path) -> None:
    full = (500, {"message": "mkdir /var/lib/docker/overlay2/x: no space left on device"})
    answers = {**THERE, "GET /images/fixbugs-env": (404, {"message": "No such image"}), "POST /containers/create": full}
    with FakeEngine(answers=answers).on_socket(tmp_path / "engine.sock") as host:
        said = in_one_line(run(host, code=1))
    assert "No space left on the disk of the Docker engine. Make room there (`docker system df` shows" in said


def wishing(folder: Path, image: str) -> Path:
    """A repository that wants to be tested by its own command, in this image."""
    wishes = f"test: run-tests\nreport: report.xml\nimage: {image}\n"
    commit(folder, {**SHOP, ".github/fixbugs.yml": wishes})
    return folder


def test_an_image_that_the_operator_does_not_allow(run: Says, tmp_path: Path) -> None:
    with FakeEngine(answers=THERE).on_socket(tmp_path / "engine.sock") as host:
        said = in_one_line(run(host, code=3, repository=wishing(tmp_path / "shop", "evil:1")))
    assert "The repository asks for the image 'evil:1', which this server does not allow (none is allowed)." in said


def test_an_image_that_cannot_be_pulled(run: Says, tmp_path: Path) -> None:
    refusal = (404, {"message": "pull access denied for acme/python, repository does not exist"})
    answers = {**THERE, "GET /images/acme": (404, {"message": "No such image"}), "POST /images/create": refusal}
    with FakeEngine(answers=answers).on_socket(tmp_path / "engine.sock") as host:
        shop = wishing(tmp_path / "shop", "acme/python:3")
        said = in_one_line(run(host, code=3, repository=shop, FIXBUGS_ALLOWED_IMAGES="acme/*"))
    assert "The image 'acme/python:3'" in said
    assert "could not be pulled: pull access denied for acme/python" in said


def test_a_file_of_settings_that_is_wrong_ends_a_run_before_it_begins(run: Says, tmp_path: Path) -> None:
    commit(tmp_path / "shop", {**SHOP, ".github/fixbugs.yml": "label: fix\nimgae: x\n"})
    with FakeEngine(answers=THERE).on_socket(tmp_path / "engine.sock") as host:
        said = run(host, repository=tmp_path / "shop")
    assert said.startswith(".github/fixbugs.yml cannot be used as it is committed. Line 2: ")
    assert said.endswith(" Correct and commit it.")


# ------------------------------------------------------------------ doctor


def doctor(host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str, **environ: str) -> int:
    for name in [name for name in os.environ if name.startswith(("DOCKER_", "FIXBUGS_"))]:
        monkeypatch.delenv(name)
    for name, value in {"DOCKER_HOST": host, "FIXBUGS_CACHE_DIR": str(tmp_path / "cache"), **environ}.items():
        monkeypatch.setenv(name, value)
    return main(["doctor", *arguments])


def lines_of(capfd: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What doctor says, by name: the mark and the text."""
    lines = capfd.readouterr().out.splitlines()
    return {line[8:22].strip(): f"{line[:8].strip()}: {line[22:]}" for line in lines}


def test_doctor_says_what_the_engine_offers_and_what_lies_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    orphan = {
        "Id": "b" * 64,
        "Names": ["/lost"],
        "Created": 1,
        "Labels": {"fixbugs": "1", "fixbugs.owner": f"{socket.gethostname()}:4194305:1"},
    }
    environment = {"RepoTags": ["fixbugs-env:python-1"], "Labels": {"fixbugs": "1", "fixbugs.size": str(3 << 30)}}
    answers = {
        **NOTHING_LEFT,
        "GET /images/fixbugs-sandbox-python": (200, IMAGE),
        "GET /containers/json": (200, [orphan]),
        "GET /images/json": (200, [environment]),
    }
    with FakeEngine(answers=answers).on_socket(tmp_path / "engine.sock") as host:
        code = doctor(host, monkeypatch, tmp_path, FIXBUGS_SANDBOXES="5", FIXBUGS_DOCKER_RUNTIME="runsc")

    said = lines_of(capfd)
    assert code == 0
    assert said["docker"] == (
        f"ok: Docker 20.10.24 at {host}, 2 processors, storage overlay2, cgroup v1, runtime runsc"
    )
    assert said["images"] == (
        "note: python (fixbugs-sandbox-python); missing: node (fixbugs-sandbox-node), go (fixbugs-sandbox-go), "
        "rust (fixbugs-sandbox-rust), java (fixbugs-sandbox-java): `make images` builds them"
    )
    assert said["runtime"] == (
        "note: the engine does not know 'runsc': add it to the engine's daemon.json, or unset FIXBUGS_DOCKER_RUNTIME"
    )
    assert said["environments"] == "ok: 3.0 of 20.0 GiB"
    assert said["left behind"] == (
        f"note: container lost (of {socket.gethostname()}:4194305:1): `fixbugs doctor --clean` removes them"
    )
    assert said["isolation"] == "ok: containers (Docker)"
    assert said["capacity"] == "ok: 5 sandboxes at once, 0 of them busy"


def test_doctor_of_a_server_misses_docker_where_it_is_to_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    host = f"unix://{tmp_path}/none.sock"
    code = doctor(host, monkeypatch, tmp_path, FIXBUGS_SANDBOX="docker")

    said = lines_of(capfd)
    assert code == 1
    assert said["isolation"].startswith(f"MISSING: none. There is no Docker engine at {host}: install Docker")
    assert "bubblewrap" not in said["isolation"]


def test_doctor_cleans_up_only_what_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with FakeEngine(answers=NOTHING_LEFT).on_socket(tmp_path / "engine.sock") as host:
        assert doctor(host, monkeypatch, tmp_path, "--environments") == 2
        assert "--environments says what else --clean removes: give both." in capfd.readouterr().err
        assert doctor(host, monkeypatch, tmp_path, "--clean") == 0
        assert capfd.readouterr().out == "Nothing of FixBugs is left behind on the Docker engine.\n"
