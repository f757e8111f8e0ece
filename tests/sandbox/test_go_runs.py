"""Go projects, for real: compiled, run and judged in containers; and code that would like to look as if it passed."""

from __future__ import annotations

import pytest

from bot.core.artifacts import Environment
from bot.core.testing import Outcome, TestRun
from python_projects import tree_of, waited
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.toolchains.go import GoToolchain
from sandbox.workbench import SandboxWorkbench

CALC = {
    "go.mod": "module example.com/shop\n\ngo 1.19\n",
    "calc/calc.go": """\
package calc

func Add(a, b int) int {
	return a - b
}

func Each(prices []int) int {
	return prices[len(prices)]
}

func Unused() int {
	return 1
}
""",
    "calc/calc_test.go": """\
package calc

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestAdd(t *testing.T) {
	fmt.Print("no line end")
	if got := Add(1, 2); got != 3 {
		t.Errorf("Add(1, 2) = %d, want 3", got)
	}
}

func TestZero(t *testing.T) {
	if Add(0, 0) != 0 {
		t.Fatal("not zero")
	}
}

func TestCases(t *testing.T) {
	t.Run("one", func(t *testing.T) { t.Fatal("first case") })
	t.Run("two", func(t *testing.T) {})
}

func TestBeside(t *testing.T)   { t.Parallel() }
func TestPanics(t *testing.T)   { Each([]int{1}) }
func TestLater(t *testing.T)    { t.Skip("later") }
func TestLeaves(t *testing.T)   { os.Exit(0) }
func TestHangs(t *testing.T)    { time.Sleep(time.Hour) }
func TestWaits(t *testing.T)    { <-make(chan int) }
func TestElsewhere(t *testing.T) {
	go func() { panic("elsewhere") }()
	time.Sleep(time.Second)
}

func FuzzAdd(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, n int) { Add(n, n) })
}
""",
    "calc/outside_test.go": """\
package calc_test

import (
	"fmt"
	"testing"

	"example.com/shop/calc"
)

func TestOutside(t *testing.T) { calc.Add(1, 1) }

func ExampleAdd() {
	fmt.Println(calc.Add(1, 2))
	// Output: 3
}
""",
    "broken/broken.go": "package broken\n\nfunc F() int { return 1 }\n",
    "broken/broken_test.go": 'package broken\n\nimport "testing"\n\nfunc TestF(t *testing.T) { missing(F()) }\n',
}
TEST = 'package {0}\n\nimport (\n\t"fmt"\n\t"os"\n\t"testing"\n)\n\nvar _, _ = fmt.Print, os.Exit\n\n'
FAKES = {
    "says": 'func TestIt(t *testing.T) { fmt.Println("--- PASS: TestIt (0.00s)"); t.Fail() }\n',
    "leaves": 'func TestIt(t *testing.T) { fmt.Print("--- PASS: TestIt (0.00s)\\nFAIL\\n"); os.Exit(1) }\n',
    "next": (
        'func TestIt(t *testing.T) { fmt.Print("--- PASS: TestIt (0.00s)\\n=== RUN   TestNo\\n"); os.Exit(1) }\n'
        "func TestNo(t *testing.T) {}\n"
    ),
    "records": (
        'func TestIt(t *testing.T) { fmt.Println(`{"Action":"pass","Package":"records","Test":"TestIt"}`); t.Fail() }\n'
    ),
    "early": 'func init() { fmt.Println("--- PASS: TestIt (0s)\\nPASS"); os.Exit(0) }\nfunc TestIt(t *testing.T) {}\n',
    "asks": "func TestMain(m *testing.M) { os.Exit(0) }\nfunc TestIt(t *testing.T) { t.Fail() }\n",
    "mild": "func TestMain(m *testing.M) { m.Run(); os.Exit(0) }\nfunc TestIt(t *testing.T) { t.Fail() }\n",
    "skips": "func TestIt(t *testing.T) { t.Skip() }\n",
}
PROJECT = CALC | {f"{name}/it_test.go": TEST.format(name) + text for name, text in FAKES.items()}
IN_CALC = "calc/calc_test.go::"


@pytest.fixture(scope="module")
def workbench(docker_sandboxes: DockerSandboxes) -> SandboxWorkbench:
    return SandboxWorkbench(docker_sandboxes, [GoToolchain()], test_limit_s=2.0)


@pytest.fixture(scope="module")
def environment(workbench: SandboxWorkbench) -> Environment:
    return waited(workbench.prepare(tree_of(PROJECT)))


def run_of(workbench: SandboxWorkbench, environment: Environment, *ids: str, coverage: bool = False) -> TestRun:
    return waited(workbench.run_tests(environment, tree_of(PROJECT), ids, wall_s=60.0, coverage=coverage))


@pytest.fixture(scope="module")
def everything(workbench: SandboxWorkbench, environment: Environment) -> TestRun:
    calc = [test_id for test_id in environment.collection.ids if test_id.startswith("calc/")]
    return run_of(workbench, environment, *calc)


