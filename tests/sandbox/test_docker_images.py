"""Images on a real engine that a repository may declare, odd ones among them; and, on a fake one, what goes when there
is too much."""

from __future__ import annotations

import asyncio
import io
import os
import secrets
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.core.errors import EnvironmentBroken
from bot.core.tree import Tree
from bot.ports import Command, Completed, Limits, Recipe
from docker_at_hand import docker_settings
from fake_engine import FakeEngine
from sandbox.docker.engine import Engine
from sandbox.docker.eviction import Eviction
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.docker.settings import DockerSettings
from sandbox.environments import IN_USE_S

NOW = 2_000_000_000.0
# As one of long ago: what it does not know is a syntax error.
OLD_PYTHON = b"""#!/bin/sh
case $5 in *exec*) echo SyntaxError >&2; exit 1;; esac
exec /usr/bin/python3 -I -S -c "import sys; sys.version_info = (3, 6, 9, 'final', 0)
$4"
"""


@dataclass
class Shelf:
    """Images of a test's own, each the base with something changed."""

    engine: Engine
    folder: Path
    mark: str = field(default_factory=lambda: f"fixbugs-test-{secrets.token_hex(4)}")

    def image(self, tag: str, conf: dict[str, Any], files: dict[str, bytes] | None = None) -> str:
        api = self.engine.api
        made = api.create_container(docker_settings().images["python"], ["true"])
        api.put_archive(made["Id"], "/", _packed(files or {}))
        api.commit(made["Id"], self.mark, tag, conf=conf)
        api.remove_container(made["Id"])
        return f"{self.mark}:{tag}"

    def bare(self, files: dict[str, bytes]) -> str:
        """An image of these files alone."""
        self.engine.api.import_image_from_data(_packed(files), self.mark, "bare")
        return f"{self.mark}:bare"

    def run(self, image: str, script: str) -> Completed:
        async def go() -> Completed:
            sandboxes = DockerSandboxes(docker_settings(allowed_images=(f"{self.mark}:*",), warm=0), self.folder, {})
            try:
                await sandboxes.build(Recipe(self.mark, (), Tree({}), image))
                async with sandboxes.start(self.mark) as sandbox:
                    return await sandbox.run(Command(("sh", "-c", script)), Limits(wall_s=20))
            finally:
                await asyncio.to_thread(sandboxes.close)

        return asyncio.run(asyncio.wait_for(go(), 90))

    def clear(self) -> None:
        api = self.engine.api
        found = [tag for image in api.images(self.mark) for tag in image["RepoTags"]]
        bases = [f"fixbugs-base:{str(api.inspect_image(tag)['Id']).rpartition(':')[2][:24]}" for tag in found]
        for name in (f"fixbugs-env:{self.mark}", *bases, *found):
            if self.engine.image(name):
                api.remove_image(name, force=True)


