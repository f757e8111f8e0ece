"""JavaScript and TypeScript projects, for real: installed, run and judged in containers, by each of the runners."""

from __future__ import annotations

import pytest

from bot.core.errors import EnvironmentBroken
from bot.core.policy import Wishes
from bot.core.testing import Outcome
from node_projects import RUNNERS, SOURCE, TEST_FILE, NodeLab, calc, repository, suite
from python_projects import waited
from sandbox.docker.sandboxes import DockerSandboxes

TEXT = """\
test('adds', () => { assert.equal(add(2, 2), 4); });
describe('group', () => {
  it('zero', async () => { assert.equal(add(0, 0), 0); });
  it('zero', () => { throw new TypeError('unlike the first'); });
  it.skip('left out', () => {});
});
"""
NAMES = ("adds", "group > zero", "group > zero #2", "group > left out")
HANGING = """\
test('before', () => {});
test('waits', () => new Promise(() => {}));
test('spins', () => { for (;;); });
test('after', () => {});
"""


@pytest.fixture(scope="module")
def lab(docker_sandboxes: DockerSandboxes) -> NodeLab:
    return NodeLab(docker_sandboxes)


@pytest.mark.parametrize("runner", RUNNERS)
def test_each_runner_tells_a_failing_test_from_a_passing_one(lab: NodeLab, runner: str) -> None:
    tree = repository(calc(runner, "return a - b;"), suite(runner, TEXT))

    run = lab.run(runner, tree, NAMES, coverage=True)

    assert (run.distrust, run.exit_code) == ("", 1)
    outcomes = [result.outcome for result in run.results]
    assert outcomes == [Outcome.FAILED, Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED]
    first, second = run.results[0].failure, run.results[2].failure
    assert first is not None
    assert second is not None
    assert (first.exception_type, first.phase) == ("AssertionError", "call")
    assert first.frames[-1].path == TEST_FILE[runner]
    assert "add(2, 2)" in first.frames[-1].code
    assert (second.exception_type, second.message) == ("TypeError", "unlike the first")
    covered = {entry.id.partition("::")[2]: dict(entry.lines) for entry in run.coverage}
    assert 2 in covered["adds"][SOURCE[runner]]
    assert SOURCE[runner] not in covered["group > zero #2"]


@pytest.mark.parametrize("runner", ["node", "vitest"])
def test_collecting_lists_tests_and_says_what_cannot_be_read(lab: NodeLab, runner: str) -> None:
    broken = TEST_FILE[runner].replace("calc.test", "broken.test")
    tree = repository(
        calc(runner, "throw new Error('no body is run');"),
        suite(runner, TEXT),
        {broken: "import './nothing.js';\n" if runner == "vitest" else "require('./nothing.js');\n"},
    )

    found = waited(lab.workbench.collect(lab.environment(runner, tree), tree, ()))

    assert found.ids == tuple(f"{TEST_FILE[runner]}::{name}" for name in NAMES)
    assert [path for path, _ in found.errors] == [broken]
    assert "nothing.js" in found.errors[0][1]


@pytest.mark.parametrize("runner", ["mocha", "jest"])
def test_a_test_that_hangs_is_timed_out_and_the_others_are_run(docker_sandboxes: DockerSandboxes, runner: str) -> None:
    lab = NodeLab(docker_sandboxes, test_limit_s=2.0)
    tree = repository(calc(runner, "return a + b;"), suite(runner, HANGING))

    run = lab.run(runner, tree, ["before", "spins", "after"])

    assert run.distrust == ""
    assert [result.outcome for result in run.results] == [Outcome.PASSED, Outcome.TIMED_OUT, Outcome.PASSED]


def test_a_script_runs_in_the_project_with_its_packages(lab: NodeLab) -> None:
    tree = repository(calc("mocha", "return a + b;"), suite("mocha", TEXT))
    code = "const { add } = require('./calc.js');\nconsole.log(add(1, 2), typeof require('mocha'));\n"

    ran = waited(lab.workbench.run_script(lab.environment("mocha", tree), tree, code, wall_s=30.0))

    assert (ran.exit_code, ran.stdout) == (0, "3 function\n")


def test_a_package_that_cannot_be_had_is_named_with_what_to_do(lab: NodeLab) -> None:
    manifest = '{"scripts": {"test": "mocha"}, "dependencies": {"is-number": "999.0.0"}}'
    tree = repository({"package.json": manifest})

    with pytest.raises(EnvironmentBroken, match=r"is-number@999\.0\.0.*package\.json or the lock file"):
        waited(lab.workbench.prepare(tree, wishes=Wishes()))