def test_every_kind_of_test_is_listed_and_what_does_not_compile_is_named(environment: Environment) -> None:
    listed = [test_id for test_id in environment.collection.ids if test_id.startswith("calc/")]
    assert [listed[0], *listed[-3:]] == [
        f"{IN_CALC}TestAdd",
        f"{IN_CALC}FuzzAdd",
        "calc/outside_test.go::TestOutside",
        "calc/outside_test.go::ExampleAdd",
    ]
    assert environment.collection.errors == (
        ("broken/broken_test.go", "broken/broken_test.go:5:28: undefined: missing"),
    )


def test_each_test_has_its_own_outcome_though_some_end_the_process(everything: TestRun) -> None:
    outcomes = {result.id.partition("::")[2]: result.outcome.value for result in everything.results}
    assert everything.distrust == ""
    assert outcomes == {
        "TestAdd": "failed",
        "TestZero": "passed",
        "TestCases": "failed",
        "TestBeside": "passed",
        "TestPanics": "failed",
        "TestLater": "skipped",
        "TestLeaves": "failed",
        "TestHangs": "timed_out",
        "TestWaits": "failed",
        "TestElsewhere": "failed",
        "FuzzAdd": "passed",
        "TestOutside": "passed",
        "ExampleAdd": "failed",
    }


@pytest.mark.parametrize(
    ("name", "kind", "message", "frames"),
    [
        ("TestAdd", "AssertionError", "Add(1, 2) = -1, want 3", [("calc/calc_test.go", 13)]),
        ("TestCases", "AssertionError", "first case", [("calc/calc_test.go", 24)]),
        (
            "TestPanics",
            "runtime error",
            "index out of range [1] with length 1",
            [("calc/calc_test.go", 29), ("calc/calc.go", 8)],
        ),
        ("TestWaits", "fatal error", "all goroutines are asleep - deadlock!", [("calc/calc_test.go", 33)]),
        ("TestElsewhere", "panic", "elsewhere", [("calc/calc_test.go", 35), ("calc/calc_test.go", 35)]),
        ("TestHangs", "TimedOut", "did not finish within 2.0 s", [("calc/calc_test.go", 32)]),
        ("ExampleAdd", "AssertionError", "got:\n-1\nwant:\n3", []),
    ],
)
def test_a_failure_says_what_and_where(
    everything: TestRun, name: str, kind: str, message: str, frames: list[tuple[str, int]]
) -> None:
    failure = next(result.failure for result in everything.results if result.id.endswith(f"::{name}"))
    assert failure is not None
    assert (failure.exception_type, failure.message) == (kind, message)
    assert [(frame.path, frame.line) for frame in failure.frames] == frames


def test_what_passes_is_green_and_may_be_believed(workbench: SandboxWorkbench, environment: Environment) -> None:
    run = run_of(
        workbench, environment, f"{IN_CALC}TestZero", f"{IN_CALC}TestBeside", "calc/outside_test.go::TestOutside"
    )
    assert run.green
    assert run.command == "go test ./calc -run '^(TestZero|TestBeside|TestOutside)$'"


def test_a_test_that_does_not_compile_is_an_error_that_may_be_believed(
    workbench: SandboxWorkbench, environment: Environment
) -> None:
    run = run_of(workbench, environment, "broken/broken_test.go::TestF")
    assert (run.distrust, run.results[0].outcome) == ("", Outcome.ERROR)
    assert run.results[0].failure is not None
    assert run.results[0].failure.phase == "collect"


def test_each_test_has_its_own_coverage(workbench: SandboxWorkbench, environment: Environment) -> None:
    run = run_of(workbench, environment, f"{IN_CALC}TestZero", f"{IN_CALC}TestLater", coverage=True)
    assert [(test.id, test.lines) for test in run.coverage] == [(f"{IN_CALC}TestZero", (("calc/calc.go", (3, 4, 5)),))]


@pytest.mark.parametrize("name", ["says", "mild"])
def test_a_binary_that_contradicts_itself_is_not_believed(
    workbench: SandboxWorkbench, environment: Environment, name: str
) -> None:
    run = run_of(workbench, environment, f"{name}/it_test.go::TestIt")
    assert run.distrust
    assert run.results[0].outcome is Outcome.MISSING


def test_nothing_that_only_looks_as_if_it_passed_is_green(
    workbench: SandboxWorkbench, environment: Environment
) -> None:
    ids = [f"{name}/it_test.go::TestIt" for name in FAKES if name not in ("says", "mild")]
    run = run_of(workbench, environment, *ids)
    assert {result.id.partition("/")[0]: result.outcome.value for result in run.results} == {
        "leaves": "failed",
        "next": "failed",
        "records": "failed",
        "early": "error",
        "asks": "error",
        "skips": "skipped",
    }


def test_a_script_uses_the_projects_packages(workbench: SandboxWorkbench, environment: Environment) -> None:
    code = 'package main\n\nimport "example.com/shop/calc"\n\nfunc main() { println(calc.Add(5, 1)) }\n'
    done = waited(workbench.run_script(environment, tree_of(PROJECT), code, wall_s=60.0))
    assert (done.exit_code, done.stderr) == (0, "4\n")