def _packed(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = 0o755, len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def shelf(docker_engine: Engine, tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(docker_engine, tmp_path)
    yield shelf
    shelf.clear()


def test_what_an_image_says_of_how_it_is_run_is_not_done(shelf: Shelf) -> None:
    conf = {
        "Volumes": {"/data": {}},
        "Entrypoint": ["/bin/sh", "-c", "exit 7"],
        "Cmd": ["nonsense"],
        "User": "1234:1234",
        "WorkingDir": "/data",
        "OnBuild": ["RUN exit 7"],
        "Healthcheck": {"Test": ["CMD", "false"], "Interval": 1_000_000_000},
    }
    done = shelf.run(shelf.image("odd", conf), "id -u; pwd; touch /data/x || echo read-only")

    assert done.stdout.decode().split() == ["10001", "/sandbox/tree", "read-only"]
    volumes = shelf.engine.api.volumes(filters={"dangling": True})["Volumes"] or ()
    assert not [one for one in volumes if shelf.mark in str(one.get("Labels"))]


def test_an_image_whose_python_is_too_old_is_told_what_it_lacks(shelf: Shelf) -> None:
    image = shelf.image("old", {}, {"usr/local/bin/python3": OLD_PYTHON})
    with pytest.raises(EnvironmentBroken, match=r"The image's `python3` is too old: a sandbox needs Python 3.8"):
        shelf.run(image, "true")


def test_an_image_without_the_programs_that_a_sandbox_needs_is_told_which(shelf: Shelf) -> None:
    with pytest.raises(EnvironmentBroken, match=r"The image has no `python3`\. A sandbox needs Python 3.8 or newer"):
        shelf.run(shelf.bare({"hello": b"nothing"}), "true")


# ------------------------------------------------------------- too much


def an_image(name: str, age_s: float, size_bytes: int = 0, **labels: str) -> dict[str, Any]:
    known = {"fixbugs": "1", "fixbugs.size": str(size_bytes), **{f"fixbugs.{key}": to for key, to in labels.items()}}
    tags = [name] if name else ["<none>:<none>"]
    return {"Id": f"sha256:{name or 'nameless'}", "RepoTags": tags, "Created": NOW - age_s, "Labels": known}


def evicted(tmp_path: Path, most_bytes: int, images: list[dict[str, Any]], **others: Any) -> tuple[list[str], set[str]]:
    """The keys that are said to be removed, and what was asked to be."""
    answers: dict[str, tuple[int, Any]] = {
        "GET /images/json": (200, images),
        "GET /volumes": (200, {"Volumes": others.pop("volumes", [])}),
        "DELETE /": (200, []),
        **others.pop("answers", {}),
    }
    fake = FakeEngine(answers=answers)
    with fake.on_socket(tmp_path / "engine.sock") as host:
        engine = Engine.connect(DockerSettings(host=host, environments_bytes=most_bytes))
        keys = Eviction(engine, tmp_path).tidy(NOW)
        engine.close()
    asked = {one.removeprefix("DELETE ").partition("?")[0] for one in fake.asked if one.startswith("DELETE")}
    return keys, asked


LONG = IN_USE_S + 1000


def test_the_longest_unused_go_first_and_only_as_many_as_must(tmp_path: Path) -> None:
    images = [an_image(f"fixbugs-env:{key}", LONG + age, 10) for key, age in (("a", 300), ("b", 500), ("c", 400))]
    keys, asked = evicted(tmp_path, 10, images)

    assert keys == ["b", "c"]
    assert asked == {"/images/fixbugs-env:b", "/images/fixbugs-env:c"}


def test_what_a_run_may_still_need_stays_however_much_there_is(tmp_path: Path) -> None:
    used = tmp_path / "used-here"
    used.touch()
    os.utime(used, (NOW - 60, NOW - 60))
    written = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(NOW - 60))
    there = {"GET /images/fixbugs-env:used-there": (200, {"Id": "x", "Metadata": {"LastTagTime": written}})}
    images = [an_image(f"fixbugs-env:{key}", LONG, 10) for key in ("used-here", "used-there", "unused")]
    images.append(an_image("fixbugs-env:new", 60, 10))

    assert evicted(tmp_path, 0, images, answers=there) == (["unused"], {"/images/fixbugs-env:unused"})


def test_what_the_engine_still_uses_is_not_said_to_be_removed(tmp_path: Path) -> None:
    busy = {"DELETE /images/fixbugs-env:busy": (409, {"message": "image is being used by running container"})}
    images = [an_image(f"fixbugs-env:{key}", LONG, 10) for key in ("busy", "idle")]

    assert evicted(tmp_path, 0, images, answers=busy)[0] == ["idle"]


def test_bases_and_downloads_and_nameless_images_go_when_no_environment_needs_them(tmp_path: Path) -> None:
    images = [
        an_image("fixbugs-env:kept", LONG, 10, base="fixbugs-base:needed", repository="mine"),
        an_image("fixbugs-base:needed", LONG),
        an_image("fixbugs-base:replaced", LONG),
        an_image("fixbugs-base:there", LONG),
        an_image("fixbugs-base:fresh", 60),
        an_image("", LONG),
    ]
    there = {"GET /images/there/": (200, {"Id": "there", "RepoTags": ["fixbugs-sandbox-python:latest"]})}
    old, new = "2020-01-01T00:00:00Z", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 60))
    volumes = [
        {"Name": f"fixbugs-downloads-{name}", "CreatedAt": made}
        for name, made in (("mine", old), ("gone", old), ("begun", new))
    ]
    keys, asked = evicted(tmp_path, 100, images, volumes=volumes, answers=there)

    assert keys == []
    assert asked == {"/images/fixbugs-base:replaced", "/images/sha256:nameless", "/volumes/fixbugs-downloads-gone"}
