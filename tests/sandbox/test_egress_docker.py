"""The way out of a real container: package managers get through it, and nothing else does, whatever it tries."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.ports import Command, Completed, Limits
from docker_at_hand import docker_engine
from egress_at_hand import Names
from sandbox.agent_sandbox import AgentSandbox
from sandbox.docker.agent_link import agent_in
from sandbox.docker.build_settings import outfit_of
from sandbox.docker.container import GUARD_UID, PATH, ROOT, Box, Container
from sandbox.docker.engine import Engine
from sandbox.docker.exec_pipe import ExecPipe
from sandbox.docker.images import Images
from sandbox.docker.registry_link import Forwarder
from sandbox.egress import Allowed, Egress, Policy, forwarder_argv, proxied
from sandbox.egress.addresses import Resolve, resolved

__all__ = ["docker_engine"]

LIMITS = Limits(wall_s=100.0)
TRIES = """\
import http.client, json, os, signal, socket, sys
PROXY = ("127.0.0.1", 3128)

def tunnel(where):
    with socket.create_connection(PROXY, 10) as link:
        link.sendall(f"CONNECT {where} HTTP/1.1\\r\\nHost: {where}\\r\\n\\r\\n".encode())
        return int(link.makefile("rb").readline().split()[1])

def plain(address):
    link = http.client.HTTPConnection(*PROXY, timeout=10)
    link.request("GET", address)
    return link.getresponse().status

def raw(family, kind, where, protocol=0):
    try:
        with socket.socket(family, kind, protocol) as link:
            link.settimeout(5)
            link.connect(where)
            return "connected"
    except OSError as error:
        return type(error).__name__ if isinstance(error, PermissionError) else os.strerror(error.errno)

def name(host):
    try:
        return str(socket.getaddrinfo(host, 443))
    except socket.gaierror:
        return "unknown"

def kill_the_forwarder():
    ended = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid != os.getuid():
            try:
                os.kill(int(entry), signal.SIGKILL)
                ended.append(entry)
            except PermissionError:
                pass
    return ended

hosts = sys.argv[1].split(",")
print(json.dumps({
    "tunnels": {where: tunnel(where) for where in sys.argv[2:]},
    "plain": {address: plain(address) for address in
              ["http://169.254.169.254/latest/", "http://example.com/", *(f"http://{host}:80/" for host in hosts)]},
    "raw": sorted({raw(socket.AF_INET, kind, (host, 80))
                   for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM) for host in [*hosts, "1.1.1.1"]}),
    "raw6": raw(socket.AF_INET6, socket.SOCK_STREAM, ("2606:4700:4700::1111", 443)),
    "icmp": raw(socket.AF_INET, socket.SOCK_RAW, ("1.1.1.1", 0), socket.IPPROTO_ICMP),
    "name": name("pypi.org"),
    "interfaces": [kind for kind in os.listdir("/sys/class/net") if open(f"/sys/class/net/{kind}/operstate").read()
                   != "down\\n"],
    "killed": kill_the_forwarder(),
    "after": tunnel("example.com:443"),
}))
"""


@pytest.fixture
def container(docker_engine: Engine, tmp_path: Path) -> Iterator[Container]:
    """As builds get it."""
    image = Images(docker_engine, tmp_path).base("python")
    made = Container.start(docker_engine, Box(image, "test", build=True))
    yield made
    made.remove()


@asynccontextmanager
async def building(
    container: Container, policy: Policy, resolve: Resolve = resolved
) -> AsyncIterator[tuple[AgentSandbox, Egress]]:
    """A sandbox for commands of a build, and its way out."""
    connection = await asyncio.to_thread(container.run, forwarder_argv(), {"PATH": PATH}, GUARD_UID)
    pipe = await ExecPipe.open(connection, lambda: None)
    egress = Egress(policy, resolve)
    try:
        async with egress.serving(Forwarder(pipe)), agent_in(container, None, temporary=f"{ROOT}/temporary") as sandbox:
            yield sandbox, egress
    finally:
        await pipe.close()


def addresses_of_this_machine() -> list[str]:
    """The one that leads out, and the engine's bridge, by which a container could reach the host."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return [str(probe.getsockname()[0]), "172.17.0.1"]


