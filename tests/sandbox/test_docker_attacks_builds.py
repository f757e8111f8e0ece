"""Attacks by what runs while an environment is built: what it may see of the operator's, what it may leave behind, and
what of all that the runs on this environment find. One build does it all, another one has another owner."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from bot.core.tree import Tree, TreeFile
from bot.ports import Command, Limits, Recipe
from docker_at_hand import docker_settings
from docker_cell import Cell, cell_on
from sandbox.docker.engine import Engine
from sandbox.docker.labels import LABEL
from sandbox.docker.sandboxes import DockerSandboxes

MARK = uuid4().hex
PASSWORD, SECRET = f"password-{MARK}", f"secret-{MARK}"
OPERATOR = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "PIP_INDEX_URL": f"https://reader:{PASSWORD}@index.invalid/simple",
    "UV_INDEX_URL": f"https://reader:{PASSWORD}@index.invalid/simple",
    "NPM_CONFIG_REGISTRY": f"https://reader:{PASSWORD}@npm.invalid/",
    **dict.fromkeys(
        ("GITHUB_TOKEN", "FIXBUGS_PRIVATE_KEY", "FIXBUGS_WEBHOOK_SECRET", "REDIS_URL", "AWS_SECRET_ACCESS_KEY",
         "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "SSH_AUTH_SOCK", "DOCKER_HOST_TOKEN", "NPM_TOKEN", "TWINE_PASSWORD"),
        SECRET,
    ),
}  # fmt: skip
BUILD = """\
import json, os, socket, stat, subprocess, sys, time
mark = sys.argv[1]
said = {"uid": os.getuid(), "credential": sum("password-" + mark in value for value in os.environ.values()),
        "secrets": [name for name, value in os.environ.items() if "secret-" + mark in value], "wrote": [], "made": []}
for folder in ("/", "/usr", "/usr/bin", "/usr/local/bin", "/usr/lib", "/etc", "/etc/cron.d", "/opt", "/root", "/home",
               "/var/lib", "/proc/sys/kernel", "/sys/fs/cgroup"):
    try:
        open(f"{folder}/{mark}", "w").close()
        said["wrote"].append(folder)
    except OSError: pass
for path in ("/etc/passwd", "/etc/ld.so.preload", "/usr/bin/python3", "/usr/local/bin/python3"):
    try: open(path, "a").close(); said["wrote"].append(path)
    except OSError: pass
for kind in (stat.S_IFBLK, stat.S_IFCHR):
    try: os.mknod(f"/env/device{kind}", kind | 0o666, os.makedev(8, 0)); said["made"].append("a device")
    except OSError: pass
for where in (("1.1.1.1", 443), ("169.254.169.254", 80), ("172.17.0.1", 80)):
    try: socket.create_connection(where, 2); said["made"].append(where)
    except OSError: pass
with open("/env/become", "w") as file: file.write("#!/bin/sh\\nid -u\\n")
os.chmod("/env/become", 0o6755)
for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/cache", "/sandbox", os.environ["HOME"]):
    try: open(f"{folder}/{mark}", "w").write("left")
    except OSError: pass
