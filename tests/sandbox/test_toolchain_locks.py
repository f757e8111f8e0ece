"""Lock files: read into pins, held to when environments are built, and named when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.errors import EnvironmentBroken
from bot.ports import Command, Recipe
from python_projects import installing_workbench, prepared, tree_of, waited
from sandbox.toolchains.python_locks import Lock, find_lock
from sandbox.workbench import SandboxWorkbench

SIX = "six-1.16.0-py2.py3-none-any.whl", "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
OTHER = "0" * 64
PROJECT = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["six"]\n'
UV = """\
version = 1
[[package]]
name = "shop"
version = "1"
source = {{ virtual = "." }}
[[package]]
name = "six"
version = "{version}"
source = {{ registry = "https://index.example/simple" }}
wheels = [{{ url = "https://files.example/six.whl", hash = "sha256:{digest}" }}]
[[package]]
name = "tool"
version = "2"
source = {{ git = "https://git.example/tool.git?rev=main#abc123" }}
"""
POETRY = """\
[[package]]
name = "six"
version = "{version}"
python-versions = "*"
files = [{{file = "{file}", hash = "sha256:{digest}"}}]
[[package]]
name = "numpy"
version = "1.24.4"
markers = "python_version < '3.9'"
[[package]]
name = "numpy"
version = "1.26.4"
markers = {{main = "python_version >= '3.9'", dev = "python_version >= '3.9'"}}
[[package]]
name = "tool"
version = "2"
[package.source]
type = "git"
url = "https://git.example/tool.git"
reference = "main"
resolved_reference = "abc123"
[[package]]
name = "near"
version = "1"
[package.source]
type = "directory"
url = "near"
[metadata]
lock-version = "2.1"
"""
PDM = """\
[[package]]
name = "six"
version = "1.16.0"
groups = ["default"]
files = [{{file = "{file}", hash = "sha256:{digest}"}}]
[[package]]
name = "six"
version = "1.16.0"
extras = ["fast"]
[[package]]
name = "shop"
version = "1"
path = "."
"""
PIPFILE = """{{"default": {{"six": {{"version": "==1.16.0", "hashes": ["sha256:{digest}", "md5:1"], "markers": ""}}}},
"develop": {{"tool": {{"git": "https://git.example/tool.git", "ref": "abc123"}}}}}}"""


def lock_of(files: dict[str, str], folder: str = ".") -> Lock:
    found = find_lock(tree_of(files), folder)
    assert found is not None
    return found


def filled(text: str, version: str = "1.16.0", digest: str = SIX[1]) -> str:
    return text.format(version=version, file=SIX[0], digest=digest)


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("name", "text", "others"),
    [
        ("uv.lock", UV, ("tool @ git+https://git.example/tool.git@abc123",)),
        (
            "poetry.lock",
            POETRY,
            (
                'numpy==1.24.4 ; ((python_version < "3.9"))',
                'numpy==1.26.4 ; ((python_version >= "3.9") or (python_version >= "3.9"))',
                "tool @ git+https://git.example/tool.git@abc123",
            ),
        ),
        ("pdm.lock", PDM, ()),
        ("Pipfile.lock", PIPFILE, ("tool @ git+https://git.example/tool.git@abc123",)),
    ],
)
def test_each_tools_lock_file_becomes_pinned_lines_with_hashes(name: str, text: str, others: tuple[str, ...]) -> None:
    assert lock_of({name: filled(text)}).lines == (f"six==1.16.0 --hash=sha256:{SIX[1]}", *others)


def test_hashes_that_an_old_poetry_kept_apart_are_found() -> None:
    text = '[[package]]\nname = "six"\nversion = "1.16.0"\n[metadata.files]\nsix = [{file = "x", hash = "sha256:'
    assert lock_of({"poetry.lock": f'{text}{SIX[1]}"}}]\n'}).lines == (f"six==1.16.0 --hash=sha256:{SIX[1]}",)


def test_the_lock_file_of_the_tool_that_the_project_uses_is_taken() -> None:
    files = {"uv.lock": filled(UV), "pdm.lock": filled(PDM), "pyproject.toml": "[tool.pdm]\n"}
    assert lock_of(files).path == "pdm.lock"


def test_a_member_of_a_workspace_has_the_lock_file_at_its_top() -> None:
    files = {
        "uv.lock": filled(UV),
        "pyproject.toml": '[tool.uv.workspace]\nmembers = ["parts/*"]\n',
        "parts/a/pyproject.toml": PROJECT,
    }
    assert lock_of(files, "parts/a").path == "uv.lock"
    assert find_lock(tree_of({**files, "pyproject.toml": ""}), "parts/a") is None


def test_requirements_are_a_lock_file_when_every_line_has_hashes() -> None:
    hashed = f"six==1.16.0 \\\n    --hash=sha256:{SIX[1]} \\\n    --hash=sha256:{OTHER}\n"
    found = lock_of({"requirements.txt": hashed})
    assert (found.complete, found.lines) == (True, (f"six==1.16.0 --hash=sha256:{SIX[1]} --hash=sha256:{OTHER}",))
    assert find_lock(tree_of({"requirements.txt": hashed + "attrs\n"}), ".") is None


@pytest.mark.parametrize(
    "package",
    ['name = "six\\n--index-url=https://evil.example"\nversion = "1"', 'name = "six"\nversion = "1 -r /etc/passwd"'],
)
def test_what_is_no_name_or_no_version_never_becomes_a_line(package: str) -> None:
    assert lock_of({"poetry.lock": f"[[package]]\n{package}\n"}).lines == ()


def test_a_package_that_is_locked_twice_without_saying_when_is_left_to_the_resolver() -> None:
    twice = '[[package]]\nname = "six"\nversion = "1"\n[[package]]\nname = "Six"\nversion = "2"\n'
    assert lock_of({"poetry.lock": twice}).lines == ()


@pytest.mark.parametrize(
    ("name", "text", "renew"),
    [
        ("uv.lock", "version = 1\n<<<<<<< HEAD\n", "uv lock"),
        ("poetry.lock", "package = 1", "poetry lock"),
        ("pdm.lock", "[[package]]\nversion = '1'\n", "pdm lock"),
        ("Pipfile.lock", "[" * 100_000, "pipenv lock"),
        ("Pipfile.lock", "[1]", "pipenv lock"),
    ],
)
def test_a_lock_file_that_cannot_be_read_is_named_with_what_to_do(name: str, text: str, renew: str) -> None:
    with pytest.raises(EnvironmentBroken) as caught:
        find_lock(tree_of({name: text}), ".")
    assert str(caught.value).startswith(f"The lock file {name} cannot be read: ")
    assert str(caught.value).endswith(f". Make it anew with `{renew}`, commit it, and run again.")


# --------------------------------------------------------------- building

TEST = "import six\n\ndef test_version():\n    assert six.__version__ == '1.16.0'\n"
SHOP = {"pyproject.toml": PROJECT, "shop/__init__.py": "", "tests/test_shop.py": TEST}


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> SandboxWorkbench:
    cache_dir: Path = tmp_path_factory.mktemp("environments")
    made = installing_workbench(cache_dir)
    install = ("sh", "-c", "uv venv --allow-existing {env} && uv pip install --python {env}/bin/python six==1.16.0")
    try:
        waited(made._sandboxes.build(Recipe("reach", (Command(install),), tree_of({}))))
    except EnvironmentBroken as error:
        pytest.skip(f"no package index can be reached (see `pip config list`): {error}")
    return made


def test_the_locked_versions_are_installed(workbench: SandboxWorkbench) -> None:
    files = {**SHOP, "uv.lock": filled(UV)}
    environment = prepared(workbench, files)
    assert environment.notes == ()
    wanted = ["tests/test_shop.py::test_version"]
    assert waited(workbench.run_tests(environment, tree_of(files), wanted, wall_s=30.0)).green


def test_hashes_in_requirements_are_held(workbench: SandboxWorkbench) -> None:
    files = {"test_shop.py": TEST, "requirements.txt": f"six==1.16.0 --hash=sha256:{OTHER}\n"}
    with pytest.raises(EnvironmentBroken) as caught:
        prepared(workbench, files)
    said = "does not fit what the package index gives for six==1.16.0: the hashes differ, so it was not installed"
    assert f"The lock file requirements.txt {said}. Make it anew with `pip-compile" in str(caught.value)


def test_a_lock_file_that_does_not_resolve_is_named_with_the_tools_last_words(workbench: SandboxWorkbench) -> None:
    files = {**SHOP, "pyproject.toml": PROJECT.replace('"six"', '"six>=1.17"'), "poetry.lock": filled(POETRY)}
    with pytest.raises(EnvironmentBroken) as caught:
        prepared(workbench, files)
    assert "The lock file poetry.lock does not resolve: " in str(caught.value)
    assert "six" in str(caught.value)
    assert "`poetry lock`" in str(caught.value)
