"""Projects in a folder of their repository: which one is meant, and that its tests run as they expect, while ids,
frames and coverage keep the repository's paths.
"""

from __future__ import annotations

import pytest

from bot.core.artifacts import CandidatePatch
from bot.core.errors import EnvironmentBroken
from bot.core.patch import FileEdit, Patch
from bot.core.policy import Wishes
from bot.core.testing import Outcome
from bot.ports import Check, ScreeningPlan
from python_projects import borrowing_workbench, environment_of, tree_of, waited
from sandbox.toolchains.python import PythonToolchain
from sandbox.toolchains.python_folder import choose
from sandbox.workbench import SandboxWorkbench

PACKAGE = '[build-system]\nrequires = ["setuptools"]\n[project]\nname = "{}"\nversion = "1"\n'
WRONG, RIGHT = "def price():\n    return 1\n", "def price():\n    return 2\n"
CORE_TEST = """\
from pathlib import Path

from core import price
from support import WANTED


def test_price(limit):
    assert price() == WANTED <= limit


def test_data():
    assert Path("tests/data.txt").read_text() == "x"
"""
SHOP = {
    "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
    "services/shop/pyproject.toml": PACKAGE.format("shop") + '[tool.pytest.ini_options]\npythonpath = ["support"]\n',
    "services/shop/src/core.py": WRONG,
    "services/shop/support/support.py": "WANTED = 2\n",
    "services/shop/tests/conftest.py": "import pytest\n@pytest.fixture\ndef limit():\n    return 5\n",
    "services/shop/tests/test_core.py": CORE_TEST,
    "services/shop/tests/data.txt": "x",
    "services/mail/pyproject.toml": PACKAGE.format("mail"),
    "services/mail/core.py": "",
    "services/mail/tests/test_core.py": "def test_a(): pass\n",
    "services/mail/tests/test_more.py": "def test_b(): pass\n",
    "libs/bare/pyproject.toml": PACKAGE.format("bare"),
    "libs/bare/bare.py": "",
}
PRICE, DATA = (f"services/shop/tests/test_core.py::{name}" for name in ("test_price", "test_data"))


def folder_of(files: dict[str, str], *paths: str, wished: str = "") -> str | None:
    choice = choose(tree_of(files), wished, paths)
    return choice.folder if choice else None


# --------------------------------------------------------------- choosing


def test_the_project_is_the_nearest_folder_with_a_manifest_and_tests_above_what_is_named() -> None:
    assert folder_of(SHOP, "services/shop/src/core.py") == "services/shop"
    assert folder_of(SHOP, "services/mail/core.py", "services/mail/tests/test_more.py") == "services/mail"


def test_a_named_test_weighs_more_than_any_other_file() -> None:
    paths = ("services/mail/core.py", "services/mail/pyproject.toml", "services/shop/tests/test_core.py")
    assert folder_of(SHOP, *paths) == "services/shop"


def test_a_package_without_tests_is_tested_by_the_project_around_it() -> None:
    assert folder_of({**SHOP, "tests/test_all.py": "def test(): pass\n"}, "libs/bare/bare.py") == "."


def test_a_wished_folder_wins_over_what_is_named() -> None:
    assert folder_of(SHOP, "services/shop/src/core.py", wished="./services/mail/") == "services/mail"


@pytest.mark.parametrize("wished", ["../elsewhere", "/etc", "services/gone", "services/shop/src/core.py"])
def test_a_wished_folder_that_is_not_there_is_said_with_what_to_do(wished: str) -> None:
    with pytest.raises(EnvironmentBroken, match="is not there at this commit"):
        folder_of(SHOP, wished=wished)


def test_where_nothing_is_named_the_whole_tree_is_meant_if_it_is_a_project_or_has_tests() -> None:
    assert folder_of({**SHOP, "tests/test_all.py": ""}) == "."
    assert folder_of({**SHOP, "setup.py": ""}) == "."


def test_where_nothing_is_named_and_the_top_has_no_tests_the_part_with_most_is_taken_and_the_others_named() -> None:
    choice = choose(tree_of(SHOP), "", ())
    assert choice is not None
    assert choice.note == (
        "Only the project in services/mail is built and tested: it has the most tests (others: services/shop); "
        "name another as `folder` in .github/fixbugs.yml."
    )


def test_folders_of_tests_documents_and_data_are_no_projects() -> None:
    files = {"app.py": "", "tests/test_a.py": "", "tests/requirements.txt": "six\n", "docs/requirements.txt": ""}
    assert folder_of(files, "tests/test_a.py") == "."


def test_sources_of_another_language_are_left_to_it() -> None:
    web = {"web/package.json": "{}", "web/src/app.ts": "", "web/README.md": ""}
    assert folder_of({**SHOP, **web}, "web/src/app.ts") is None
    assert folder_of({**SHOP, **web}, "web/src/app.ts", "services/shop/src/core.py") == "services/shop"


