"""What a build says when it cannot have what a project asks for, and which Python it takes; variables for tests."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from bot.core.artifacts import CandidatePatch
from bot.core.patch import FileEdit, Patch
from bot.ports import Check, ScreeningPlan
from python_projects import borrowing_workbench, environment_of, tree_of, waited
from sandbox.inside.installer_python import choose_python
from sandbox.inside.installer_words import advice, lock_flaw, reason, why
from sandbox.toolchains.python_detect import detect_python
from sandbox.toolchains.python_versions import read_pythons

MINE = f"3.{sys.version_info[1]}"
UNSATISFIABLE = """\
Using Python 3.11.7 environment at: v
  × No solution found when resolving dependencies:
  ╰─▶ Because you require six>=1.17 and six==1.16.0, we can conclude that your
      requirements are unsatisfiable.
"""
MISMATCH = "error: Failed to download `six==1.16.0`\n  cause: Hash mismatch for `six==1.16.0`\n"
BY_SSH = "error: Git operation failed\n  cause: failed to fetch `ssh://git@git.example/acme/core.git`\n"
BY_GIT = "error: Git operation failed\n  cause: failed to clone https://git.example/acme/core.git\n"
LOCKED_OUT = "error: HTTP status client error (401 Unauthorized) for url (https://pypi.example/simple/core/)\n"


@pytest.mark.parametrize(
    ("output", "start", "what_to_do"),
    [
        (BY_SSH, "a private repository, over ssh: ", "publish it to an index that the server knows"),
        (BY_GIT, "a git repository: ", "publish it to an index that the server knows"),
        (
            LOCKED_OUT,
            "a private index: HTTP status client error (401",
            "Give the server that index with its credentials",
        ),
    ],
)
def test_a_private_dependency_is_named_as_such_with_what_to_do(output: str, start: str, what_to_do: str) -> None:
    assert why(output).startswith(start)
    assert what_to_do in advice(output)


def test_a_plain_failure_has_no_further_advice() -> None:
    assert advice("error: no such thing\n") == ""
    assert why("error: no such thing\n") == reason("error: no such thing\n") == "no such thing"


def test_a_lock_file_is_at_fault_when_it_does_not_resolve_or_fit_and_not_when_another_python_is_needed() -> None:
    assert lock_flaw(UNSATISFIABLE) == (
        "does not resolve: Because you require six>=1.17 and six==1.16.0, we can conclude that your requirements are "
        "unsatisfiable"
    )
    assert "the hashes differ" in lock_flaw(MISMATCH)
    assert lock_flaw("No solution found … because six has no wheels with a matching Python ABI tag") == ""
    assert lock_flaw("error: Failed to build `old==1`\n") == ""


def test_indexes_of_the_projects_own_are_told_of_without_their_passwords() -> None:
    files = {
        "a.py": "",
        "requirements.txt": "--extra-index-url https://me:secret@pypi.example/simple\n-i https://pypi.org/simple\nsix\n",
        "pyproject.toml": '[[tool.uv.index]]\nurl = "https://more.example/simple"\n',
    }
    found = detect_python(tree_of(files))
    assert found is not None
    assert found.notes == (
        "The project names package indexes of its own (pypi.example, more.example): builds use those that the server "
        "is set up with (PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, UV_INDEX).",
    )


# ------------------------------------------------------------- interpreters


def chosen(files: dict[str, str], requires: str = "", here: tuple[str, ...] = ()) -> tuple[str, str]:
    """The choice where, beside our own, the versions in `here` are installed."""

    def find(minor: str) -> str | None:
        return f"/usr/bin/python{minor}" if minor in here else None

    return choose_python("/base", asdict(read_pythons(tree_of(files), ".", requires)), find)


def test_the_base_is_taken_where_it_will_do() -> None:
    assert chosen({}, "") == ("/base", "")
    assert chosen({}, ">=3.8", here=("3.19",)) == ("/base", "")
    assert chosen({".python-version": f"{MINE}.4\n"}, here=("3.19",)) == ("/base", "")


def test_a_python_that_a_file_names_is_taken_where_it_is_here() -> None:
    found = chosen({".tool-versions": "nodejs 20\npython 3.19.1\n"}, here=("3.19",))
    assert found == ("/usr/bin/python3.19", "Python 3.19 is used, as .tool-versions says.")


def test_the_newest_python_that_the_project_allows_is_taken_where_the_base_is_not_allowed() -> None:
    found = chosen({}, ">=3.17", here=("3.18", "3.19"))
    assert found == ("/usr/bin/python3.19", "Python 3.19 is used: the project needs >=3.17.")


def test_where_nothing_fits_the_base_is_taken_and_that_is_said() -> None:
    assert chosen({}, "<3.9") == (
        "/base",
        f"The project needs Python <3.9, which is not here: Python {MINE} is used all the same.",
    )
    assert chosen({".python-version": "3.19"}, "")[1] == (
        f"Python {MINE} is used: .python-version asks for Python 3.19, which is not here."
    )


@pytest.mark.parametrize("text", ["", "pypy3.9\n", "3.9\n" * 20_000, "../../etc\n", "system\n"])
def test_a_file_of_versions_that_names_none_of_ours_means_nothing_or_its_first(text: str) -> None:
    assert read_pythons(tree_of({".python-version": text}), ".", "").named in ("", "3.9")


# ---------------------------------------------------------------- variables

WORKFLOW = "jobs:\n  t:\n    env: {MODE: fast, TZ: Asia/Tokyo, PYTHONSTARTUP: x.py}\n    steps: [{run: pytest}]\n"
CODE = "def hour():\n    import time\n    return time.localtime(0).tm_hour + 1\n"
TEST = "import os\nfrom clock import hour\n\ndef test_it():\n    assert (os.environ['MODE'], hour()) == ('fast', 9)\n"


def test_tests_and_screening_see_the_variables_that_ci_sets(tmp_path: Path) -> None:
    workbench = borrowing_workbench(tmp_path, test_limit_s=10.0)
    files = {".github/workflows/ci.yml": WORKFLOW, "clock.py": CODE, "test_clock.py": TEST}
    environment, ids = environment_of(workbench, files), ("test_clock.py::test_it",)
    fixed = CODE.replace(" + 1", "")
    patch = CandidatePatch(Patch((FileEdit("clock.py", CODE, fixed),)), "rule", "", "clock.py", 3, 0.5)

    async def screened() -> list[bool]:
        plans = [ScreeningPlan(patch, (Check("failing test", ids),))]
        return [one.passed async for one in workbench.screen(environment, tree_of(files), plans, check_wall_s=30.0)]

    run = waited(workbench.run_tests(environment, tree_of({**files, "clock.py": fixed}), ids, wall_s=60.0))
    assert run.green, run.output_tail
    assert not waited(workbench.run_tests(environment, tree_of(files), ids, wall_s=60.0)).green
    assert waited(screened()) == [True]
