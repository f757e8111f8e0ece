"""Ways to make a red test look green, each tried for real. The run of a tree with a fake in it must not be green; what
slips through is named with the policy that closes it."""

from __future__ import annotations

import pytest

from faked_passes import FAKES, SLIPPING
from python_projects import CALC, CALC_IDS, FIXED, borrowing_workbench, environment_of, run_of, tree_of, waited
from sandbox.workbench import SandboxWorkbench


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> SandboxWorkbench:
    return borrowing_workbench(tmp_path_factory.mktemp("environments"))


def test_an_honest_fix_is_green(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, {**CALC, "calc.py": FIXED}, CALC_IDS)
    assert (run.green, run.distrust) == (True, "")


def test_an_honest_failure_is_red_and_believed(workbench: SandboxWorkbench) -> None:
    run = run_of(workbench, CALC, CALC_IDS)
    assert (run.green, run.distrust) == (False, "")


@pytest.mark.parametrize("fake", FAKES)
def test_a_faked_pass_is_not_green(workbench: SandboxWorkbench, fake: str) -> None:
    assert not faked(workbench, FAKES[fake])


@pytest.mark.parametrize("fake", SLIPPING)
def test_what_slips_through_needs_a_file_that_the_policy_restores_or_refuses(
    workbench: SandboxWorkbench, fake: str
) -> None:
    files, policy = SLIPPING[fake]
    assert faked(workbench, files), f"no longer slips through: move it to FAKES ({policy})"
    assert set(files) <= {"conftest.py", "calc.py"}


def faked(workbench: SandboxWorkbench, fake: dict[str, str]) -> bool:
    """Whether the buggy project with this fake in it looks green, in the environment of the honest one."""
    environment = environment_of(workbench, CALC)
    return waited(workbench.run_tests(environment, tree_of({**CALC, **fake}), CALC_IDS, wall_s=20.0)).green