def test_nothing_but_the_registries_can_be_reached(container: Container) -> None:
    names = Names(pypi_org=["10.0.0.1", "127.0.0.1", "169.254.169.254"], files_example=["169.254.169.254"])
    policy = Policy((Allowed("pypi.org"), Allowed("files.example", own=True)))
    hosts = addresses_of_this_machine()
    refused = ["example.com:443", "169.254.169.254:443", "pypi.org:22", "localhost:443", "127.0.0.1:2375"]
    refused += [f"{host}:443" for host in hosts]
    rebinding = ["pypi.org:443", "PyPI.org.:443", "files.example:443"]

    async def story() -> tuple[Completed, tuple[str, ...]]:
        async with building(container, policy, names) as (sandbox, egress):
            argv = ("python3", "-c", TRIES, ",".join(hosts), *refused, *rebinding)
            done = await sandbox.run(Command(argv), LIMITS)
            return done, egress.notes()

    done, notes = asyncio.run(story())
    assert done.exit_code == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert set(found["tunnels"].values()) == {403}
    assert set(found["plain"].values()) == {403}
    assert found["raw"] == ["Network is unreachable"]
    assert found["raw6"] in ("Network is unreachable", "Cannot assign requested address")
    assert found["icmp"] == "PermissionError"
    assert (found["name"], found["interfaces"], found["killed"]) == ("unknown", ["lo"], [])
    assert found["after"] == 403
    assert "pypi.org:443 leads to 10.0.0.1, a private address, so builds do not get there." in " ".join(notes)
    assert names.asked == ["pypi.org", "pypi.org", "files.example"]


def reachable(host: str) -> bool:
    try:
        with socket.create_connection((host, 443), 5):
            return True
    except OSError:
        return False


INSTALLS = """\
set -e
cd {0}
uv venv -q a
uv pip install -q --no-cache --python a pip==25.3
a/bin/pip install -q --no-cache-dir --no-compile sortedcontainers==2.4.0
a/bin/python -c 'import sortedcontainers; print(sortedcontainers.__version__)'
npm install --silent --no-audit is-odd@3.0.1
node -p 'require("is-odd")(3)'
"""


def test_package_managers_install_through_it(container: Container) -> None:
    for host in ("pypi.org", "registry.npmjs.org"):
        if not os.environ.get("HTTPS_PROXY") and not reachable(host):
            pytest.skip(f"{host} cannot be reached from here")

    async def story() -> tuple[Completed, Egress, tuple[str, ...]]:
        outfit = outfit_of({**os.environ, "PIP_CONFIG_FILE": os.devnull}, container.engine.settings.registries)
        async with building(container, outfit.policy) as (sandbox, egress):
            for name, content in outfit.files:
                await sandbox.put_file(f"{sandbox.scratch_path}/{name}", content)
            sandbox.environ |= outfit.variables(sandbox.scratch_path)
            script = INSTALLS.format(sandbox.scratch_path)
            return await sandbox.run(Command(("sh", "-c", script)), LIMITS), egress, egress.notes()

    done, egress, notes = asyncio.run(story())
    assert done.exit_code == 0, (done.stdout + done.stderr).decode()
    assert done.stdout.decode() == "2.4.0\ntrue\n"
    assert notes == ()
    fetched = {place.host for place in egress.reached if place.down_bytes > 1000}
    assert fetched >= {"pypi.org", "files.pythonhosted.org", "registry.npmjs.org"}


def test_a_package_manager_shows_what_was_refused(container: Container) -> None:
    async def story() -> tuple[str, tuple[str, ...]]:
        async with building(container, Policy(())) as (sandbox, egress):
            sandbox.environ |= proxied({"UV_HTTP_RETRIES": "0"})
            argv = ("uv", "pip", "install", "--no-cache", "--target", f"{sandbox.scratch_path}/x", "iniconfig")
            done = await sandbox.run(Command(argv), LIMITS)
            return (done.stdout + done.stderr).decode(), egress.notes()

    said, notes = asyncio.run(story())
    assert "403" in said or "tunnel" in said
    assert notes[0].startswith("The build asked for pypi.org:443, which is not allowed")
