"""Environments as images on a real engine: built once whoever asks, never half of one, nothing left of a build that was
ended, nothing of the operator's in what is kept."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from bot.core.errors import EnvironmentBroken
from bot.core.tree import Tree
from bot.ports import Built, Command, Limits, Recipe
from docker_at_hand import docker_settings
from sandbox.docker.engine import Engine
from sandbox.docker.eviction import DOWNLOADS, ENVIRONMENTS, Eviction
from sandbox.docker.images import Images
from sandbox.docker.sandboxes import DockerSandboxes

ROOT = Path(__file__).parents[2]
PASSWORD = "h4rd2Guess9xQ7"  # noqa: S105 (of nobody)
BUILDER = """\
import asyncio, json, sys
from pathlib import Path
from bot.core.tree import Tree
from bot.ports import Command, Recipe
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.docker.settings import DockerSettings
key, folder, host, script = sys.argv[1:]
sandboxes = DockerSandboxes(DockerSettings(host=host), Path(folder), {})
built = asyncio.run(sandboxes.build(Recipe(key, (Command(("sh", "-c", script)),), Tree({}))))
print(json.dumps([built.cached, built.output_tail]))
"""


@dataclass
class Site:
    """Builds under keys of its own, which are removed in the end."""

    engine: Engine
    folder: Path
    mark: str = field(default_factory=lambda: f"building-{secrets.token_hex(4)}")
    opened: list[DockerSandboxes] = field(default_factory=list)

    def sandboxes(self, environ: dict[str, str] | None = None, **settings: Any) -> DockerSandboxes:
        made = DockerSandboxes(docker_settings(warm=0, **settings), self.folder, environ or {})
        self.opened.append(made)
        return made

    def recipe(self, script: str, key: str = "", **others: Any) -> Recipe:
        return Recipe(f"{self.mark}{key}", (Command(("sh", "-c", script)),), Tree({}), **others)

    def build(self, script: str, key: str = "", **others: Any) -> Built:
        return asyncio.run(asyncio.wait_for(self.sandboxes().build(self.recipe(script, key, **others)), 100))

    def image(self, key: str = "") -> dict[str, Any] | None:
        return self.engine.image(f"{ENVIRONMENTS}:{self.mark}{key}")

    def process(self, script: str) -> subprocess.Popen[str]:
        """A build by a process of its own, that shares the folder."""
        argv = [sys.executable, "-c", BUILDER, self.mark, str(self.folder), self.engine.settings.host, script]
        return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def containers_of(self, pid: int) -> list[dict[str, Any]]:
        return [
            found
            for found in self.engine.api.containers(all=True, filters={"label": "fixbugs.purpose=build"})
            if f":{pid}:" in found["Labels"]["fixbugs.owner"]
        ]


@pytest.fixture
def site(docker_engine: Engine, tmp_path: Path) -> Iterator[Site]:
    site = Site(docker_engine, tmp_path)
    yield site
    for sandboxes in site.opened:
        sandboxes.close()
    for image in docker_engine.api.images(ENVIRONMENTS):
        for tag in image["RepoTags"] or ():
            if site.mark in tag:
                docker_engine.api.remove_image(tag, force=True)
    for volume in docker_engine.api.volumes()["Volumes"] or ():
        if site.mark in volume["Name"]:
            docker_engine.api.remove_volume(volume["Name"])


def until(true: Callable[[], object]) -> None:
    """Waits for what another process does."""
    deadline = time.monotonic() + 40
    while not true():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.1)


def test_two_processes_build_one_environment_once_and_both_have_it(site: Site) -> None:
    processes = [site.process("sleep 1; echo $RANDOM$$ made it") for _ in range(2)]
    said = [json.loads(process.communicate(timeout=90)[0]) for process in processes]

    assert sorted(cached for cached, _ in said) == [False, True]
    assert said[0][1] == said[1][1]  # the tail of one and the same build


def test_a_build_whose_process_is_killed_leaves_nothing_and_the_next_one_builds(site: Site) -> None:
    process = site.process("touch /env/half; sleep 60")
    until(lambda: site.containers_of(process.pid))
    [container] = site.containers_of(process.pid)
    until(lambda: "sleep 60" in str(_top(site.engine, container["Id"])))

    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)

    until(lambda: not site.containers_of(process.pid))
    assert site.image() is None
    assert not site.build("test ! -e /env/half").cached


def _top(engine: Engine, container: str) -> object:
    try:
        return engine.api.top(container, ps_args="-eo pid,args")
    except docker.errors.APIError:
        return ""


def test_a_build_that_is_cancelled_leaves_nothing_and_gives_its_lock_back(site: Site) -> None:
    async def go() -> None:
        sandboxes = site.sandboxes()
        building = asyncio.create_task(sandboxes.build(site.recipe("sleep 60")))
        await asyncio.to_thread(until, lambda: _running(site))
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
        assert not _running(site)
        await asyncio.wait_for(sandboxes.build(site.recipe("true")), 60)

    asyncio.run(go())


def _running(site: Site) -> bool:
    found = site.containers_of(os.getpid())
    return any("sleep 60" in str(_top(site.engine, one["Id"])) for one in found)


def test_an_environment_of_a_base_that_was_replaced_is_built_again(site: Site) -> None:
    api, name = site.engine.api, f"fixbugs-test-{site.mark}"
    base = docker_settings().images["python"]
    api.tag(base, name, "1")
    try:
        images = {"python": f"{name}:1"}
        first = asyncio.run(site.sandboxes(images=images).build(site.recipe("true")))
        before = site.image()
        made = api.create_container(base, ["true"])
        api.commit(made["Id"], name, "1", conf={"Labels": {"other": site.mark}})
        api.remove_container(made["Id"])
        again = asyncio.run(site.sandboxes(images=images).build(site.recipe("true")))

        assert (first.cached, again.cached) == (False, False)
        assert before is not None
        assert site.engine.image(before["Id"]) is None  # which nobody could find any more
    finally:
        replaced = (site.engine.image(f"{name}:1") or {}).get("Id", "")
        api.remove_image(f"{ENVIRONMENTS}:{site.mark}", force=True)
        api.remove_image(f"{name}:1", force=True)
        api.remove_image(f"fixbugs-base:{str(replaced).rpartition(':')[2][:24]}", force=True)


def test_downloads_are_kept_for_their_owner_and_nobody_else(site: Site) -> None:
    mine, theirs = f"{site.mark}mine", f"{site.mark}theirs"
    site.build("mkdir -p /cache/uv && echo wheel > /cache/uv/one; chmod -R a-w /cache/uv", "-1", owner=mine)

    site.build("grep wheel /cache/uv/one", "-2", owner=mine)
    site.build("test ! -e /cache/uv", "-3", owner=theirs)
    site.build("test ! -e /cache/uv", "-4")

    names = {volume["Name"] for volume in site.engine.api.volumes()["Volumes"]}
    assert {f"{DOWNLOADS}{mine}", f"{DOWNLOADS}{theirs}"} <= names


def test_what_is_kept_holds_nothing_of_the_operators_and_nothing_but_the_environment(site: Site) -> None:
    environ = {"PIP_INDEX_URL": f"https://someone:{PASSWORD}@pypi.org/simple"}
    script = f'env | grep -q {PASSWORD}; echo "from $PIP_INDEX_URL"; mkdir -p {{tree}}/a/b; chmod 500 {{tree}}/a'
    built = asyncio.run(site.sandboxes(environ).build(site.recipe(script)))

    image = site.image()
    assert image is not None
    assert "from https://" in built.output_tail
    assert PASSWORD not in built.output_tail
    assert PASSWORD not in json.dumps(image)
    assert PASSWORD not in json.dumps(site.engine.api.history(image["Id"]))

    async def left() -> str:
        async with site.sandboxes().start(site.mark) as sandbox:
            look = "find / -xdev -newer /etc/hostname -type f; cat /proc/*/environ; env; grep -rs someone /env /var/tmp"
            done = await sandbox.run(Command(("sh", "-c", look)), Limits(wall_s=30.0))
            return (done.stdout + done.stderr).decode(errors="replace")

    assert PASSWORD not in asyncio.run(left())


def test_a_build_that_fails_names_the_hosts_that_it_was_refused(site: Site) -> None:
    ask = "import urllib.request as r; r.urlopen('https://tracker.example.com/x', timeout=10)"
    with pytest.raises(EnvironmentBroken) as caught:
        site.build(f'python3 -c "{ask}"')
    assert "tracker.example.com" in str(caught.value)
    assert site.image() is None


def test_an_environment_in_use_is_never_removed(site: Site) -> None:
    async def go() -> tuple[bool, bool]:
        sandboxes = site.sandboxes()
        await sandboxes.build(site.recipe("true"))
        eviction = Eviction(site.engine, site.folder)
        async with sandboxes.start(site.mark):
            while_used = await asyncio.to_thread(eviction.remove, site.mark)
        return while_used, await asyncio.to_thread(eviction.remove, site.mark)

    assert asyncio.run(go()) == (False, True)
    assert site.image() is None


def test_threads_that_prepare_one_base_at_once_make_it_once(site: Site) -> None:
    async def go() -> list[str]:
        images = Images(site.engine, site.folder)
        return await asyncio.gather(*(asyncio.to_thread(images.base, "python") for _ in range(4)))

    assert len(set(asyncio.run(go()))) == 1
