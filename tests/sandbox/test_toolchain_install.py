"""Environments built for real by uv. Each of these needs the package index that pip is set up for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.artifacts import Environment
from bot.core.errors import EnvironmentBroken
from bot.core.testing import TestRun
from bot.ports import Command, Recipe
from python_projects import CALC, installing_workbench, prepared, tree_of, waited
from sandbox.workbench import SandboxWorkbench

BACKEND = '[build-system]\nrequires = ["setuptools>=64"]\nbuild-backend = "setuptools.build_meta"\n'
SRC_LAYOUT = {
    "pyproject.toml": BACKEND + '[project]\nname = "pkg"\ndynamic = ["version"]\ndependencies = ["six"]\n'
    '[project.optional-dependencies]\ntest = ["no-such-distribution-anywhere-9", "mock"]\n'
    '[tool.setuptools.dynamic]\nversion = {attr = "pkg.VERSION"}\n',
    "src/pkg/__init__.py": "VERSION = '1.5'\n",
    "src/pkg/core.py": "import six\n\ndef text(): return six.text_type(1)\n",
    "tests/test_core.py": "import mock, importlib.metadata\nfrom pkg.core import text\n\n"
    "def test_text():\n    assert text() == '1'\n\n"
    "def test_version():\n    assert importlib.metadata.version('pkg') == '1.5'\n",
}


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> SandboxWorkbench:
    cache_dir: Path = tmp_path_factory.mktemp("environments")
    made = installing_workbench(cache_dir)
    install = Command(
        ("sh", "-c", "uv venv --allow-existing {env} && uv pip install --python {env}/bin/python iniconfig")
    )
    try:
        waited(made._sandboxes.build(Recipe("reach", (install,), tree_of({}))))
    except EnvironmentBroken as error:
        pytest.skip(f"no package index can be reached (see `pip config list`): {error}")
    return made


def run_all(workbench: SandboxWorkbench, environment: Environment, files: dict[str, str]) -> TestRun:
    ids = environment.collection.ids
    return waited(workbench.run_tests(environment, tree_of(files), ids, wall_s=30.0))


def test_a_plain_folder_gets_pytest(workbench: SandboxWorkbench) -> None:
    environment = prepared(workbench, CALC)
    assert (len(environment.collection.ids), environment.notes) == (3, ())


def test_a_project_is_installed_with_what_it_needs_and_a_missing_extra_is_noted(workbench: SandboxWorkbench) -> None:
    environment = prepared(workbench, SRC_LAYOUT)
    assert dict(environment.settings)["roots"] == "src"
    (note,) = environment.notes
    assert note.startswith("Not installed: no-such-distribution-anywhere-9: ")
    assert run_all(workbench, environment, SRC_LAYOUT).green


def test_the_code_that_runs_is_the_trees_not_a_copy(workbench: SandboxWorkbench) -> None:
    environment = prepared(workbench, SRC_LAYOUT)
    changed = {**SRC_LAYOUT, "src/pkg/core.py": "def text(): return 'changed'\n"}
    run = run_all(workbench, environment, changed)
    assert [result.outcome.value for result in run.results] == ["failed", "passed"]


def test_the_same_manifests_use_the_environment_again(workbench: SandboxWorkbench) -> None:
    prepared(workbench, SRC_LAYOUT)
    assert prepared(workbench, {**SRC_LAYOUT, "src/pkg/core.py": "changed = True\n"}).cached


def test_a_local_path_in_the_requirements_is_importable_from_the_tree(workbench: SandboxWorkbench) -> None:
    files = {
        "requirements.txt": "./lib\n",
        "lib/pyproject.toml": BACKEND + '[project]\nname = "helper"\nversion = "1"\n',
        "lib/helper/__init__.py": "VALUE = 1\n",
        "test_it.py": "import helper\n\ndef test_it():\n    assert helper.VALUE == 1\n",
    }
    environment = prepared(workbench, files)
    assert run_all(workbench, environment, files).green
    changed = {**files, "lib/helper/__init__.py": "VALUE = 2\n"}
    assert not run_all(workbench, environment, changed).green


def test_a_project_that_does_not_build_is_tested_with_its_dependencies_only(workbench: SandboxWorkbench) -> None:
    manifest = '[project]\nname = "pkg"\nversion = "1"\ndependencies = ["six"]\nrequires-python = "<3"\n'
    files = {
        "pyproject.toml": manifest,
        "pkg.py": "import six\n",
        "test_it.py": "import pkg\ndef test_it():\n    pass\n",
    }
    environment = prepared(workbench, files)
    assert any(
        note.startswith("The project itself was not installed, only what it needs") for note in environment.notes
    )
    assert run_all(workbench, environment, files).green


def test_a_plug_in_that_keeps_pytest_from_starting_is_left_out_and_noted(workbench: SandboxWorkbench) -> None:
    entry = '[project.entry-points.pytest11]\nstale = "stale_plugin"\n'
    files = {
        "requirements-test.txt": "./plugin\n",
        "plugin/pyproject.toml": BACKEND + '[project]\nname = "stale-plugin"\nversion = "1"\n' + entry,
        "plugin/stale_plugin/__init__.py": "import py.no_such_part\n",
        "test_it.py": "def test_it():\n    pass\n",
    }
    environment = prepared(workbench, files)
    assert any(note.startswith("Left out stale-plugin: ") for note in environment.notes)
    assert run_all(workbench, environment, files).green


def test_a_file_that_building_generates_is_there_when_tests_run(workbench: SandboxWorkbench) -> None:
    write = "open('pkg/_version.py', 'w').write('VERSION = 7')\n"
    setup = write + "from setuptools import setup\nsetup(name='pkg', packages=['pkg'])\n"
    files = {
        "setup.py": setup,
        "pkg/__init__.py": "from pkg._version import VERSION\n",
        "test_it.py": "import pkg\ndef test_it():\n    assert pkg.VERSION == 7\n",
    }
    assert run_all(workbench, prepared(workbench, files), files).green


def test_a_dependency_that_cannot_be_had_is_a_plain_sentence(workbench: SandboxWorkbench) -> None:
    files = {**CALC, "requirements.txt": "no-such-distribution-anywhere-9\n"}
    with pytest.raises(EnvironmentBroken) as caught:
        prepared(workbench, files)
    assert "What the project needs at run time cannot be installed: " in str(caught.value)
    assert "no-such-distribution-anywhere-9" in str(caught.value)


def test_what_tests_use_without_declaring_it_is_installed_and_noted(workbench: SandboxWorkbench) -> None:
    files = {"test_it.py": "def test_it(mocker):\n    assert mocker.Mock()\n"}
    environment = prepared(workbench, files)
    assert environment.notes == ("Installed pytest-mock, which the tests use and the project does not declare.",)
    assert run_all(workbench, environment, files).green
