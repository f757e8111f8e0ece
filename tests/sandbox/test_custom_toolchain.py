"""A project's own commands, for real: plain local sandboxes, true processes, and the ways to fool a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.artifacts import CandidatePatch, Environment, Screened
from bot.core.errors import EnvironmentBroken
from bot.core.patch import FileEdit, Patch
from bot.core.policy import Wishes
from bot.core.testing import Basis, Isolation, Outcome, TestRun
from bot.ports import Check, ScreeningPlan
from python_projects import tree_of, waited
from sandbox.local import LocalSandboxes
from sandbox.toolchains.custom import CustomToolchain
from sandbox.workbench import SandboxWorkbench

# A runner of the project's own: each line of cases.txt is a test, `name expression`.
RUNNER = """\
import sys
lines, report = open("tests/cases.txt").read().split("\\n"), []
bad = 0
for line in filter(None, lines):
    name, expression = line.split(" ", 1)
    right = bool(eval(expression, {"add": __import__("shop").add}))
    bad += not right
    inner = "" if right else '<failure message="wrong" type="AssertionError">tests/cases.txt:1: wrong</failure>'
    report.append('<testcase classname="tests.cases" name="%s" time="0.01">%s</testcase>' % (name, inner))
open("report.xml", "w").write('<testsuite name="s" tests="%d">%s</testsuite>' % (len(report), "".join(report)))
sys.exit(bool(bad))
"""
SHOP = {
    "shop.py": "def add(a, b):\n    return a - b\n",
    "run.py": RUNNER,
    "tests/cases.txt": "adds add(1,2)==3\nzero add(1,0)==1\n",
}
FIXED = {**SHOP, "shop.py": "def add(a, b):\n    return a + b\n"}
ADDS, ZERO = "tests/cases.txt::adds", "tests/cases.txt::zero"
WISHES = Wishes(test="python3 run.py", report="report.xml")
ADDS_CASE, ZERO_CASE = (f'<testcase classname="tests.cases" name="{name}"/>' for name in ("adds", "zero"))
PASSING = f'<testsuite tests="2">{ADDS_CASE}{ZERO_CASE}</testsuite>'


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> SandboxWorkbench:
    sandboxes = LocalSandboxes(tmp_path_factory.mktemp("environments"), Isolation.NONE, environ={})
    return SandboxWorkbench(sandboxes, (CustomToolchain(),), lanes=1)


def prepared(workbench: SandboxWorkbench, files: Mapping[str, str], wishes: Wishes = WISHES) -> Environment:
    return waited(workbench.prepare(tree_of(files), wishes=wishes))


@pytest.fixture(scope="module")
def environment(workbench: SandboxWorkbench) -> Environment:
    return prepared(workbench, SHOP)


def run_of(
    workbench: SandboxWorkbench,
    environment: Environment,
    files: Mapping[str, str],
    *,
    ids: tuple[str, ...] = (ADDS, ZERO),
    wall_s: float = 20.0,
    **changed: str,
) -> TestRun:
    settings = {**dict(environment.settings), **changed}
    asked = replace(environment, settings=tuple(settings.items()))
    return waited(workbench.run_tests(asked, tree_of(files), ids, wall_s=wall_s))


def outcomes(run: TestRun) -> list[Outcome]:
    return [result.outcome for result in run.results]


def test_a_report_tells_which_tests_there_are(environment: Environment) -> None:
    assert (environment.collection.ids, environment.collection.errors) == ((ADDS, ZERO), ())


def test_people_are_told_what_the_results_rest_on(environment: Environment) -> None:
    assert environment.basis is Basis.OWN_REPORT
    assert environment.notes == ("The project is set up and tested by its own commands, from .github/fixbugs.yml.",)


def test_a_failing_test_is_told_from_a_passing_one(workbench: SandboxWorkbench, environment: Environment) -> None:
    run = run_of(workbench, environment, SHOP)
    assert (outcomes(run), run.distrust) == ([Outcome.FAILED, Outcome.PASSED], "")
    failure = run.results[0].failure
    assert failure is not None
    assert (failure.exception_type, failure.message) == ("AssertionError", "wrong")
    assert [(frame.path, frame.line) for frame in failure.frames] == [("tests/cases.txt", 1)]


def test_a_fix_is_green(workbench: SandboxWorkbench, environment: Environment) -> None:
    run = run_of(workbench, environment, FIXED)
    assert (run.green, run.distrust) == (True, "")


def candidate(text: str) -> CandidatePatch:
    return CandidatePatch(Patch((FileEdit("shop.py", SHOP["shop.py"], text),)), "rule", "changes it", "shop.py", 2, 0.1)


PREPARED = f"printf '%s' '{PASSING}' > report.xml; "
FAKES = {
    "nothing runs, exit code 0": "true",
    "a stale report from the tree": "true",
    "an older report is put there": f"{PREPARED} touch -d 2001-01-01 report.xml",
    "a report cut off": f"printf '<testsuite>{ADDS_CASE}' > report.xml",
    "an empty report": ": > report.xml",
    "a report of one test": f"printf '<testsuite>{ZERO_CASE}</testsuite>' > report.xml",
    "each test twice": f"python3 run.py; sed -i 's,<testcase,{ADDS_CASE}<testcase,' report.xml; exit 0",
    "exit code 0 though a test failed": "python3 run.py || true",
    "exit code 1 though no test failed": f"{PREPARED} exit 1",
    "all tests skipped": "python3 run.py; sed -i 's,<failure.*</failure>,<skipped/>,' report.xml; exit 0",
    "a link to a finished report": f"{PREPARED} mv report.xml x.xml; ln -s x.xml report.xml",
    "entities": "printf '<!DOCTYPE x [<!ENTITY a \"b\">]><testsuite>&a;</testsuite>' > report.xml",
    "killed": f"{PREPARED} kill -9 $$",
}


@pytest.mark.parametrize("fake", FAKES)
def test_a_faked_pass_is_not_green(workbench: SandboxWorkbench, environment: Environment, fake: str) -> None:
    tree = {**SHOP, "report.xml": PASSING} if "stale" in fake else SHOP
    assert not run_of(workbench, environment, tree, test=FAKES[fake]).green


def test_a_process_that_was_left_cannot_change_the_report(
    workbench: SandboxWorkbench, environment: Environment
) -> None:
    later = f"for i in 1 2 3 4 5 6 7 8 9; do sleep 0.02; printf '%s' '{PASSING}' > report.xml; done"
    command = f'setsid sh -c "{later.replace(chr(34), chr(92) + chr(34))}" & python3 run.py'
    assert not run_of(workbench, environment, SHOP, test=command).green


def test_a_command_that_does_not_end_says_so(workbench: SandboxWorkbench, environment: Environment) -> None:
    run = run_of(workbench, environment, SHOP, test="sleep 60", wall_s=4.0)
    assert not run.green
    assert "The test command was ended: it took longer than 4 s." in run.output_tail


def test_a_report_that_lacks_is_said_when_tests_are_listed(workbench: SandboxWorkbench) -> None:
    found = prepared(workbench, SHOP, replace(WISHES, report="out/*.xml")).collection
    assert found.ids == ()
    assert found.errors[0][1] == "no report was written (out/*.xml; the test command ended with exit code 1)"


def test_tests_that_share_a_name_are_left_out_and_named(workbench: SandboxWorkbench) -> None:
    tree = {**SHOP, "tests/cases.txt": "adds add(1,2)==3\nadds add(1,0)==1\nzero add(1,0)==1\n"}
    found = prepared(workbench, tree).collection
    assert (found.ids, [where for where, _ in found.errors]) == ((ZERO,), [ADDS])


def test_without_a_report_the_exit_code_shows_a_failure_and_no_pass(workbench: SandboxWorkbench) -> None:
    environment = prepared(workbench, SHOP, Wishes(test="python3 run.py"))
    ids = environment.collection.ids
    red = run_of(workbench, environment, SHOP, ids=ids)
    green = run_of(workbench, environment, FIXED, ids=ids)
    assert (ids, environment.basis) == (("(test command)",), Basis.EXIT_CODE)
    assert (outcomes(red), red.distrust) == ([Outcome.FAILED], "")
    assert (outcomes(green), green.green) == ([Outcome.PASSED], False)
    assert "name its report in .github/fixbugs.yml" in green.distrust
    assert environment.notes[1].startswith("No `report:` is named in .github/fixbugs.yml")


def test_the_folder_that_is_meant_is_where_commands_run(workbench: SandboxWorkbench) -> None:
    files = {f"services/shop/{path}": text for path, text in SHOP.items()}
    environment = prepared(workbench, files, replace(WISHES, folder="services/shop", setup="echo 1 > made.txt"))
    assert environment.collection.ids == ("services/shop/tests/cases.txt::adds", "services/shop/tests/cases.txt::zero")
    assert environment.notes[1] == "The setup command left in the tree, for each run: services/shop/made.txt."
    assert workbench.reproduction_command(environment, ()) == "cd services/shop && python3 run.py"


def test_what_setup_leaves_is_there_when_tests_run(workbench: SandboxWorkbench) -> None:
    wishes = replace(
        WISHES, setup='mkdir -p gen/a "$FIXBUGS_ENV/bin" && echo 1 > gen/a/b && echo echo hi > "$FIXBUGS_ENV/bin/hi"'
    )
    environment = prepared(
        workbench, SHOP, replace(wishes, test="test -s gen/a/b && sh $FIXBUGS_ENV/bin/hi && python3 run.py")
    )
    assert environment.collection.ids == (ADDS, ZERO)


def test_a_setup_that_fails_is_named(workbench: SandboxWorkbench) -> None:
    with pytest.raises(EnvironmentBroken) as caught:
        prepared(workbench, SHOP, replace(WISHES, setup="echo no compiler here >&2; exit 3"))
    assert "no compiler here" in caught.value.output
    assert "The setup command of .github/fixbugs.yml ended with exit code 3: echo no compiler" in str(caught.value)


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(EnvironmentBroken, match="names no folder at this commit"):
        CustomToolchain().detect(tree_of(SHOP), replace(WISHES, folder="nowhere"))


def test_candidates_are_screened_by_the_command(workbench: SandboxWorkbench, environment: Environment) -> None:
    edits = ("return a + b", "return b - a")
    checks = (Check("failing test", (ADDS,)), Check("suite", (ADDS, ZERO)))
    plans = [ScreeningPlan(candidate(SHOP["shop.py"].replace("return a - b", to)), checks) for to in edits]

    async def screened() -> list[Screened]:
        verdicts = workbench.screen(environment, tree_of(SHOP), plans, check_wall_s=20.0)
        return [verdict async for verdict in verdicts]

    assert [verdict.passed for verdict in waited(screened())] == [True, False]


def test_the_image_that_a_repository_names_is_passed_on() -> None:
    toolchain = CustomToolchain()
    detection = toolchain.detect(tree_of(SHOP), replace(WISHES, image="gcc:13"))
    assert detection is not None
    assert toolchain.recipe(tree_of(SHOP), detection).image == "gcc:13"


def test_an_environment_is_kept_for_other_trees_only_without_a_setup_command() -> None:
    def key(files: Mapping[str, str], setup: str) -> str:
        detection = CustomToolchain().detect(tree_of(files), replace(WISHES, setup=setup))
        assert detection is not None
        return CustomToolchain().recipe(tree_of(files), detection).key

    assert key(SHOP, "") == key(FIXED, "")
    assert key(SHOP, "make") != key(FIXED, "make")


@pytest.mark.parametrize("path", [Path("sandbox/inside/translate")])
def test_what_is_sent_is_there(path: Path) -> None:
    from sandbox.toolchains.custom import MODULES

    root = Path(__file__).parents[2]
    assert all((root / path / f"{name}.py").is_file() for name in ("custom", "custom_setup", *MODULES))
