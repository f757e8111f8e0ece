"""Ways to make a red test look green, tried in containers as proofs are run: none may be green there either. What slips
through a single run, and what policy closes it, is held in test_faked_passes.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import files, version

import pytest

from bot.core.tree import Tree, TreeFile
from bot.ports import Command, Recipe
from docker_at_hand import docker_settings
from faked_passes import FAKES
from python_projects import CALC, CALC_IDS, FIXED, environment_of, run_of, tree_of, waited
from sandbox.docker.engine import Engine
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.toolchains.base import Detection
from sandbox.toolchains.python import PythonToolchain
from sandbox.workbench import SandboxWorkbench

CARRIED = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")  # what it needs
PUT = """\
import pathlib, shutil, sys
environment = pathlib.Path(sys.argv[1])
shutil.copytree("carried", next(environment.glob("lib/python*/site-packages")), dirs_exist_ok=True)
(environment / "fixbugs-build.json").write_text(sys.argv[2])
"""
REPORT = {"roots": [], "generated": {}, "notes": [], "installed": False}


class CarryingToolchain(PythonToolchain):
    """The Python toolchain, but its one environment gets pytest as files from here: no network, no wait."""

    def recipe(self, tree: Tree, detection: Detection) -> Recipe:
        carried = {}
        for name in CARRIED:
            for entry in files(name) or ():
                if (entry.suffix == ".py" or entry.name == "METADATA") and ".." not in entry.parts:
                    carried[f"carried/{entry}"] = TreeFile(entry.read_binary())
        venv = Command(("{python}", "-m", "venv", "--without-pip", "{env}"))
        put = Command(("{python}", "-c", PUT, "{env}", json.dumps(REPORT)))
        whole = Command(("{env}/bin/python", "-m", "compileall", "-q", "{env}/lib"))
        key = "-".join(("carried", *(version(name) for name in CARRIED)))
        return Recipe(key, (venv, put, whole), Tree(carried))


@pytest.fixture(scope="module")
def workbench(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxWorkbench]:
    sandboxes = DockerSandboxes(docker_settings(), tmp_path_factory.mktemp("notes"), {})
    yield SandboxWorkbench(sandboxes, (CarryingToolchain(),), lanes=1)
    sandboxes.close()


def test_an_honest_fix_is_green_in_a_container(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, {**CALC, "calc.py": FIXED}, CALC_IDS)
    assert (run.green, run.distrust) == (True, ""), run.output_tail


def test_an_honest_failure_is_red_and_believed_in_a_container(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, CALC, CALC_IDS)
    assert (run.green, run.distrust) == (False, "")


@pytest.mark.parametrize("fake", FAKES)
def test_a_faked_pass_is_not_green_in_a_container(workbench: SandboxWorkbench, fake: str) -> None:
    environment = environment_of(workbench, CALC)
    run = waited(workbench.run_tests(environment, tree_of({**CALC, **FAKES[fake]}), CALC_IDS, wall_s=20.0))
    assert not run.green
