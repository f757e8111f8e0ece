"""What a Python project needs and how it is tested, read from small trees."""

from __future__ import annotations

from python_projects import CALC, tree_of
from sandbox.toolchains.python import PythonToolchain
from sandbox.toolchains.python_detect import PythonProject, detect_python
from sandbox.toolchains.python_poetry import poetry_range
from sandbox.toolchains.python_requirements import read_requirements

UNITTEST = "import unittest\nclass TestA(unittest.TestCase):\n    def test_b(self): pass\n"


def project(files: dict[str, str]) -> PythonProject:
    found = detect_python(tree_of(files))
    assert found is not None
    return found


def key(files: dict[str, str]) -> str:
    toolchain, tree = PythonToolchain(), tree_of(files)
    detection = toolchain.detect(tree)
    assert detection is not None
    return toolchain.recipe(tree, detection).key


def test_a_tree_without_python_is_not_a_python_project() -> None:
    assert detect_python(tree_of({"main.go": "package main"})) is None


def test_a_plain_folder_of_tests_needs_nothing_and_is_not_installed() -> None:
    found = project(CALC)
    assert (found.runner, found.installable, found.roots, found.needs.runtime) == ("pytest", False, (".",), ())


def test_test_cases_without_any_sign_of_pytest_are_unittest() -> None:
    assert project({"tests/test_a.py": UNITTEST}).runner == "unittest"


def test_test_cases_beside_a_conftest_are_pytest() -> None:
    assert project({"tests/test_a.py": UNITTEST, "conftest.py": ""}).runner == "pytest"


def test_unittest_projects_name_test_files_as_unittest_finds_them() -> None:
    assert project({"tests/test_a.py": UNITTEST}).patterns == ("test*.py", "*_test.py")


def test_files_named_just_test_are_test_files_where_there_are_no_others() -> None:
    plain = "def test_a(): pass\n"
    assert project({"test.py": UNITTEST}).patterns == ("test*.py", "*_test.py")
    assert "tests.py" in project({"pkg/tests.py": plain}).patterns
    assert project({"pkg/tests.py": plain, "tests/test_a.py": plain}).patterns == ()
    settings = "[pytest]\npython_files = tests.py\n"
    assert project({"pkg/tests.py": plain, "pytest.ini": settings}).patterns == ()


def test_pyproject_gives_dependencies_extras_groups_and_pytest_settings() -> None:
    found = project(
        {
            "src/pkg/__init__.py": "",
            "pyproject.toml": """\
[build-system]
requires = ["setuptools"]
[project]
name = "pkg"
requires-python = ">=3.9"
dependencies = ["six>=1", "not a requirement"]
[project.optional-dependencies]
docs = ["sphinx"]
test = ["mock"]
[dependency-groups]
base = ["attrs"]
test = ["pytest>=7", {include-group = "base"}]
[tool.pytest.ini_options]
addopts = "--cov=pkg -n 2"
""",
        }
    )
    assert found.needs.runtime == ("six>=1",)
    assert found.needs.extras == ("test",)
    assert found.needs.tests == ("pytest>=7", "attrs")
    assert (found.config, found.roots, found.installable) == ("pyproject.toml", ("src", "."), True)
    assert found.imported == (("pytest_cov", "pytest-cov"), ("xdist", "pytest-xdist"))


def test_extras_for_developing_serve_when_there_are_none_for_testing() -> None:
    manifest = "[project]\nname='x'\n[project.optional-dependencies]\ndev=['mock']\ndocs=['sphinx']\n"
    assert project({"x.py": "", "pyproject.toml": manifest}).needs.extras == ("dev",)


def test_poetry_projects_give_their_groups_in_everybodys_notation() -> None:
    manifest = """\
[tool.poetry]
name = "x"
[tool.poetry.dependencies]
python = "^3.9"
six = "^1.2"
local = {path = "./lib"}
[tool.poetry.group.test.dependencies]
mock = "~4.0"
"""
    found = project({"x.py": "", "pyproject.toml": manifest}).needs
    assert (found.runtime, found.tests) == (("six>=1.2,<2", "-e {tree}/lib"), ("mock>=4.0,<4.1",))


