"""Building environments: once per key, never half, and with a message that helps."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from at_hand import locally, on_linux
from bot.core.errors import EnvironmentBroken, Permanent
from bot.core.testing import Isolation
from bot.core.tree import Tree, TreeFile
from bot.ports import Built, Command, Limits, Recipe
from sandbox.local import LocalSandboxes

pytestmark = [locally, on_linux]
LIMITS = Limits(wall_s=30.0)


def recipe(*scripts: str, key: str = "key", wall_s: float = 30.0, tree: Tree | None = None) -> Recipe:
    """A recipe of shell scripts."""
    commands = tuple(Command(("sh", "-c", script)) for script in scripts)
    return Recipe(key, commands, tree or Tree({}), limits=replace(LIMITS, wall_s=wall_s))


def build(isolation: Isolation, cache_dir: Path, wanted: Recipe, environ: dict[str, str] | None = None) -> Built:
    return asyncio.run(LocalSandboxes(cache_dir, isolation, environ=environ or {}).build(wanted))


def run_on(isolation: Isolation, cache_dir: Path, key: str, script: str) -> bytes:
    """What a script prints in a sandbox on this environment."""

    async def go() -> bytes:
        async with LocalSandboxes(cache_dir, isolation, environ={}).start(key) as box:
            return (await box.run(Command(("sh", "-c", script)), LIMITS)).stdout

    return asyncio.run(go())


def test_what_a_recipe_makes_is_there_in_later_sandboxes_at_the_same_path(isolation: Isolation, tmp_path: Path) -> None:
    tree = Tree({"manifest.txt": TreeFile(b"wanted\n")})
    made = build(isolation, tmp_path, recipe("cat {tree}/manifest.txt > {env}/made; echo {env}", tree=tree))
    assert (made.key, made.cached) == ("key", False)
    assert made.output_tail == f"{made.path}\n"
    assert run_on(isolation, tmp_path, "key", f"cat {made.path}/made; ls") == b"wanted\n"


def test_a_virtual_environment_of_the_base_interpreter_works(isolation: Isolation, tmp_path: Path) -> None:
    commands = (Command(("{python}", "-m", "venv", "--without-pip", "{env}")),)
    build(isolation, tmp_path, Recipe("venv", commands, Tree({}), limits=LIMITS))
    shown = run_on(isolation, tmp_path, "venv", "python -c 'import sys; print(sys.prefix != sys.base_prefix)'")
    assert shown == b"True\n"


def test_the_same_key_is_built_once(isolation: Isolation, tmp_path: Path) -> None:
    first = build(isolation, tmp_path, recipe("echo built; echo x >> {env}/count"))
    second = build(isolation, tmp_path, recipe("echo built; echo x >> {env}/count"))
    assert second == replace(first, cached=True)
    assert run_on(isolation, tmp_path, "key", f"cat {first.path}/count") == b"x\n"


def test_two_builders_of_one_key_do_the_work_once(isolation: Isolation, tmp_path: Path) -> None:
    async def go() -> list[Built]:
        wanted = recipe("sleep 0.3; echo x >> {env}/count")
        return await asyncio.gather(*(LocalSandboxes(tmp_path, isolation, environ={}).build(wanted) for _ in range(2)))

    assert sorted(built.cached for built in asyncio.run(go())) == [False, True]


def test_an_interrupted_build_is_done_again_from_nothing(isolation: Isolation, tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; sys.path[:0] = ['.', 'tests']\n"
        "from at_hand import *\n"
        "script = 'echo half > {env}/half; echo started > {env}/started; sleep 60'\n"
        "sandboxes = LocalSandboxes(Path(sys.argv[1]), Isolation(sys.argv[2]), environ={})\n"
        "asyncio.run(sandboxes.build(Recipe('key', (Command(('sh', '-c', script)),), Tree({}), Limits(wall_s=50.0))))"
    )
    argv = (sys.executable, "-c", program, str(tmp_path), isolation.value)
    host = subprocess.Popen(argv, cwd=Path(__file__).parents[2])
    while not list(tmp_path.glob("*/key/env/started")):
        assert host.poll() is None
        time.sleep(0.05)
    host.kill()
    host.wait()
    made = build(isolation, tmp_path, recipe("ls -A {env}; echo whole > {env}/whole"))
    assert (made.cached, made.output_tail) == (False, "")
    assert run_on(isolation, tmp_path, "key", f"ls {made.path}") == b"whole\n"


def test_a_cancelled_build_leaves_nothing(isolation: Isolation, tmp_path: Path) -> None:
    async def go() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.8):
                await LocalSandboxes(tmp_path, isolation, environ={}).build(recipe("sleep 60"))

    asyncio.run(go())
    assert [path.name for path in tmp_path.glob("*/*")] == ["key.lock"]


def test_a_failing_command_is_told_by_the_last_of_its_output(isolation: Isolation, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentBroken) as error:
        build(isolation, tmp_path, recipe("echo fine", "echo no such distribution >&2; exit 3"))
    assert str(error.value) == (
        "The project's environment could not be built. no such distribution. "
        "Make it install at this commit, or name another with --ref."
    )
    assert error.value.output == "fine\nno such distribution\n"
    with pytest.raises(Permanent, match="build it first"):
        run_on(isolation, tmp_path, "key", "true")


def test_a_build_that_takes_too_long_says_the_limit(isolation: Isolation, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentBroken, match="did not finish within 1 s"):
        build(isolation, tmp_path, recipe("sleep 60", wall_s=1.0))


def test_a_build_that_fills_the_disk_says_so(isolation: Isolation, tmp_path: Path) -> None:
    script = "echo 'ERROR: [Errno 28] No space left on device' >&2; exit 1"
    with pytest.raises(Permanent, match="No space left on the disk while the environment was built") as error:
        build(isolation, tmp_path, recipe(script))
    assert not isinstance(error.value, EnvironmentBroken)


def test_a_cache_that_cannot_be_written_is_named(isolation: Isolation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Permanent, match="Choose another cache folder"):
        build(isolation, tmp_path / "file", recipe("true"))


@pytest.mark.parametrize("key", ["../outside", "", ".hidden", "a/b", "x" * 200])
def test_a_key_that_is_no_plain_name_is_refused(isolation: Isolation, tmp_path: Path, key: str) -> None:
    with pytest.raises(Permanent, match="not a plain name"):
        build(isolation, tmp_path, recipe("true", key=key))


def test_package_settings_reach_the_build_only(isolation: Isolation, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "some.whl").write_text("wheel")
    environ = {"PIP_FIND_LINKS": str(wheels), "AWS_SECRET_ACCESS_KEY": "hunter2", "GITHUB_TOKEN": "hunter2"}
    script = 'cat "$PIP_FIND_LINKS"/some.whl; env | grep -c hunter2; true'
    made = build(isolation, tmp_path / "cache", recipe(script), environ)
    assert made.output_tail == "wheel0\n"
    assert b"PIP_" not in run_on(isolation, tmp_path / "cache", "key", "env")


def test_uv_is_at_hand_while_building(isolation: Isolation, tmp_path: Path) -> None:
    made = build(isolation, tmp_path, recipe("uv --version"), {"PATH": os.environ["PATH"]})
    assert made.output_tail.startswith("uv 0.")


def test_the_two_isolations_do_not_share_environments(isolation: Isolation, tmp_path: Path) -> None:
    build(isolation, tmp_path, recipe("true"))
    other = next(kind for kind in (Isolation.NAMESPACE, Isolation.NONE) if kind is not isolation)
    with pytest.raises(Permanent, match="build it first"):
        run_on(other, tmp_path, "key", "true")


def test_a_built_environment_cannot_be_changed_from_a_namespace(isolation: Isolation, tmp_path: Path) -> None:
    made = build(isolation, tmp_path, recipe("echo good > {env}/file"))
    script = f"echo bad > {made.path}/file; rm -f {made.path}/file; cat {made.path}/file"
    plain = isolation is Isolation.NONE  # plain processes may change whatever the person may
    assert run_on(isolation, tmp_path, "key", script) == (b"" if plain else b"good\n")