def test_a_few_scripts_do_not_make_a_project_of_another_language_python() -> None:
    files = {"go.mod": "module x", "main.go": "", "main_test.go": "", "scripts/release.py": ""}
    assert PythonToolchain().detect(tree_of(files)) is None
    assert PythonToolchain().detect(tree_of({"scripts/release.py": ""})) is not None


# ---------------------------------------------------------------- running


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> SandboxWorkbench:
    return borrowing_workbench(tmp_path_factory.mktemp("environments"), test_limit_s=10.0)


PATHS = ("services/shop/src/core.py",)


def test_tests_run_in_their_folder_and_their_ids_start_at_the_repository(workbench: SandboxWorkbench) -> None:
    environment = environment_of(workbench, SHOP, PATHS)
    ids = waited(workbench.collect(environment, tree_of(SHOP), ())).ids
    run = waited(workbench.run_tests(environment, tree_of(SHOP), ids, wall_s=60.0, coverage=True))

    assert ids == (PRICE, DATA)
    assert (run.distrust, [result.outcome for result in run.results]) == ("", [Outcome.FAILED, Outcome.PASSED])
    failure = run.results[0].failure
    assert failure is not None
    assert (failure.frames[-1].path, failure.frames[-1].line) == ("services/shop/tests/test_core.py", 8)
    covered = {path for cover in run.coverage for path, _ in cover.lines}
    assert covered >= {"services/shop/src/core.py", "services/shop/tests/test_core.py"}
    assert run.command == (
        "cd services/shop && PYTHONPATH=src python -m pytest "
        "tests/test_core.py::test_price tests/test_core.py::test_data"
    )


def test_a_target_is_understood_from_the_repository_and_from_the_project(workbench: SandboxWorkbench) -> None:
    environment = environment_of(workbench, SHOP, PATHS)
    for target in (PRICE, PRICE.removeprefix("services/shop/")):
        tree = tree_of({path: text for path, text in SHOP.items() if "mail" not in path})
        assert waited(workbench.collect(environment, tree, [target])).ids == (PRICE,)


def test_a_file_that_does_not_load_is_named_from_the_repository(workbench: SandboxWorkbench) -> None:
    broken = {**SHOP, "services/shop/tests/test_broken.py": "def test(:\n"}
    errors = waited(workbench.collect(environment_of(workbench, broken, PATHS), tree_of(broken), ())).errors
    assert [path for path, _ in errors] == ["services/shop/tests/test_broken.py"]


def test_candidates_are_screened_in_their_folder(workbench: SandboxWorkbench) -> None:
    environment = environment_of(workbench, SHOP, PATHS)

    def plan(after: str) -> ScreeningPlan:
        patch = Patch((FileEdit("services/shop/src/core.py", WRONG, after),))
        checks = (Check("failing test", (PRICE,)), Check("suite", (PRICE, DATA)))
        return ScreeningPlan(CandidatePatch(patch, "rule", "", "services/shop/src/core.py", 2, 0.5), checks)

    async def go() -> list[tuple[bool, tuple[str, ...]]]:
        plans = [plan("def price():\n    return 3\n"), plan(RIGHT), plan("def price(:\n")]
        screened = workbench.screen(environment, tree_of(SHOP), plans, check_wall_s=20.0)
        return [(verdict.passed, verdict.failed_ids) async for verdict in screened]

    assert waited(go()) == [(False, (PRICE,)), (True, ()), (False, (PRICE,))]


def test_a_script_runs_in_the_projects_folder(workbench: SandboxWorkbench) -> None:
    environment = environment_of(workbench, SHOP, PATHS)
    code = "import core\nprint(core.price(), open('tests/data.txt').read())\ncore.gone()\n"
    ran = waited(workbench.run_script(environment, tree_of(SHOP), code, wall_s=20.0))
    assert ran.stdout == "1 x\n"


def test_settings_of_a_folder_above_hold_as_pytest_finds_them(workbench: SandboxWorkbench) -> None:
    files = {
        "pytest.ini": "[pytest]\nmarkers = slow: takes long\naddopts = --strict-markers\n",
        "conftest.py": "import pytest\n@pytest.fixture\ndef above():\n    return 1\n",
        "part/setup.py": "",
        "part/tests/test_it.py": "import pytest\n@pytest.mark.slow\ndef test_it(above):\n    assert above == 1\n",
    }
    environment = environment_of(workbench, files, ("part/tests/test_it.py",))
    run = waited(workbench.run_tests(environment, tree_of(files), ["part/tests/test_it.py::test_it"], wall_s=30.0))
    assert run.green


def test_the_repositorys_settings_choose_the_folder(workbench: SandboxWorkbench) -> None:
    detection = PythonToolchain().detect(tree_of(SHOP), Wishes(folder="services/mail"))
    assert detection is not None
    assert dict(detection.settings)["folder"] == "services/mail"
    assert detection.notes[0].endswith("is built and tested: the repository's settings name it.")