os.symlink("/proc/self/environ", "/env/environ"); os.symlink("/sandbox/tree", "/env/tree"); os.mkfifo("/env/fifo")
said["cache"] = sorted(name for name in os.listdir("/cache") if name.startswith("of-"))
open("/cache/of-" + sys.argv[2], "w").write("poison")
with open("/env/said.json", "w") as file: json.dump(said, file)
subprocess.Popen(["sh", "-c", "trap '' TERM HUP; sleep 3; echo late > /env/late; sleep 300"], start_new_session=True,
                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
"""
SECOND = """\
import glob
lines = [open(path, 'rb').read() for path in glob.glob('/proc/[0-9]*/cmdline')]
open('/env/second', 'w').write(str(sum(b'slee' + b'p' in line for line in lines)))
"""
LOOK = """\
import json, os, subprocess, sys
mark = sys.argv[1]
def find(*words): return subprocess.run(["find", "/", "-xdev", *words], capture_output=True, text=True).stdout.split()
def holds(path): return os.access(path, os.R_OK) and ("word-" + mark).encode() in open(path, "rb").read()
changed = find("-newer", "/env/begun", "-type", "f")
try:
    open("/env/new", "w")
    written = True
except OSError: written = False
print(json.dumps({
    "named": find("-name", f"*{mark}*"),
    "changed": sorted(path for path in changed if not path.startswith("/env/")),
    "holding": [path for path in changed if holds(path)],
    "environ": mark.encode() in open("/proc/self/environ", "rb").read(),
    "cache": os.listdir("/cache"),
    "written": written,
    "late": os.path.exists("/env/late"),
    "second": open("/env/second").read(),
    "become": subprocess.check_output(["/env/become"], text=True).strip(),
    "said": json.load(open("/env/said.json")),
}))
"""


def recipe_of(owner: str) -> Recipe:
    python = ("{python}", "-I", "-S")
    commands = (
        Command(("touch", "-d", "1 second ago", "{env}/begun")),
        Command((*python, "build.py", MARK, owner)),
        Command((*python, "-c", SECOND)),
    )
    tree = Tree({"build.py": TreeFile(BUILD.encode())})
    limits = Limits(wall_s=60.0, memory_bytes=256 << 20)
    return Recipe(f"attack-{MARK}-{owner}", commands, tree, owner=f"{MARK}{owner}", limits=limits)


@pytest.fixture(scope="module")
def built(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Cell]]:
    """For each owner, a sandbox on the environment that his build left."""
    notes = tmp_path_factory.mktemp("notes")
    sandboxes = DockerSandboxes(docker_settings(), notes, OPERATOR)
    recipes = {owner: recipe_of(owner) for owner in ("one", "two")}
    try:
        for recipe in recipes.values():
            asyncio.run(asyncio.wait_for(sandboxes.build(recipe), 100))
        with ExitStack() as cells:
            yield {owner: cells.enter_context(cell_on(docker_engine, notes, image_of(owner))) for owner in recipes}
    finally:
        sandboxes.close()
        for owner, recipe in recipes.items():
            docker_engine.api.remove_image(image_of(owner), force=True)
            docker_engine.api.remove_volume(f"fixbugs-downloads-{recipe.owner}", force=True)


def image_of(owner: str) -> str:
    return f"fixbugs-env:attack-{MARK}-{owner}"


@pytest.fixture(scope="module")
def seen(built: dict[str, Cell]) -> dict[str, object]:
    """What a run on the environment finds."""
    found: dict[str, object] = json.loads(built["one"].printed(LOOK, MARK))
    return found


def test_a_build_sees_package_settings_and_no_other_secret(seen: dict[str, dict[str, object]]) -> None:
    assert isinstance(count := seen["said"]["credential"], int)
    assert count >= 3  # else it could not install anything
    assert seen["said"]["secrets"] == []


def test_a_build_changes_nothing_but_its_environment(seen: dict[str, dict[str, object]]) -> None:
    assert (seen["said"]["uid"], seen["said"]["wrote"], seen["said"]["made"]) == (10001, [], [])


def test_nothing_that_a_build_left_elsewhere_is_there_when_tests_run(seen: dict[str, object]) -> None:
    engines_own = ["/.dockerenv", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"]
    assert (seen["named"], seen["changed"], seen["cache"]) == ([], engines_own, [])


def test_no_credential_is_left_in_what_tests_see(seen: dict[str, object]) -> None:
    assert (seen["holding"], seen["environ"]) == ([], False)


def test_no_credential_is_left_in_the_image_or_its_history(docker_engine: Engine, built: dict[str, Cell]) -> None:
    api = docker_engine.api
    told = [json.dumps(look(image_of("one"))) for look in (api.inspect_image, api.history)]
    told.append(json.dumps(built["one"].config()))
    assert [PASSWORD in text or SECRET in text for text in told] == [False, False, False]


def test_a_build_leaves_no_daemon_and_no_power(seen: dict[str, object]) -> None:
    assert (seen["second"], seen["late"]) == ("0", False)
    assert (seen["become"], seen["written"]) == ("10001", False)


def test_downloads_of_one_owner_are_not_anothers(built: dict[str, Cell], seen: dict[str, dict[str, object]]) -> None:
    other = json.loads(built["two"].printed("print(open('/env/said.json').read())"))
    assert (seen["said"]["cache"], other["cache"]) == ([], [])


def test_no_container_that_built_is_left(docker_engine: Engine, built: dict[str, Cell]) -> None:
    found = docker_engine.api.containers(all=True, filters={"label": f"{LABEL}.purpose=build"})
    assert [one["Id"] for one in found if MARK in json.dumps(one)] == []
    assert built["one"].is_quiet()
