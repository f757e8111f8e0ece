"""What stories in containers need: the command with Docker, what is left on an engine, and an engine of a story's own
that can be restarted. No assertions on what the bot does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from command_line import CommandLine, Ran
from sandbox.docker.engine import Engine, probe_docker
from sandbox.docker.settings import DockerSettings

START_S = 60.0
PATIENCE_S = 240.0  # several times what a run takes on a busy machine
BASE = "fixbugs-sandbox-python"
DAEMON = ("--iptables=false", "--ip-masq=false", "--bridge=none")  # sandboxes have no network

# Run in a base image: packs the little of it that projects need whose tests take nothing but Python.
SMALL_BASE = """\
import os, shutil, subprocess, sys, sysconfig, tarfile

stdlib, python = sysconfig.get_path("stdlib"), os.path.realpath(sys.executable)
programs = [shutil.which(name) for name in ("sh", "cat", "cp", "env", "find", "sleep", "timeout")] + [python]
modules = [f"{stdlib}/lib-dynload/{name}" for name in os.listdir(f"{stdlib}/lib-dynload")]
told = subprocess.run(["ldd", *programs, *modules], capture_output=True, text=True).stdout
libraries = {word for word in told.split() if word.startswith("/") and ".so" in word and not word.endswith(":")}
large = {"__pycache__", "test", "idlelib", "ensurepip", "lib2to3", "tkinter", "site-packages", "dist-packages"}

with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
    for link in filter(os.path.islink, ("/bin", "/lib", "/lib64")):
        archive.add(link)
    for path in sorted({*programs, *libraries}):
        folder, name = os.path.split(path)
        with open(path, "rb") as content:
            entry = archive.gettarinfo(arcname=os.path.join(os.path.realpath(folder), name), fileobj=content)
            archive.addfile(entry, content)
    if python != "/usr/bin/python3":
        link = tarfile.TarInfo("usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, python
        archive.addfile(link)
    archive.add(stdlib, filter=lambda entry: None if large & set(entry.name.split("/")) else entry)
"""


@dataclass(frozen=True)
class Contained(Ran):
    """A finished command, and which process it was."""

    pid: int


@dataclass(frozen=True)
class InContainers(CommandLine):
    """`fixbugs run --sandbox docker`; `settings` are further variables of its environment."""

    settings: tuple[tuple[str, str], ...] = ()

    def argv(self, repository: Path, *arguments: str | Path) -> list[str]:
        return super().argv(repository, "--sandbox", "docker", *arguments)

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, **dict(self.settings)}

    def run(self, repository: Path, *arguments: str | Path, stdin: bytes = b"") -> Contained:
        """A report that comes as `stdin` is put into a file, which is named to the command instead."""
        issue = self.out_dir.parent / "issue.md"
        issue.write_bytes(stdin)
        started, before_s = time.monotonic(), sum(os.times()[2:4])
        given = ("--issue", str(issue)) if stdin else ()
        with self.started(repository, *given, *arguments) as process:
            out, err = process.communicate(timeout=PATIENCE_S)
        wall_s, cpu_s = time.monotonic() - started, sum(os.times()[2:4]) - before_s
        return Contained(process.returncode, out, err, wall_s, cpu_s, self.out_dir, process.pid)


def left_of(engine: Engine, pid: int, within_s: float = 10.0) -> list[str]:
    """What a process that is over left on the engine; what goes just now is waited for."""
    until = time.monotonic() + within_s
    while True:
        left = [line for line in ours_on(engine) if f":{pid}:" in line]
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.1)


def ours_on(engine: Engine) -> list[str]:
    """Containers, networks and volumes that are marked as ours, each with its purpose and whose it is; not the packages
    that are kept for the next build."""
    api, ours = engine.api, {"label": "fixbugs=1"}
    found = [*api.containers(all=True, filters=ours), *api.networks(filters=ours)]
    labels = [one.get("Labels") or {} for one in (*found, *(api.volumes(filters=ours).get("Volumes") or ()))]
    told = [(one.get("fixbugs.purpose", ""), one.get("fixbugs.owner", "")) for one in labels]
    return [f"{purpose} of {owner}" for purpose, owner in told if purpose != "downloads"]


# ------------------------------------------------------------ an engine of its own


@dataclass
class OwnEngine:
    """A Docker engine beside the machine's, in namespaces of its own, with a small base image for Python. Only root can
    have one."""

    folder: Path
    held: subprocess.Popen[bytes] = field(init=False)
    daemon: subprocess.Popen[bytes] = field(init=False)

    @property
    def settings(self) -> DockerSettings:
        return DockerSettings(host=f"unix://{self.folder}/engine.sock", images={"python": BASE})

    def __enter__(self) -> Self:
        self.held = subprocess.Popen(["unshare", "--net", "--mount", "cat"], stdin=subprocess.PIPE)
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop(signal.SIGTERM)
        self.held.kill()
        self.held.wait(10)

    def start(self) -> None:
        (self.folder / "pid").unlink(missing_ok=True)
        places = [f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec", f"--pidfile={self.folder}/pid"]
        enter = ["nsenter", f"--target={self.held.pid}", "--net", "--mount"]
        with (self.folder / "log").open("ab") as log:
            self.daemon = subprocess.Popen(
                [*enter, "dockerd", *places, f"--host={self.settings.host}", *DAEMON], stdout=log, stderr=log
            )
        until = time.monotonic() + START_S
        while not self.answers():
            if self.daemon.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"No engine: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def answers(self) -> bool:
        reason = probe_docker(self.settings)
        return reason is None or "is not on the Docker engine" in reason

    def stop(self, how: signal.Signals) -> None:
        """With what it started to look after containers, which an engine that is killed leaves behind half dead."""
        helper = self.folder / "exec/containerd/containerd.pid"
        pid = int(helper.read_text()) if helper.exists() else 0
        self.daemon.send_signal(how)
        self.daemon.wait(START_S)
        helper.unlink(missing_ok=True)
        with suppress(ProcessLookupError, FileNotFoundError):
            if pid and b"containerd" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)

    def await_container(self, purpose: str) -> None:
        """Until a container of ours for this purpose runs."""
        until = time.monotonic() + START_S
        with self.connected() as engine:
            wanted = {"label": f"fixbugs.purpose={purpose}", "status": "running"}
            while not engine.api.containers(filters=wanted):
                assert time.monotonic() < until, f"There is no container of the purpose {purpose!r}."
                time.sleep(0.1)

    def load(self, base: bytes) -> None:
        """Makes an archive of files the base image."""
        with self.connected() as engine:
            engine.api.import_image_from_data(base, repository=BASE, tag="latest")

    @contextmanager
    def connected(self) -> Iterator[Engine]:
        engine = Engine.connect(self.settings)
        try:
            yield engine
        finally:
            engine.close()


@contextmanager
def own_engine() -> Iterator[OwnEngine]:
    """With its base image taken from the machine's engine, which is at hand."""
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("Starting a Docker engine takes root and `dockerd` (Debian's package docker.io).")
    with ExitStack() as leaving:
        folder = Path(tempfile.mkdtemp(prefix="fixbugs-engine-"))  # short: a socket's path may have 107 characters
        leaving.callback(shutil.rmtree, folder, ignore_errors=True)
        packed = subprocess.run(
            ["docker", "run", "--rm", "--interactive", "--network=none", BASE, "python3", "-"],
            input=SMALL_BASE.encode(),
            capture_output=True,
            check=True,
            timeout=START_S,
        )
        engine = leaving.enter_context(OwnEngine(folder))
        engine.load(packed.stdout)
        yield engine