def test_poetry_ranges_below_one_move_their_first_number_that_is_not_zero() -> None:
    assert [poetry_range(text) for text in ("^0.3.1", "~2", "*", "1.4", ">=1,<3")] == [
        ">=0.3.1,<0.4",
        ">=2,<3",
        "",
        "==1.4",
        ">=1,<3",
    ]


def test_setup_py_is_read_without_running_it() -> None:
    code = "REQUIRES = ['six']\nsetup(install_requires=REQUIRES, extras_require={'test': ['mock']})\n"
    found = project({"x.py": "", "setup.py": code})
    assert (found.needs.runtime, found.needs.extras, found.static, found.legacy) == (("six",), ("test",), True, True)


def test_a_setup_py_that_computes_its_requirements_is_not_static() -> None:
    code = "from setuptools import setup\nsetup(install_requires=open('r.txt').read().split())\n"
    assert project({"x.py": "", "setup.py": code}).static is False


def test_setup_cfg_gives_dependencies() -> None:
    manifest = "[options]\ninstall_requires =\n    six\n    attrs>=20\n[options.extras_require]\ntests = mock\n"
    found = project({"x.py": "", "setup.cfg": manifest})
    assert (found.needs.runtime, found.needs.extras, found.installable) == (("six", "attrs>=20"), ("tests",), True)


def test_tox_gives_what_only_tests_need() -> None:
    manifest = (
        "[testenv]\ndeps =\n    mock\n    py39: six\n    -r{toxinidir}/more.txt\n    {env:X}\n[pytest]\naddopts = -q\n"
    )
    found = project({"x.py": "", "tox.ini": manifest, "more.txt": "attrs\n"})
    assert (found.needs.tests, found.config) == (("mock", "six", "attrs"), "tox.ini")


def test_requirements_include_each_other_and_local_paths_become_editable() -> None:
    tree = tree_of(
        {
            "requirements.txt": "# comment\n-r more/base.txt\n./lib\n-e .\n"
            "six==1.16 \\\n    --hash=sha256:00\n-c c.txt\n",
            "more/base.txt": "attrs  # why\n-r ../requirements.txt\n",
        }
    )
    assert read_requirements(tree, "requirements.txt") == ("attrs", "-e {tree}/lib", "-e {tree}", "six==1.16")


def test_requirements_for_tests_are_found_where_projects_keep_them() -> None:
    paths = ("requirements-dev.txt", "dev-requirements.txt", "requirements/test.txt", "tests/requirements.txt")
    files = {path: f"{name}\n" for path, name in zip(paths, ("a1", "b1", "c1", "d1"), strict=True)}
    assert set(project({"x.py": "", **files}).needs.tests) == {"a1", "b1", "c1", "d1"}


def test_what_tests_import_is_installed_only_when_it_is_well_known_and_not_the_projects_own() -> None:
    test = "import mock, os\nfrom hypothesis import given\nimport surely_nobodys\nimport six\ndef test(mocker): pass\n"
    found = project({"six.py": "", "tests/test_a.py": test, "setup.py": ""})
    assert found.imported == (("hypothesis", "hypothesis"), ("mock", "mock"), ("pytest_mock", "pytest-mock"))


def test_a_broken_pyproject_is_noted_and_the_rest_still_read() -> None:
    found = project({"x.py": "", "pyproject.toml": "[project\n", "requirements.txt": "six\n"})
    assert found.needs.declared == ("six",)
    assert found.notes[0].startswith("pyproject.toml cannot be read: ")


def test_a_library_of_pytests_own_is_recognised() -> None:
    found = project({"src/pluggy/__init__.py": "", "pyproject.toml": "[build-system]\nrequires=[]\n"})
    assert found.runner_part == "pluggy"


def test_a_changed_source_has_the_same_environment() -> None:
    assert key(CALC) == key({**CALC, "calc.py": "changed = True\n"})


def test_a_changed_manifest_has_another_environment() -> None:
    assert key({**CALC, "requirements.txt": "six"}) != key({**CALC, "requirements.txt": "six==1.16"})
