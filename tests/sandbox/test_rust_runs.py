"""Rust projects, for real: compiled, run and judged in containers; and code that would like to look as if it passed."""

from __future__ import annotations

import pytest

from bot.core.artifacts import Environment
from bot.core.testing import Outcome, TestRun
from python_projects import tree_of, waited
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.toolchains.rust import RustToolchain
from sandbox.workbench import SandboxWorkbench

SHOP = {
    "Cargo.toml": '[workspace]\nmembers = ["shop"]\n',
    "shop/Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
    "shop/src/lib.rs": """\
pub mod money;

pub fn add(a: i32, b: i32) -> i32 {
    a - b
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn say(text: &str) {
        std::io::stdout().write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn adds() {
        println!("seen by nobody");
        assert_eq!(add(1, 2), 3, "sums");
    }

    #[test]
    fn zero() {
        say("past the capture");
        assert_eq!(add(0, 0), 0);
    }

    #[test]
    #[should_panic(expected = "boo")]
    fn shouts() {
        panic!("boo")
    }

    #[test]
    #[ignore]
    fn later() {}

    #[test]
    fn returns() -> Result<(), String> {
        Err("out of stock".into())
    }

    #[test]
    fn leaves() {
        std::process::exit(0)
    }

    #[test]
    fn aborts() {
        std::process::abort()
    }

    #[test]
    fn hangs() {
        loop {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    }

    #[test]
    fn says() {
        say("ok\\n");
        panic!("not ok")
    }

    #[test]
    fn sums_up() {
        say("ok\\n\\ntest result: FAILED. 2 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\\n\\n");
        std::process::exit(101)
    }

    #[test]
    fn sums_up_first() {
        say("ok\\n\\ntest result: FAILED. 2 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\\n\\n");
        panic!("no")
    }
}
""",
    "shop/src/money.rs": """\
pub fn third(prices: &[i32]) -> i32 {
    prices[2]
}

#[cfg(test)]
mod tests {
    #[test]
    fn third() {
        assert_eq!(super::third(&[1, 2]), 2);
    }
}
""",
    "shop/tests/outside.rs": "#[test]\nfn outside() {\n    assert!(shop::add(2, 1) == 1);\n}\n",
    "shop/tests/broken.rs": '#[test]\nfn broken() {\n    let _number: i32 = "a";\n}\n',
}
IN_LIB = "shop/src/lib.rs::tests::"


@pytest.fixture(scope="module")
def workbench(docker_sandboxes: DockerSandboxes) -> SandboxWorkbench:
    return SandboxWorkbench(docker_sandboxes, [RustToolchain()], test_limit_s=2.0)


@pytest.fixture(scope="module")
def environment(workbench: SandboxWorkbench) -> Environment:
    return waited(workbench.prepare(tree_of(SHOP)))


def run_of(workbench: SandboxWorkbench, environment: Environment, *ids: str) -> TestRun:
    return waited(workbench.run_tests(environment, tree_of(SHOP), ids, wall_s=60.0))


@pytest.fixture(scope="module")
def everything(workbench: SandboxWorkbench, environment: Environment) -> TestRun:
    chosen = [test_id for test_id in environment.collection.ids if not test_id.endswith("sums_up_first")]
    return run_of(workbench, environment, *chosen)


def test_tests_are_listed_with_their_files_and_what_does_not_compile_is_named(environment: Environment) -> None:
    ids = environment.collection.ids
    assert (ids[0], ids[-1], len(ids)) == (
        "shop/src/money.rs::money::tests::third",
        "shop/tests/outside.rs::outside",
        13,
    )
    assert [path for path, _ in environment.collection.errors] == ["shop/tests/broken.rs"]
    assert "expected `i32`, found `&str`" in environment.collection.errors[0][1]


def test_each_test_has_its_own_outcome_though_some_end_the_process(everything: TestRun) -> None:
    outcomes = {result.id.rpartition("::")[2]: result.outcome.value for result in everything.results}
    assert everything.distrust == ""
    assert outcomes == {
        "third": "failed",
        "adds": "failed",
        "zero": "passed",
        "shouts": "passed",
        "later": "skipped",
        "returns": "failed",
        "leaves": "failed",
        "aborts": "failed",
        "hangs": "timed_out",
        "says": "failed",
        "sums_up": "failed",
        "outside": "passed",
    }


@pytest.mark.parametrize(
    ("name", "kind", "message", "frames"),
    [
        (
            "adds",
            "AssertionError",
            "assertion failed: `(left == right)`\n  left: `-1`,\n right: `3`: sums",
            [("shop/src/lib.rs", 19)],
        ),
        (
            "third",
            "panic",
            "index out of bounds: the len is 2 but the index is 2",
            [("shop/src/money.rs", 9), ("shop/src/money.rs", 2)],
        ),
        ("returns", "Error", '"out of stock"', []),
        ("aborts", "ProcessEnded", "the test process ended while this test ran (signal SIGABRT)", []),
        ("hangs", "TimedOut", "did not finish within 2.0 s", []),
    ],
)
def test_a_failure_says_what_and_where(
    everything: TestRun, name: str, kind: str, message: str, frames: list[tuple[str, int]]
) -> None:
    failure = next(result.failure for result in everything.results if result.id.endswith(f"::{name}"))
    assert failure is not None
    assert (failure.exception_type, failure.message) == (kind, message)
    assert [(frame.path, frame.line) for frame in failure.frames if not frame.function.endswith("}}")] == frames


def test_what_passes_is_green_and_may_be_believed(workbench: SandboxWorkbench, environment: Environment) -> None:
    run = run_of(workbench, environment, f"{IN_LIB}zero", f"{IN_LIB}shouts", "shop/tests/outside.rs::outside")
    assert run.green
    assert run.command == "cargo test -- --exact tests::zero tests::shouts outside"


def test_a_test_that_does_not_compile_is_an_error_that_may_be_believed(
    workbench: SandboxWorkbench, environment: Environment
) -> None:
    run = run_of(workbench, environment, "shop/tests/broken.rs::broken")
    assert (run.distrust, run.results[0].outcome) == ("", Outcome.ERROR)
    assert run.results[0].failure is not None
    assert run.results[0].failure.message == "error[E0308]: mismatched types --> shop/tests/broken.rs:3:24"


def test_a_summary_that_a_test_prints_makes_the_run_unbelievable(
    workbench: SandboxWorkbench, environment: Environment
) -> None:
    run = run_of(workbench, environment, f"{IN_LIB}sums_up_first")
    assert run.distrust
    assert not run.green


def test_coverage_is_said_to_be_missing(environment: Environment) -> None:
    assert environment.notes == (
        "There is no coverage for Rust: changes are looked for without knowing which lines a test runs.",
    )
