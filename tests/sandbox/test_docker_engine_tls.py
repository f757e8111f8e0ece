"""An engine behind TLS: sandboxes work as on this machine, streams leave nothing behind, and what does not fit together
is said."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.errors import SandboxUnavailable
from bot.core.tree import Tree
from bot.ports import Command, Limits, Recipe
from docker_at_hand import need_docker
from engine_far_away import Authority, behind_tls
from sandbox.docker.engine import Engine, probe_docker
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.docker.settings import DockerSettings

EMPTY = Recipe("empty-over-tls", (), Tree({}))
MUCH = 64 << 20  # many times what any buffer on the way holds
WITHOUT_END = "import sys\nwhile True: sys.stdout.write('x' * (1 << 20))"
SHOUT = f"import sys\nfor _ in range({MUCH >> 20}): sys.stdout.write('x' * (1 << 20))"


@dataclass(frozen=True)
class Far:
    authority: Authority
    folder: Path
    host: str

    def settings(self, cert_path: Path | None = None) -> DockerSettings:
        return DockerSettings(host=self.host, cert_path=str(cert_path or self.folder / "me"), warm=1)


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    need_docker()
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority("ours")
    authority.folder(folder / "me", "me")
    with behind_tls(authority.folder(folder / "engine", "engine")) as host:
        yield Far(authority, folder, host)


def test_sandboxes_work_over_tls_and_leave_no_thread_and_no_descriptor(
    far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(far.folder / "nowhere.pem"))  # not what the engine is known by

    async def one(sandboxes: DockerSandboxes, number: int) -> bytes | None:
        async with sandboxes.start(EMPTY.key) as sandbox:
            await sandbox.put_file(f"{sandbox.tree_path}/in", b"%d" % number * 1_000_000)
            done = await sandbox.run(Command(("sh", "-c", "cp in out; cat in | wc -c")), Limits(wall_s=40))
            assert done.stdout.strip() == b"1000000"
            return await sandbox.read(f"{sandbox.tree_path}/out", 5)

    async def all_of_it() -> None:
        sandboxes = DockerSandboxes(far.settings(), tmp_path, {})
        try:
            await sandboxes.build(EMPTY)
            assert await asyncio.gather(*(one(sandboxes, number) for number in range(5))) == [
                b"%d" % number * 5 for number in range(5)
            ]
        finally:
            await asyncio.to_thread(sandboxes.close)

    before = _descriptors()
    asyncio.run(asyncio.wait_for(all_of_it(), 100))

    deadline = time.monotonic() + 10
    while [thread for thread in threading.enumerate() if thread.name == "fixbugs-tls"] or _descriptors() > before:
        assert time.monotonic() < deadline, (threading.enumerate(), _descriptors(), before)
        gc.collect()
        time.sleep(0.1)


def _descriptors() -> int:
    """Those of sockets to the engine's address are the test server's own too, so they count as well."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (a count)


def test_much_output_comes_whole_over_tls_and_a_sandbox_that_is_closed_in_the_middle_ends(
    far: Far, tmp_path: Path
) -> None:
    seen = 0

    def count(data: bytes) -> None:
        nonlocal seen
        seen += len(data)

    async def go() -> None:
        sandboxes = DockerSandboxes(far.settings(), tmp_path, {})
        try:
            await sandboxes.build(EMPTY)
            async with sandboxes.start(EMPTY.key) as sandbox:
                done = await sandbox.run(Command(("python3", "-c", SHOUT)), Limits(wall_s=60), count)
                assert (done.exit_code, done.truncated, seen) == (0, True, MUCH)
                running = asyncio.create_task(
                    sandbox.run(Command(("python3", "-c", WITHOUT_END)), Limits(wall_s=60), count)
                )
                while seen == MUCH:  # noqa: ASYNC110 (the command's own pace)
                    await asyncio.sleep(0.01)
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        finally:
            await asyncio.to_thread(sandboxes.close)

    asyncio.run(asyncio.wait_for(go(), 100))


def test_what_does_not_fit_together_is_said(far: Far, tmp_path: Path) -> None:
    other = Authority("theirs")
    untrusting = far.authority.folder(tmp_path / "untrusting", "me", ca=other)
    stranger = other.folder(tmp_path / "stranger", "me", ca=far.authority)
    late = far.authority.folder(tmp_path / "late", "me", days=0)
    mixed = far.authority.folder(tmp_path / "mixed", "me")
    (mixed / "key.pem").write_bytes((stranger / "key.pem").read_bytes())
    start = f"The Docker engine at {far.host} and DOCKER_CERT_PATH do not fit together: "

    assert _said(far, untrusting).startswith(f"{start}the engine's certificate is not signed by ca.pem (")
    assert _said(far, stranger).startswith(f"{start}the engine does not take cert.pem: have it signed by the CA")
    assert _said(far, late) == f"{start}the engine says that cert.pem has expired. Make a new one."
    assert "and the key the certificate's" in _said(far, mixed)


def _said(far: Far, certificates: Path) -> str:
    with pytest.raises(SandboxUnavailable) as caught:
        Engine.connect(far.settings(certificates))
    return str(caught.value)


@pytest.mark.parametrize(
    ("days", "address", "said"),
    [
        (0, "127.0.0.1", "the engine's certificate has expired. Give it a new one."),
        (2, "10.9.8.7", "the engine's certificate is made for another address ("),
    ],
)
def test_a_certificate_of_the_engines_that_is_no_good_is_said(
    far: Far, tmp_path: Path, days: int, address: str, said: str
) -> None:
    certificates = far.authority.folder(tmp_path / "engine", "engine", days=days, address=address)
    with behind_tls(certificates) as host:
        found = probe_docker(DockerSettings(host=host, cert_path=str(far.folder / "me")))
    assert (found or "").startswith(f"The Docker engine at {host} and DOCKER_CERT_PATH do not fit together: {said}")
